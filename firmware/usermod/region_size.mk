# Reads GALLOC_REGION_SIZE: $(call galloc_region_size,TEXT) is the number of bytes, in decimal, or nothing when TEXT is no
# size of a region. A number is decimal or 0x...; K and M after it mean KiB and MiB. 0 is no region, 512 the least that holds
# the control data and some blocks.

GALLOC_REGION_SIZE_FORMS := in decimal or as 0x..., with K or M for KiB or MiB

# Not more than ten digits: the shell's arithmetic wraps around.
galloc_region_size = $(shell text='$(subst ','\'',$(1))'; number=$${text%[KkMm]}; \
    case "$$text" in (*[Kk]) unit=1024;; (*[Mm]) unit=1048576;; (*) unit=1;; esac; \
    case "$$number" in (0[xX]|0[xX]*[!0-9a-fA-F]*|???????????*) exit;; (0[xX]*) ;; (''|*[!0-9]*|0?*) exit;; esac; \
    bytes=$$((number * unit)); [ $$bytes -eq 0 ] || [ $$bytes -ge 512 ] && echo $$bytes)
