"""galloc.h and galloc_locked.h in C++: each standard from C++11 on, and one lock for C and C++."""

import shutil
import subprocess

import pytest

from . import build

PROGRAM = """
#include "galloc.h"
#include "galloc_locked.h"

extern "C" galloc_heap_t *from_c(void *region, size_t size);
extern "C" bool lock_of_c_is(const void *lock);

static uint8_t region[2000];

int main() {
    galloc_heap_t *heap = from_c(region, sizeof(region));
    void *block = galloc_locked_alloc_zeroed(heap, 40, 16);
    block = galloc_locked_realloc(heap, block, 400, 0);
    galloc_stats_t stats;
    galloc_locked_stats(heap, &stats);
    size_t offset = 1;
    bool right = block != nullptr && stats.blocks == 1 && galloc_locked_owns(heap, block) &&
                 galloc_locked_usable_size(heap, block) >= 400 &&
                 galloc_locked_resize(heap, block, 8) &&
                 galloc_locked_check(heap, &offset) == GALLOC_OK && offset == 0 &&
                 galloc_locked_free(heap, block) == GALLOC_OK && lock_of_c_is(&galloc_host_lock);
    galloc_config_t config = galloc_config_t();
    uint32_t before = galloc_generation(heap);
    right = right && galloc_init_salted(region, sizeof(region), &config, 1) == heap;
    return right && galloc_generation(heap) != before ? 0 : 1;
}
"""

IN_C = """
#include "galloc.h"
#include "galloc_locked.h"

galloc_heap_t *from_c(void *region, size_t size);
bool lock_of_c_is(const void *lock);

galloc_heap_t *from_c(void *region, size_t size) {
    return galloc_init(region, size, NULL);
}

bool lock_of_c_is(const void *lock) {
    return lock == &galloc_host_lock;
}
"""

COMPILERS = [c for c in ("clang++", "g++") if shutil.which(c)]


@pytest.fixture(scope="module")
def objects(tmp_path_factory):
    """The core, and what is in C."""
    folder = tmp_path_factory.mktemp("objects")
    (folder / "in_c.c").write_text(IN_C)
    for source in (folder / "in_c.c", *build.CORE.glob("*.c")):
        command = ["gcc", "-std=c11", "-O1", *build.WARNINGS, f"-I{build.CORE}", "-c", source]
        subprocess.run([*command, "-o", folder / f"{source.stem}.o"], check=True)
    return list(folder.glob("*.o"))


@pytest.mark.parametrize("standard", ["c++11", "c++14", "c++17", "c++20", "c++2b"])
@pytest.mark.parametrize("compiler", COMPILERS)
def test_cpp(tmp_path, objects, compiler, standard):
    source, program = tmp_path / "program.cpp", tmp_path / "program"
    source.write_text(PROGRAM)
    flags = [f"-std={standard}", "-O1", *build.WARNINGS, "-pedantic", f"-I{build.CORE}"]
    subprocess.run([compiler, *flags, "-c", source, "-o", tmp_path / "program.o"], check=True)
    # The compiler's driver for C++ would link a library that nothing here needs.
    subprocess.run(["gcc", tmp_path / "program.o", *objects, "-o", program], check=True)
    subprocess.run([program], check=True)


def test_there_is_a_compiler():
    assert COMPILERS, "clang++ comes with the package clang, which the set-up installs"
