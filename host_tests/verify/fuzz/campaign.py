"""Builds and runs the fuzzer, and the replay of its corpus."""

from __future__ import annotations

import io
import random
import re
import shutil
import subprocess
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ...core.build import ROOT, Variant, build

HERE = Path(__file__).resolve().parent
CORPUS = HERE / "corpus.tar.xz"  # small, minimised, in the repository
WORK = ROOT / "build" / "host_tests" / "verify" / "fuzz"
MAX_LENGTH = 1024  # bytes of an input: 255 operations
SEED = 20240607

_ABORTS = ("-D_exit=fuzz_exit",)  # the harness ends a failing program in a way the fuzzer sees
FUZZ = Variant(
    "fuzz",
    compiler="clang",
    flags=_ABORTS,
    optimise="-O2",
    sanitizers=("-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=all"),
    program=(str(HERE / "target.c"), "checked.c", "harness.c"),
)
REPLAY = Variant(
    "fuzz-replay",
    flags=_ABORTS,
    program=(str(HERE / "target.c"), str(HERE / "replay.c"), "checked.c", "harness.c"),
)
REPLAY_SMALL = replace(REPLAY, name="fuzz-replay-small", bits=32, optimise="-Os")
# The same for sets of banks.
FUZZ_BANKS = replace(FUZZ, name="fuzz-banks", program=(str(HERE / "target_banks.c"), "harness.c"))
REPLAY_BANKS = replace(
    REPLAY,
    name="fuzz-banks-replay",
    program=(str(HERE / "target_banks.c"), str(HERE / "replay.c"), "harness.c"),
)


@dataclass(frozen=True)
class Result:
    """What a run of the fuzzer did. found: files with inputs that fail."""

    runs: int
    operations: int
    covered: int
    corpus: int
    found: list[Path]
    said: str


def seed_inputs(folder: Path, count: int = 24) -> None:
    """Writes inputs of random operations, for the fuzzer to start from."""
    rng = random.Random(SEED)
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        region = rng.choice((600, 1000, 2000, 4096, 9000, 16000))
        shape = rng.choice(((0, 0), (2, 2), (20, 8), (5, 3), (20, 8 + 16))) if number else (0, 0)
        data = bytearray((shape[0], shape[1] | rng.randrange(8) << 5, region & 255, region >> 8))
        for _ in range(rng.randrange(20, MAX_LENGTH // 4 - 1)):
            size = rng.choice((rng.randrange(64), rng.randrange(300), rng.randrange(region)))
            kind = rng.choice((0, 0, 0, 1, 2, 2, 4, 4, 5, 6, 7)) | rng.randrange(32) << 3
            data += bytes((kind, size & 255, size >> 8, rng.choice((0, 3, 3, 3, 4, 5, 6, 8, 255))))
        (folder / f"seed-{number:02}").write_bytes(data)


def unpack(folder: Path) -> list[Path]:
    """Writes the corpus of the repository into an empty folder; returns its files in order."""
    folder.mkdir(parents=True, exist_ok=True)
    if CORPUS.exists():
        with tarfile.open(CORPUS) as archive:
            archive.extractall(folder, filter="data")
    return sorted(folder.iterdir())


def pack(files: Sequence[Path]) -> None:
    """Makes these files the corpus of the repository. The same files give the same bytes."""
    with tarfile.open(CORPUS, "w:xz") as archive:
        for path in sorted(files, key=lambda path: path.name):
            data = path.read_bytes()
            entry = tarfile.TarInfo(path.name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))


def count_packed() -> int:
    """The number of files in the corpus of the repository."""
    with tarfile.open(CORPUS) as archive:
        return len(archive.getnames())


def fresh(name: str) -> Path:
    """An empty folder for the fuzzer's work."""
    folder = WORK / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def number_in(said: str, pattern: str) -> int:
    """The last number that a pattern finds in what the fuzzer said, or 0."""
    found = re.findall(pattern, said)
    return int(found[-1]) if found else 0


def bank_inputs(folder: Path, count: int = 24) -> None:
    """The same for sets of banks."""
    rng = random.Random(SEED)
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        banks = 1 + number % 8
        data = bytearray((banks - 1,))
        for _ in range(banks):
            data += bytes((rng.randrange(12, 120), rng.randrange(256)))
        for _ in range(rng.randrange(60, (MAX_LENGTH - len(data)) // 5)):
            size = rng.choice((rng.randrange(64), rng.randrange(300), rng.randrange(1500)))
            kind = rng.choice((0, 0, 0, 1, 2, 2, 4, 4, 5, 6, 7)) | rng.randrange(32) << 3
            align, wants = rng.choice((0, 3, 3, 4, 5, 6, 255)), rng.choice((0, 1, 2, 4, 8, 3, 250))
            data += bytes((kind, size & 255, size >> 8, align, wants))
        (folder / f"seed-{number:02}").write_bytes(data)


def fuzz(seconds: int, seed: int, banks: bool = False) -> Result:
    """Fuzzes for some seconds, from the corpus in the repository and that of earlier runs.

    banks: sets of banks, which start from seeds; else single heaps. Raises BuildError when clang
    or its fuzzer library is missing.
    """
    program = build(FUZZ_BANKS if banks else FUZZ)
    folder = WORK / "banks" if banks else WORK
    working, crashes = folder / "corpus", folder / "found"
    if not working.exists():
        (bank_inputs if banks else seed_inputs)(working)
    crashes.mkdir(parents=True, exist_ok=True)
    packed = fresh("packed")
    unpack(packed)
    before = set(crashes.iterdir())
    command = [
        str(program),
        f"-max_total_time={seconds}",
        f"-max_len={MAX_LENGTH}",
        f"-seed={seed}",
        "-timeout=20",
        "-print_final_stats=1",
        "-verbosity=1",
        f"-artifact_prefix={crashes}/",
        str(working),
        *([] if banks else [str(packed)]),
    ]
    done = subprocess.run(
        command, capture_output=True, text=True, errors="replace", timeout=seconds + 300
    )
    said = done.stderr
    found = sorted(set(crashes.iterdir()) - before)
    if done.returncode != 0 and not found:
        raise RuntimeError(f"the fuzzer ended with {done.returncode}:\n{said[-3000:]}")
    return Result(
        number_in(said, r"number_of_executed_units: (\d+)"),
        number_in(said, r"^operations: (\d+)") or number_in(said, r"\noperations: (\d+)"),
        number_in(said, r"cov: (\d+)"),
        len(list(working.iterdir())),
        found,
        said,
    )


def minimise(most: int) -> int:
    """Puts into the repository's corpus the fewest inputs that cover what all of them do.

    most: files to keep; the ones that add least are dropped. Returns the number of files.
    """
    program = build(FUZZ)
    merged, packed = fresh("merged"), fresh("packed")
    unpack(packed)
    sources = [str(folder) for folder in (packed, WORK / "corpus") if folder.exists()]
    command = [str(program), "-set_cover_merge=1", f"-max_len={MAX_LENGTH}", str(merged), *sources]
    subprocess.run(command, capture_output=True, check=True, timeout=1800)
    kept = sorted(merged.iterdir(), key=lambda path: path.stat().st_size, reverse=True)[:most]
    pack(kept)
    return len(kept)


def replay(files: Sequence[Path], variant: Variant = REPLAY) -> str:
    """Runs inputs through the target, built by gcc with sanitizers. Returns the summary line.

    Raises AssertionError naming the input that fails.
    """
    program = build(variant)
    done = subprocess.run(
        [str(program), *map(str, files)], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, f"ended with {done.returncode}:\n{done.stderr[-4000:]}"
    return done.stdout.strip()
