"""What is wrong is said in one sentence: commands with files that cannot be read or written,
`make test` with a K that matches nothing, a place where nothing can be built.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from galloc_mp.targets.registry import ROOT

TOOLS = ROOT / "host_tests" / "tools"


def outside_of_make() -> dict[str, str]:
    """The environment, without what a `make` that runs these tests hands on."""
    own = ("MAKE", "MFLAGS", "MPY_DIR", "TARGET", "SCRIPT")
    return {k: v for k, v in os.environ.items() if not k.startswith(own)}


def run(folder: Path, *command: object, **variables: str) -> subprocess.CompletedProcess:
    """Runs a command."""
    return subprocess.run(
        list(map(str, command)),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        env=outside_of_make() | variables,
    )


# --- Files of the commands


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("size missing.trace", "missing.trace: No such file or directory"),
        ("size folder", "folder: Is a directory"),
        ("size torn.trace.gz", "torn.trace.gz: "),
        ("size bytes.trace", "bytes.trace is no trace: line 1 is no text"),
        ("report missing.bin", "missing.bin: No such file or directory"),
        ("report folder", "folder: Is a directory"),
        ("report good.trace -o nowhere/page.html", "nowhere/page.html: No such file or directory"),
        ("report good.trace -o folder", "folder: Is a directory"),
        ("open missing.bin", "missing.bin: No such file or directory"),
        ("open folder", "folder: Is a directory"),
        ("replay missing.trace", "missing.trace: No such file or directory"),
        ("replay folder", "folder: Is a directory"),
        ("replay good.trace --save good.trace", "good.trace: File exists"),
        ("demo missing.trace", "missing.trace: No such file or directory"),
        ("run unix missing.py", "missing.py: No such file or directory"),
        ("run unix folder", "folder: Is a directory"),
        ("record missing.py --target unix", "missing.py: No such file or directory"),
        ("record folder --target unix", "folder: Is a directory"),
        ("record s.py -o nowhere/t --target unix", "nowhere/t: No such file or directory"),
        ("record s.py -o folder --target unix", "folder: Is a directory"),
    ],
)
def test_files_of_commands(tmp_path, arguments, said):
    (tmp_path / "folder").mkdir()
    (tmp_path / "good.trace").write_text("a 1 8 8\nf 1\n")
    (tmp_path / "torn.trace.gz").write_bytes(b"\x1f\x8b\x08" + bytes(7) + b"\xff\xfe\xfd" * 9)
    (tmp_path / "bytes.trace").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "s.py").write_text("raise ValueError('must not run')\n")
    done = run(tmp_path, sys.executable, "-m", "galloc_mp", *arguments.split())
    assert done.returncode == 1, done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith(said) and "Traceback" not in done.stderr, done.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(
        "folder good.trace torn.trace.gz bytes.trace s.py".split()
    )


# --- `make test K=...`


@pytest.mark.parametrize(
    ("word", "status", "said"),
    [
        ("nomatch", 1, "test: no test matches '-k nomatch'; K=word takes the tests with that"),
        ("a b", 1, "Wrong expression passed to '-k': a b"),
        ("passes", 0, "built"),
    ],
)
def test_selection_is_looked_at_before_anything_is_built(tmp_path, word, status, said):
    """In a tree whose set-up and builds are stand-ins."""
    tools = tmp_path / "host_tests" / "tools"
    tools.mkdir(parents=True)
    shutil.copy(TOOLS / "test.sh", tools)
    (tools / "setup.sh").write_text("#!/bin/sh\n")
    (tools / "setup.sh").chmod(0o755)
    for name in ("build.py", "parts.py"):
        (tools / name).write_text("import sys\nprint('built', file=sys.stderr)\n")
    (tmp_path / "test_it.py").write_text("def test_passes():\n    assert True\n")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    python = tmp_path / ".venv" / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    done = run(tmp_path, tools / "test.sh", "-k", word)
    assert done.returncode == status, done.stderr
    assert said in done.stderr
    assert not status or len(done.stderr.splitlines()) == 1 and done.stdout == ""


# --- Where set-up can work


@pytest.fixture
def tree():
    """A copy of the files that set-up needs, in a folder that everybody can read."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        copy = Path(folder) / "galloc"
        (copy / "host_tests").mkdir(parents=True)
        shutil.copy(ROOT / "Makefile", copy)
        shutil.copytree(TOOLS, copy / "host_tests" / "tools")
        yield copy


def one_sentence(done: subprocess.CompletedProcess) -> str:
    """The one line that set-up said before make gave up."""
    assert done.returncode, done.stderr
    said = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert len(said) == 1 and done.stdout == "", (done.stdout, done.stderr)
    return said[0]


VERBS = (["test"], ["run", "TARGET=unix", "SCRIPT=x.py"], ["build", "TARGET=unix"])


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb[0])
def test_path_with_a_space_is_refused(tree, verb):
    moved = tree.with_name("my galloc")
    tree.rename(moved)
    said = one_sentence(run(moved, "make", *verb))
    assert f"make cannot build in '{moved}': move it to a path without spaces" in said
    assert not (moved / "build").exists()


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb[0])
def test_folder_that_cannot_be_written_to(tree, verb):
    for path in [tree, *tree.rglob("*")]:
        path.chmod(0o555)
    # Root may write anywhere.
    user = ["setpriv", "--reuid=65534", "--clear-groups"] if os.getuid() == 0 else []
    try:
        said = one_sentence(run(tree, *user, "make", *verb))
    finally:
        tree.chmod(0o755)
    assert said.startswith(f"set-up: cannot write to {tree}: ")


def test_build_folder_that_cannot_be_made(tree):
    (tree / "build").symlink_to("/proc/nowhere")
    said = one_sentence(run(tree, "make", "test"))
    assert said.startswith(f"set-up: cannot write to {tree}/build: ")


def test_set_up_says_first_what_it_installs_and_where(tree):
    """Once, each package once; and not what is there."""
    fakes = tree.parent / "bin"
    fakes.mkdir()
    texts = {
        "apt-get": "exit 100",
        "dpkg": "exit 0",
        # gcc is there.
        "dpkg-query": 'case "$*" in *" gcc") echo installed;; *) exit 1;; esac',
        "node": "exit 0",
        "npm": "exit 0",
    }
    for name, text in texts.items():
        (fakes / name).write_text(f"#!/bin/sh\n{text}\n")
        (fakes / name).chmod(0o755)
    steps = "apt:base apt:clang apt:wasm apt:node venv micropython uplot playwright".split()
    path = f"{fakes}:{os.environ['PATH']}"
    done = run(tree, tree / "host_tests" / "tools" / "setup.sh", *steps, PATH=path)
    assert done.returncode == 1
    head, *lines = done.stderr.splitlines()
    assert head == "set-up: this is missing and about to be installed:"
    packages, *rest = lines[:5]
    assert packages.startswith("set-up:   into the system, by ")
    names = packages.partition("apt-get: ")[2].split()
    assert {"make", "clang", "lld"} <= set(names) and names == sorted(set(names))
    assert not {"gcc", "nodejs"} & set(names)
    into = [line.removeprefix("set-up:   into ").partition(":")[0] for line in rest]
    build = tree / "build"
    assert into == [
        str(tree / ".venv"),
        str(build / "micropython"),
        f"{build}/npm-uplot, by npm",
        f"{build}/npm-playwright, by npm",
    ]
    assert lines[5].startswith("set-up: installing Debian packages: ")
    assert done.stderr.count("about to be installed") == 1
    # What is there is not named.
    again = run(tree, tree / "host_tests" / "tools" / "setup.sh", "apt:node", PATH=path)
    assert (again.returncode, again.stderr) == (0, "")
