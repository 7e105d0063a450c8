"""Boards that QEMU emulates: their REPL is on the emulator's stdin and stdout."""

from galloc_mp.targets.process import ProcessStream
from galloc_mp.targets.raw_repl import RawReplTarget

# A multiplexed character device without signals, with an escape key that no REPL uses: without it
# most boots stall for a second before the first output.
SERIAL = (
    "-display none -monitor none -semihosting "
    "-chardev stdio,id=repl,mux=on,signal=off -echr 0x1e -serial chardev:repl"
).split()


# The `sim` machine has no serial port: its firmware calls the emulator to read and write.
SIM_CALLS = "-display none -monitor none -semihosting -serial none".split()


class QemuTarget(RawReplTarget):
    """An emulated board that runs the image of its spec.

    extra: further arguments of the emulator, `-icount` for example.
    """

    console = SERIAL

    def __init__(self, spec, extra: tuple[str, ...] = ()):
        super().__init__(spec)
        self.extra = extra

    def start_machine(self) -> ProcessStream:
        """See RawReplTarget."""
        return ProcessStream(
            [*self.spec.emulator, *self.console, "-kernel", str(self.spec.image), *self.extra]
        )


class SimTarget(QemuTarget):
    """A core on QEMU's `sim` machine."""

    console = SIM_CALLS
