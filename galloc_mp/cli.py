"""The command line: `galloc-mp COMMAND`, or `python -m galloc_mp COMMAND`."""

import importlib
import os
import sys

import typer

from galloc_mp import __version__

INTERRUPTED = 130  # the status of a command that Ctrl-C ended

# Each command, the module that has it as main(), and what the list says about it. Imported when it
# is called: `--help` need not wait for a chart library.
COMMANDS = {
    "install": ("galloc_mp.board.install", "put galloc onto a board, and try it there"),
    "info": ("galloc_mp.board.info", "print statistics and map of a board's heap"),
    "top": ("galloc_mp.board.top", "show a board's heap live"),
    "record": ("galloc_mp.board.record", "run a script on a board and record what it allocates"),
    "size": ("galloc_mp.size", "find the smallest region that a recorded program needs"),
    "report": ("galloc_mp.page.command", "make a page of a recorded program or a dump"),
    "run": ("galloc_mp.targets.command", "run a script on a target"),
    "replay": ("galloc_mp.replay.command", "replay a recorded program on a target"),
    "open": ("galloc_mp.dump", "verify the dump of a heap and print its map"),
    "demo": ("galloc_mp.demo", "replay programs that come with galloc"),
    "targets": ("galloc_mp.targets.listing", "list the targets of a checkout"),
    "ports": ("galloc_mp.board.ports", "list the serial ports with a board"),
}

HEAD = """\
galloc-mp -- deterministic memory for MicroPython: install it, look at it, size it

Usage: galloc-mp COMMAND [ARGUMENTS], galloc-mp COMMAND --help
"""
TAIL = """\
Where a command takes --port: a serial port as mpremote names it (/dev/ttyACM0, COM3, a0, u0, c3,
id:SERIAL), or the path of a MicroPython for this PC. Without it, the one board that is connected.

  galloc-mp install                                 onto the board that is connected
  galloc-mp record main.py -o main.trace            what the program allocates
  galloc-mp size main.trace                         and the region that it needs
"""


def help_text() -> str:
    """The list of commands, in the manner of mpremote's."""
    lines = [f"  {name:<11} {text}" for name, (_, text) in COMMANDS.items()]
    lines += [f"  {'--version':<11} print version and exit"]
    return "\n".join([HEAD, "List of commands:", *lines, "", TAIL])


def command(name: str):
    """One command, imported now."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    app.command(name)(importlib.import_module(COMMANDS[name][0]).main)
    return typer.main.get_command(app)


def run(arguments: list[str]) -> int:
    """Runs a command line and returns its status; what is wrong goes to stderr, in a sentence."""
    name = arguments[0] if arguments else "--help"
    if name in ("--help", "-h", "help"):
        print(help_text(), end="")
        return 0
    if name in ("--version", "version"):
        print(f"galloc-mp {__version__}")
        return 0
    if name not in COMMANDS:
        print(f"galloc-mp: no command {name!r}; galloc-mp --help lists them", file=sys.stderr)
        return 1
    program = f"galloc-mp {name}"
    try:
        return command(name).main(arguments[1:], prog_name=program, standalone_mode=False) or 0
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        if type(error).__name__ == "Abort":
            return INTERRUPTED
        if not hasattr(error, "format_message"):
            raise
        # What the parser refuses; which library its class is of differs between versions of typer.
        print(f"{program}: {error.format_message()} ({program} --help)", file=sys.stderr)
        return 1


def main() -> None:
    """The program."""
    try:
        status = run(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:
        # The program that read our output has ended.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    if status == INTERRUPTED:
        print("interrupted", file=sys.stderr)
    sys.exit(status)


if __name__ == "__main__":
    main()
