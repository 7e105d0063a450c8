"""Writes into boards/README.md what each build takes of flash and RAM, from its files.

    python -m host_tests.tools.figures

The builds must be there: `make figures` makes them.
"""

import re
import sys

from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile

from galloc_mp.targets.registry import BUILD, ROOT, Spec, all_specs, mpy_abi, mpy_release
from host_tests.tools.job import objects
from host_tests.tools.natmods import NATMOD_STEPS
from host_tests.tools.readme import write_table

PAGE = ROOT / "boards" / "README.md"
MARKS = re.compile(
    r"(<!-- figures: written by `make figures` -->\n)(.*?)(<!-- end -->)", re.DOTALL
)


# Sections that hold the region: the linker's, and on RP2 what start-up code leaves alone.
REGION = (".galloc_region", ".uninitialized")


def sizes(file) -> tuple[int, int]:
    """Bytes of flash and of RAM that the sections of an ELF file take, less the region's."""
    flash = ram = 0
    with open(file, "rb") as stream:
        elf = ELFFile(stream)
        for section in elf.iter_sections():
            size, flags = section["sh_size"], section["sh_flags"]
            if not flags & SH_FLAGS.SHF_ALLOC or section.name.startswith(REGION):
                continue
            if section["sh_type"] != "SHT_NOBITS":
                flash += size
            if flags & SH_FLAGS.SHF_WRITE:
                ram += size
    return flash, ram


def region_size(file) -> int:
    """Bytes that the image reserves for galloc."""
    with open(file, "rb") as stream:
        symbols = ELFFile(stream).get_section_by_name(".symtab")
        if array := symbols.get_symbol_by_name("region_bytes"):
            return array[0]["st_size"]
        (first,) = symbols.get_symbol_by_name("galloc_region_start")
        (last,) = symbols.get_symbol_by_name("galloc_region_end")
        return last["st_value"] - first["st_value"]


def own_size(spec: Spec) -> int:
    """Bytes of flash for galloc's own objects: core, module and registration. Raises SystemExit
    where there are none.
    """
    folder = objects(spec.name)
    files = [p for p in folder.rglob("*.o") if p.parent.name in ("core", "module", "usermod")]
    ours = {p.stem for p in (ROOT / "firmware").rglob("*.c")}
    total = sum(sizes(p)[0] for p in files if p.name.split(".")[0] in ours)
    if total == 0:
        raise SystemExit(f"figures: no objects of {spec.name}; `make figures` builds them")
    return total


def kilobytes(size: int) -> str:
    """A number of bytes for people."""
    return f"{size / 1024:.1f}"


def board_rows() -> list[list[str]]:
    """One row for each board that is built here."""
    rows = [["KiB", "flash", "RAM without region", "region", "of the flash: galloc"]]
    for spec in all_specs().values():
        image = spec.image.with_suffix(".elf")
        if spec.name != spec.board or not spec.available or not image.exists():
            continue
        flash, ram = sizes(image)
        own = own_size(spec)
        numbers = (flash, ram, region_size(image), own)
        rows.append([f"`{spec.board}`", *map(kilobytes, numbers)])
    return rows


def module_rows() -> list[list[str]]:
    """One row for each native module that is built here."""
    rows = [["native module", "KiB"]]
    for arch in NATMOD_STEPS:
        file = BUILD / "natmod" / f"{arch}_{mpy_abi()}" / "_galloc.mpy"
        if file.exists():
            rows.append([f"`{arch}`", kilobytes(file.stat().st_size)])
    return rows


def main() -> int:
    """See the module."""
    release = ".".join(map(str, mpy_release()))
    text = (
        f"Built from MicroPython {release} with Debian 12's compilers. RAM is that of variables, "
        "where QEMU's port has its GC heap; RP2's takes what is left. A native module takes about "
        "its size of the GC heap once it is loaded.\n\n"
    )
    text += write_table(board_rows()) + "\n" + write_table(module_rows())
    before = PAGE.read_text()
    PAGE.write_text(MARKS.sub(lambda m: m[1] + text + m[3], before))
    print("figures: boards/README.md", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
