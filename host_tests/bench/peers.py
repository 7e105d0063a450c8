"""Builds the peers: one static library of Rust crates, and a driver for each of them."""

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import build
from .build import BUILD, HERE, ROOT, Binary, BuildError

SOURCE = HERE / "peers"
COPY = ROOT / "build" / "bench" / "peers"
Tell = Callable[[str], None]
LIBRARY_FLAGS = ["-lpthread", "-ldl", "-lm", "-lgcc_s"]


@dataclass(frozen=True)
class Peer:
    """A crate, or one of its configurations.

    name: as its C functions start and as tables show it. crate: its feature.
    large: the C name for regions above 2 MiB, where that is another.
    """

    name: str
    crate: str
    large: str = ""


PEERS = (
    Peer("galloc_rust", "good_memory_allocator"),
    Peer("galloc_rust_4x2", "good_memory_allocator"),
    Peer("linked_list_allocator", "linked_list_allocator"),
    Peer("simple_chunk_allocator", "simple_chunk_allocator"),
    Peer("talc", "talc"),
    Peer("rlsf", "rlsf", large="rlsf_large"),
    Peer("dlmalloc", "dlmalloc"),
    Peer("buddy_system_allocator", "buddy_system_allocator"),
)
FEATURES = tuple(dict.fromkeys(p.crate for p in PEERS))


def _cargo(*arguments: str, tell: Tell = lambda _: None) -> subprocess.CompletedProcess:
    """Runs cargo; it says on stderr which crate it fetches or compiles, and that is shown."""
    # Some crates use features of the language that are not stable yet.
    environment = os.environ | {"RUSTC_BOOTSTRAP": "1", "CARGO_TARGET_DIR": str(COPY / "target")}
    command = ["cargo", *arguments]
    said = []
    with (
        tempfile.TemporaryFile("w+") as out,
        subprocess.Popen(
            command,
            cwd=COPY / "crate",
            env=environment,
            stdout=out,
            stderr=subprocess.PIPE,
            text=True,
        ) as cargo,
    ):
        for line in cargo.stderr:
            said.append(line)
            verb, _, crate = line.strip().partition(" ")
            if verb in ("Downloaded", "Compiling", "Checking"):
                tell(f"{verb.lower()} {crate.partition(' (')[0]}")
        cargo.wait()
        out.seek(0)
        return subprocess.CompletedProcess(command, cargo.returncode, out.read(), "".join(said))


def _lock() -> None:
    """Writes Cargo.lock from its template, with cargo's own name for its registry filled in."""
    probe = COPY / "probe"
    (probe / "src").mkdir(parents=True, exist_ok=True)
    (probe / "src" / "lib.rs").write_text("")
    (probe / "Cargo.toml").write_text(
        '[package]\nname = "probe"\nversion = "0.0.0"\n[dependencies]\ntalc = "*"\n'
    )
    done = subprocess.run(
        ["cargo", "generate-lockfile"], cwd=probe, capture_output=True, text=True
    )
    if done.returncode:
        raise BuildError(_error(done))
    registry = re.search(r'source = "([^"]+)"', (probe / "Cargo.lock").read_text())[1]
    template = (SOURCE / "Cargo.lock.in").read_text()
    (COPY / "crate" / "Cargo.lock").write_text(template.replace("@REGISTRY@", registry))


def _modernise(crate: Path) -> None:
    """Lets the withdrawn simple-chunk-allocator build with a compiler of today.

    It asks for a language feature that is gone again, and is `const` because of it. Neither
    changes what it does.
    """
    for source in crate.glob("src/*.rs"):
        text = source.read_text()
        text = text.replace("#![feature(const_align_offset)]\n", "")
        source.write_text(re.sub(r"\bconst (unsafe )?fn\b", r"\1fn", text))


def _patch() -> list[str]:
    """Cargo's options that put the modernised copy in the place of the crate."""
    found = _cargo("metadata", "--locked", "--format-version", "1", "--all-features")
    if found.returncode:
        raise BuildError(found.stderr.strip().splitlines()[-1])
    packages = json.loads(found.stdout)["packages"]
    name = "simple-chunk-allocator"
    original = next(Path(p["manifest_path"]).parent for p in packages if p["name"] == name)
    target = COPY / name
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(original, target)
    (target / "Cargo.lock").unlink(missing_ok=True)
    _modernise(target)
    return ["--config", f'patch.crates-io.{name}.path="{target}"']


def _error(done: subprocess.CompletedProcess) -> str:
    lines = [line for line in done.stderr.splitlines() if line.startswith("error")]
    return lines[0] if lines else done.stderr.strip()[-200:]


def library(tell: Tell) -> tuple[Path, frozenset[str], dict[str, str]]:
    """The static library, the crates in it, and for each crate that is not the reason.

    tell: what is compiled at the moment. Raises BuildError when cargo is missing or nothing
    builds.
    """
    if shutil.which("cargo") is None:
        raise BuildError("cargo is missing (install rustup or the package cargo): no peers")
    target = COPY / "target" / "release" / "libpeers.a"
    record = COPY / "built.json"
    newest = max(p.stat().st_mtime for p in SOURCE.rglob("*") if p.is_file())
    if target.exists() and record.exists() and record.stat().st_mtime > newest:
        known = json.loads(record.read_text())
        return target, frozenset(known["crates"]), known["reasons"]
    COPY.mkdir(parents=True, exist_ok=True)
    shutil.copytree(
        SOURCE, COPY / "crate", dirs_exist_ok=True, ignore=shutil.ignore_patterns("target")
    )
    tell("fetching the crates")
    _lock()
    options = [*_patch(), "--release", "--no-default-features", "--features"]
    crates, reasons = list(FEATURES), {}
    done = _cargo("build", *options, " ".join(crates), tell=tell)
    if done.returncode:
        for crate in FEATURES:
            alone = _cargo("check", *options, crate, tell=tell)
            if alone.returncode:
                reasons[crate] = _error(alone)
                crates.remove(crate)
        done = _cargo("build", *options, " ".join(crates), tell=tell)
        if done.returncode:
            raise BuildError(f"the peers do not build: {_error(done)}")
    record.write_text(json.dumps({"crates": crates, "reasons": reasons}))
    return target, frozenset(crates), reasons


def versions() -> dict[str, str]:
    """Version by crate, from the lock file."""
    text = (SOURCE / "Cargo.lock.in").read_text()
    pairs = re.findall(r'name = "([^"]+)"\nversion = "([^"]+)"', text)
    return {name.replace("-", "_"): version for name, version in pairs}


def _binary(name: str, archive: Path) -> Binary:
    folder = BUILD / name
    driver = build.compile_driver(folder, HERE / "adapters" / "peer.c", [f"-DPEER={name}"])
    path = folder / f"bench-{name}"
    cc = os.environ.get("CC", "gcc")
    options = ["-Wl,-z,now", "-Wl,--gc-sections"]
    build.run(cc, *options, *driver, archive, *LIBRARY_FLAGS, target=path)
    return Binary(name, path, build.function_names(driver))


def binaries(tell: Tell) -> tuple[list[Binary], dict[str, str]]:
    """Drivers of all peers that build, and the reasons for those that do not, by crate.

    tell: what is built at the moment. Raises BuildError.
    """
    archive, crates, reasons = library(tell)
    found = []
    for peer in PEERS:
        if peer.crate in crates:
            tell(f"building {peer.name}")
            found.append(_binary(peer.name, archive))
            if peer.large:
                found.append(_binary(peer.large, archive))
    return found, reasons
