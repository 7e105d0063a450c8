"""`galloc-mp install` and `info` over a serial port: boards that are emulated, behind a
pseudo-terminal, by mpremote's transport; and the unix port.
"""

import contextlib
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import serial

from galloc_mp.board import modules, ports
from galloc_mp.board.connection import open_board
from galloc_mp.board.install import install
from galloc_mp.board.modules import ARCHS, Firmware, folder_for
from galloc_mp.targets import TargetError, find_spec
from galloc_mp.targets.qemu import QemuTarget
from galloc_mp.targets.registry import BUILD, ROOT, mpy_abi
from galloc_mp.targets.rp2 import Rp2Target
from host_tests.tools.serial_port import SerialPort, serial_port

RAM_FILES = (ROOT / "host_tests" / "tools" / "ram_files.py").read_text()
MPREMOTE = Path(sys.executable).with_name("mpremote")


class BareQemu(QemuTarget):
    """A stock board as it boots: nothing is put onto it."""

    def _prepare(self):
        self.has_files = False


class BarePico(Rp2Target):
    """The same for a Pico."""

    def _prepare(self):
        self.has_files = False


def galloc_mp(*arguments: object, **options) -> subprocess.CompletedProcess:
    """Runs the command line."""
    return subprocess.run(
        [sys.executable, "-m", "galloc_mp", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,
        **options,
    )


def mpremote(port: SerialPort, *arguments: str) -> str:
    """What the real mpremote says."""
    done = subprocess.run(
        [MPREMOTE, "connect", port.name, "resume", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def files_in(port: SerialPort, folder: str) -> dict[str, int]:
    """Names and sizes."""
    lines = mpremote(port, "fs", "ls", folder).splitlines()[1:]
    return {line.split()[1]: int(line.split()[0]) for line in lines}


FILES = ("_galloc.mpy", "galloc.mpy", "galloc_more.mpy")


def sizes(arch: str) -> dict[str, int]:
    """What the native module's files have."""
    folder = BUILD / "natmod" / f"{arch}_{mpy_abi()}"
    return {name: (folder / name).stat().st_size for name in FILES}


def one_sentence(done: subprocess.CompletedProcess, expected: str) -> None:
    """Status 1 and one line on stderr that says this."""
    assert done.returncode == 1
    assert expected in done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr


@contextlib.contextmanager
def stock(setup: str = RAM_FILES):
    """A stock QEMU board behind a port."""
    driver = BareQemu(find_spec("MPS2_AN385-natmod"))
    with serial_port(driver.name, setup, driver=driver) as port:
        yield port


def test_stock_board_with_files():
    """Installed, imported, tried; and mpremote finds it in order."""
    with stock() as port:
        done = galloc_mp("install", "--port", port.name)
        assert done.returncode == 0, done.stderr
        assert "with Cortex-M3" in done.stdout and "galloc 0" in done.stdout
        assert "copied /lib/_galloc.mpy" in done.stdout
        assert "200 operations" in done.stdout and "the heap sound" in done.stdout
        assert files_in(port, "/lib") == sizes("armv7m")
        used = (
            "import galloc; h = galloc.init(bytearray(9000)); h.alloc(500); print(len(h.stats()))"
        )
        assert mpremote(port, "exec", used) == "12\n"
        left = mpremote(port, "exec", "print([n for n in globals() if 'galloc_' in n])")
        assert left == "[]\n"


def test_stock_pico():
    """Into the flash of a Pico with the firmware that everybody has."""
    driver = BarePico(find_spec("RPI_PICO-natmod"))
    with serial_port(driver.name, "", driver=driver) as port:
        done = galloc_mp("install", "--port", port.name)
        assert done.returncode == 0, done.stderr
        assert "Raspberry Pi Pico with RP2040" in done.stdout
        again = galloc_mp("install", "--port", port.name)
        assert again.returncode == 0 and "a soft reset" in again.stderr
        assert files_in(port, "/lib") == sizes("armv6m")
        assert mpremote(port, "soft-reset") == ""
        assert (
            mpremote(port, "exec", "import galloc; print(galloc.__file__)") == "/lib/galloc.mpy\n"
        )
        # A program in the foreground: it is not stopped unasked.
        with serial.Serial(port.name) as line:
            line.write(b"import time\rn = 0\rwhile True:\r  n += 1\r\r\r\r")
            time.sleep(0.5)
        one_sentence(galloc_mp("info", "--port", port.name), "a program is running")
        one_sentence(galloc_mp("info", "--port", port.name), "a program is running")
        stopped = galloc_mp("info", "--port", port.name, "--stop")
        one_sentence(stopped, "galloc is imported there, and has no shared heap yet")
        assert int(mpremote(port, "exec", "print(n)")) > 1000


REGIONS = "SRAM, FAST|DMA|PERSIST:", "PSRAM, DMA|EXTERNAL|PERSIST:"  # of MPS2_AN385


def test_module_built_in():
    """Nothing to copy; statistics, map and dump of what lives in the region."""
    setup = "import galloc\nkept = [galloc.alloc(100 + 7 * i) for i in range(50)]"
    setup += "\nassert not galloc.initialized(1)"
    with serial_port("MPS2_AN385", setup) as port, tmp_file() as dump:
        done = galloc_mp("install", "--port", port.name)
        assert done.returncode == 0, done.stderr
        assert "built in: nothing to copy" in done.stdout and "region " in done.stdout
        done = galloc_mp("info", "--port", port.name, "--dump", dump)
        assert done.returncode == 0, done.stderr
        assert "No. of blocks: 50," in done.stdout
        assert "galloc memory layout; from 20000000:" in done.stdout
        opened = galloc_mp("open", dump)
        assert opened.returncode == 0, opened.stderr
        title, *shown = done.stdout.splitlines()
        assert title == REGIONS[0] and opened.stdout.splitlines()[:3] == shown[:3]
        lines = galloc_mp("top", "--port", port.name, "--count", 3, "--interval", 0.1)
        assert lines.returncode == 0, lines.stderr
        assert len(lines.stdout.splitlines()) == 3
        assert all(" blocks 50 " in line for line in lines.stdout.splitlines())
        # The second region, before it has a heap and afterwards.
        for command in ("info", "top"):
            one_sentence(galloc_mp(command, "--port", port.name, "--region", 1), "has no heap yet")
            one_sentence(galloc_mp(command, "--port", port.name, "--region", 7), "no region 7")
            one_sentence(galloc_mp(command, "--port", port.name, "--region", "X"), "no region 'X'")
        mpremote(port, "exec", "more = [galloc.heap(1).alloc(64) for i in range(7)]")
        done = galloc_mp("info", "--port", port.name)
        assert done.stdout.count("galloc memory layout; from ") == 2
        assert "No. of blocks: 7," in done.stdout[done.stdout.index(REGIONS[1]) :]
        for options in ((1,), ("EXTERNAL", "--dump", dump)):
            done = galloc_mp("info", "--port", port.name, "--region", *options)
            assert "No. of blocks: 7," in done.stdout and "No. of blocks: 50," not in done.stdout
        assert "No. of blocks: 7," in galloc_mp("open", dump).stdout
        line = galloc_mp("top", "--port", port.name, "--region", 1, "--count", 1)
        assert " blocks 7 " in line.stdout, line.stderr
        assert mpremote(port, "exec", "galloc.check(); print(galloc.stats().blocks)") == "50\n"


def test_replay_on_a_board(tmp_path):
    """Over its serial port: every block filled and verified."""
    trace = tmp_path / "own.trace"
    trace.write_text("".join(f"a {i} {40 + i} 8\n" for i in range(90)) + "f 3\nr 5 300 64\n")
    with serial_port("MPS2_AN385") as port:
        done = galloc_mp("replay", trace, "--port", port.name, "--no-fit")
        assert done.returncode == 0, done.stderr
        assert "all 92 operations served, each block verified" in done.stdout
        assert mpremote(port, "exec", "print(1)") == "1\n"


@contextlib.contextmanager
def tmp_file():
    """A path for a file."""
    path = BUILD / "log" / "test_install.bin"
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def test_unix_interpreter(tmp_path):
    """Into the folder for libraries of a MicroPython for this PC."""
    program = find_spec("unix-natmod").image
    home = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    none = galloc_mp("info", "--port", program, env=home)
    one_sentence(none, "nothing there has imported galloc")
    done = galloc_mp("install", "--port", program, env=home)
    assert done.returncode == 0, done.stderr
    library = tmp_path / ".micropython" / "lib"
    assert {path.name: path.stat().st_size for path in library.iterdir()} == sizes("x64")
    script = "import galloc; galloc.init(bytearray(4000)).info()"
    run = subprocess.run([program, "-c", script], env=home, capture_output=True, text=True)
    assert run.stdout.startswith("galloc: total: "), run.stderr


def test_target():
    done = galloc_mp("install", "--target", "unix-natmod")
    assert done.returncode == 0 and "the heap sound" in done.stdout
    one_sentence(galloc_mp("info", "--target", "unix"), "nothing there has imported galloc")


def test_no_file_system():
    with stock("pass") as port:
        done = galloc_mp("install", "--port", port.name)
        one_sentence(done, "no folder of sys.path takes files")


def test_files_that_do_not_work_leave_the_board_as_it_was(monkeypatch, tmp_path):
    """A native module for another chip is noticed there, and what was there before is back."""
    folder = tmp_path / f"armv7m_{mpy_abi()}"
    shutil.copytree(BUILD / "natmod" / folder.name, folder)
    data = bytearray((folder / "_galloc.mpy").read_bytes())
    data[2] = ARCHS.index("xtensa") << 2 | data[2] & 3
    (folder / "_galloc.mpy").write_bytes(data)
    monkeypatch.setattr(modules, "folders", lambda: [folder])
    old = "f = open('/lib/galloc.mpy', 'wb')\nf.write(b'old')\nf.close()\n"
    with stock(RAM_FILES + "import os\nos.mkdir('/lib')\n" + old) as port:
        with open_board(port.name, None) as board, pytest.raises(TargetError) as caught:
            install(board)
        assert "galloc does not work there: ImportError: " in str(caught.value)
        assert files_in(port, "/lib") == {"galloc.mpy": 3}


def test_full_file_system_leaves_the_board_as_it_was():
    with stock(RAM_FILES.replace("room = 100000", "room = 9000")) as port:
        one_sentence(galloc_mp("install", "--port", port.name), "OSError")
        assert mpremote(port, "exec", "import os; print(os.listdir('/'))") == "[]\n"


def test_cable_is_cut():
    """In the middle of a file: a sentence; the next install finds its way."""
    with stock() as port:
        port.cut_after = 9000
        done = galloc_mp("install", "--port", port.name)
        one_sentence(done, "is the cable in?")
        port.replug()
        assert not set(FILES) & set(files_in(port, "/lib"))
        done = galloc_mp("install", "--port", port.name)
        assert done.returncode == 0, done.stderr
        assert files_in(port, "/lib") == sizes("armv7m")


def test_port_in_use():
    with stock() as port, serial.Serial(port.name, exclusive=True):
        done = galloc_mp("install", "--port", port.name)
        one_sentence(done, f"{port.name}: the port is in use by another program")


def test_nothing_answers():
    """A port behind which no MicroPython is."""
    with stock() as port:
        port.stream.pause()
        started = time.monotonic()
        done = galloc_mp("info", "--port", port.name, "--stop")
        port.stream.resume()
        one_sentence(done, "no MicroPython answers there")
        assert time.monotonic() - started < 60


def test_ports_that_are_not_there():
    one_sentence(galloc_mp("install", "--port", "/dev/ttyACM77"), "there is no such port")
    one_sentence(galloc_mp("install", "--port", "id:none"), "no board with the serial number none")
    one_sentence(galloc_mp("info", "--port", "a0", "--target", "unix"), "one of them")
    one_sentence(galloc_mp("info", "--target", "nowhere"), "unknown target 'nowhere'")


class FakePort:
    """What pyserial says about a port."""

    def __init__(self, device: str, number: str):
        self.device, self.serial_number, self.vid, self.pid = device, number, 0x2E8A, 5

    def __lt__(self, other) -> bool:
        return self.device < other.device


def test_no_board_and_two(monkeypatch):
    found = []
    monkeypatch.setattr(ports.serial.tools.list_ports, "comports", lambda: found)
    with pytest.raises(TargetError, match="no board: connect one"):
        ports.device_of("auto")
    found.append(FakePort("/dev/ttyACM1", "e66"))
    assert ports.device_of("auto") == "/dev/ttyACM1"
    found.append(FakePort("/dev/ttyACM0", "e77"))
    with pytest.raises(TargetError, match="2 boards: .* /dev/ttyACM0, /dev/ttyACM1"):
        ports.device_of("auto")
    assert ports.device_of("id:e66") == "/dev/ttyACM1"
    assert [ports.device_of(x) for x in ("a3", "u0", "c4", "port:/dev/x")] == [
        "/dev/ttyACM3",
        "/dev/ttyUSB0",
        "COM4",
        "/dev/x",
    ]


def firmware(arch: str, python: str = "micropython", version: int = 6, sub: int = 3) -> Firmware:
    """A firmware for this architecture."""
    return Firmware(python, "1.25.0", arch, ARCHS.index(arch) << 10 | sub << 8 | version)


def test_module_for_a_firmware(monkeypatch, tmp_path):
    names = ["armv6m_6.3", "armv7m_6.3", "x64_6.3", "xtensawin_6.3"]
    folders = [tmp_path / name for name in names]
    monkeypatch.setattr("galloc_mp.board.modules.folders", lambda: folders)
    chosen = {
        arch: folder_for(firmware(arch)).name
        for arch in ("armv6m", "armv7m", "armv7em", "armv7emsp", "armv7emdp", "xtensawin")
    }
    assert chosen == {
        "armv6m": "armv6m_6.3",
        "armv7m": "armv7m_6.3",
        "armv7em": "armv7m_6.3",
        "armv7emsp": "armv7m_6.3",
        "armv7emdp": "armv7m_6.3",
        "xtensawin": "xtensawin_6.3",
    }
    for wrong, expected in (
        (firmware("none"), "loads no native modules; flash a firmware"),
        (firmware("armv7m", "circuitpython"), "takes no native modules of MicroPython"),
        (firmware("armv7m", sub=1), "takes native modules of version 6.1"),
        (firmware("xtensa"), "make natmod ARCH=xtensa"),
    ):
        with pytest.raises(TargetError, match=expected):
            folder_for(wrong)


def test_program_in_the_background_goes_on():
    """`top` while a second program is at work: rates are seen, and it still counts afterwards."""
    # The unix port has threads, and no prompt that a program would hold up. It has no global lock
    # either: a thread does not find a global name while another one adds names, so it uses none.
    setup = "import galloc, _thread, time\nn = [0]\n"
    setup += "def work(n, malloc, free):\n while n[0] >= 0:\n  free(malloc(64)); n[0] += 1\n"
    setup += "_thread.start_new_thread(work, (n, galloc.malloc, galloc.free))\n"
    from galloc_mp.board.look import Looker
    from galloc_mp.targets import open_target

    with open_target("unix") as target:
        target.exec("import galloc\ngalloc.heap()\n" + setup)
        with Looker(target) as looker:
            first = second = looker.look()
            for _ in range(50):  # on a busy machine the thread may wait for its turn
                if second.stats.allocs > first.stats.allocs:
                    break
                time.sleep(0.1)
                second = looker.look()
        assert second.stats.allocs > first.stats.allocs
        assert sum(n for _, n, live in second.chunks if live) <= second.stats.total
        assert (
            target.exec("m = n[0]\nwhile n[0] == m: time.sleep(0.1)\nn[0] = -9**9\nprint(1)")
            == "1\n"
        )
    assert threading.active_count() < 50
