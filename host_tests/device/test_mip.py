"""`mip` takes the native module from a web server, as it does on a board."""

import functools
import os
import subprocess
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest
from mpremote.mip import do_mip

from galloc_mp.targets.registry import BUILD, ROOT, mpy_abi

USE = """
import sys
# Nothing but what was installed.
sys.path[:] = [FOLDER]
import galloc
h = galloc.Heap(bytearray(4000))
b = h.alloc(100, align=64)
b.view()[:] = b"g" * 100
h.check()
print(galloc.__version__, b.address % 64, h.stats().blocks)
"""


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files without a word."""

    def log_message(self, *_):
        """See the parent."""


@pytest.fixture
def server():
    """Address of a web server that has the folders of build/natmod."""
    handler = functools.partial(QuietHandler, directory=BUILD / "natmod")
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()
        thread.join()


def used(said: str) -> bool:
    """Whether USE found the version that was installed, at work."""
    version, misaligned, blocks = said.split()
    return (misaligned, blocks) == ("0", "1") and version[0].isdigit()


def test_mip_of_the_unix_port(server, tmp_path):
    """MicroPython 1.28 as it comes from PyPI installs and uses it."""
    script = tmp_path / "script.py"
    script.write_text(
        f"import mip\n"
        f"mip.install('{server}/x64_{mpy_abi()}/package.json', target='{tmp_path}/lib')\n"
        + USE.replace("FOLDER", repr(f"{tmp_path}/lib"))
    )
    done = subprocess.run(
        [ROOT / ".venv" / "bin" / "micropython", script],
        env={**os.environ, "MICROPYPATH": ".frozen"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    installed = sorted(p.name for p in (tmp_path / "lib").iterdir())
    assert installed == ["_galloc.mpy", "galloc.mpy", "galloc_more.mpy"]
    assert used(done.stdout.splitlines()[-1])


# A stock firmware takes long to build.
PICO = ["RPI_PICO-natmod"] if os.environ.get("BOARDS") == "all" else []


@pytest.mark.parametrize("target", PICO, indirect=True)
def test_mip_of_mpremote(server, target, capsys):
    """`mpremote mip install` puts the files into the flash of a Pico, where they last."""
    target.exec("pass")  # so that the session is there
    arguments = SimpleNamespace(
        command=["install"],
        packages=[f"{server}/armv6m_{mpy_abi()}/package.json"],
        index=None,
        target=None,
        mpy=None,
    )
    state = SimpleNamespace(
        transport=target.transport, did_action=lambda: None, ensure_raw_repl=lambda: None
    )
    target.transport.serial.deadline += 60
    do_mip(state, arguments)
    assert "Installing: /lib/_galloc.mpy" in capsys.readouterr().out
    target.reset()
    setup = USE.replace("FOLDER", "'/lib'")
    assert used(target.exec(setup + "import os\nassert galloc.__file__ == '/lib/galloc.mpy'"))
    target.exec("import os\nfor name in os.listdir('/lib'): os.remove('/lib/' + name)")
