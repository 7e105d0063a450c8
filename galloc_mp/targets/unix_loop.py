# Runs in MicroPython's unix port: takes scripts from stdin, each as a line with its length and
# then its bytes, and runs them in one set of names. After the output of each: \x04, the traceback,
# \x04, repr of the exit value, \x04.
import sys


def _loop():
    source, out, names = sys.stdin.buffer, sys.stdout, {"__name__": "__main__"}
    while True:
        line = source.readline()
        if not line:
            return
        error = code = None
        try:
            exec(compile(source.read(int(line)), "<stdin>", "exec"), names)
        except SystemExit as e:
            code = e.args[0] if e.args else None
        except BaseException as e:
            error = e
        out.write("\x04")
        if error:
            sys.print_exception(error, out)
        out.write("\x04%r\x04" % (code if type(code) in (int, str) else None))


_loop()
