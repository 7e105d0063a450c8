// What can be chosen when the core is compiled, and the constants that follow from it.

#ifndef GALLOC_CONFIG_H
#define GALLOC_CONFIG_H

// Exact-size bins for small chunks: 16, 24, 32, ... bytes. More make small requests exact and cheap, at 4 bytes for each
// bin and sub-bin. Default of galloc_config_t.smallbins.
#ifndef GALLOC_SMALLBINS
#define GALLOC_SMALLBINS 22
#endif

// Sub-bins of a smallbin, by the alignment of the payload: exactly 8, exactly 16, ..., the last one 'that or more'. More
// let over-aligned requests find a small hole that needs no padding. Default of galloc_config_t.alignment_sub_bins.
#ifndef GALLOC_ALIGNMENT_SUB_BINS
#define GALLOC_ALIGNMENT_SUB_BINS 2
#endif

// 1: what bits the size leaves over in the header of a live block hold a checksum. 0: they are zero.
#ifndef GALLOC_HEADER_CHECK
#define GALLOC_HEADER_CHECK 1
#endif

// Blocks of this many bytes and more are cut from the low end of a hole, smaller ones from the high end. The two kinds
// then meet in the middle, and the small, long-lived ones do not nail down the space between the large ones.
#ifndef GALLOC_LARGE_BLOCK
#define GALLOC_LARGE_BLOCK 1024
#endif

// What a heap has at the most: a configuration may ask for more sub-bins, or smallbins times sub-bins, and gets these.
#define GALLOC_SUB_BINS_MAX 16u
#define GALLOC_SMALL_BINS_MAX 128u

// Large bins of an octave: 1 << this.
#ifndef GALLOC_OCTAVE_SHIFT
#define GALLOC_OCTAVE_SHIFT 1u
#endif

_Static_assert(GALLOC_SMALLBINS >= 1, "GALLOC_SMALLBINS: at least 1");
_Static_assert(GALLOC_ALIGNMENT_SUB_BINS >= 2, "GALLOC_ALIGNMENT_SUB_BINS: at least 2");

#endif
