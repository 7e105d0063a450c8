# Runs in MicroPython's unix port: takes scripts from stdin, each as a line with its length and a
# mark, then its bytes, and runs them in one set of names. After the output of each: the mark, the
# traceback, the mark, repr of the exit value, the mark.
import sys


def _loop():
    source, out, names = sys.stdin.buffer, sys.stdout, {"__name__": "__main__"}
    while True:
        line = source.readline()
        if not line:
            return
        error = code = None
        size, mark = line.decode().split()
        try:
            exec(compile(source.read(int(size)), "<stdin>", "exec"), names)
        except SystemExit as e:
            code = e.args[0] if e.args else None
        except BaseException as e:
            error = e
        out.write(mark)
        if error:
            sys.print_exception(error, out)
        out.write("%s%r%s" % (mark, code if type(code) in (int, str) else None, mark))


_loop()
