# Runs on a board without files: a small file system in the GC heap, mounted at /files and first in
# sys.path, which the host fills piece by piece. Scripts may read and import from it, not write.
def __make_files():
    import binascii
    import gc
    import io
    import sys
    import vfs

    class Files:
        def __init__(self):
            self.files = {}
            self.code = None

        def make(self, path, size):
            self.files.pop(path, None)
            gc.collect()  # the last one came in pieces, which lie scattered about
            self.files[path] = bytearray(size)

        def write(self, path, at, data):
            data = binascii.a2b_base64(data)
            self.files[path][at : at + len(data)] = data

        def run(self, path, names):
            # Keeps the value of SystemExit, which the raw REPL would drop.
            self.code = None
            source = bytes(self.files.pop(path))
            try:
                exec(compile(source, "<stdin>", "exec"), names)
            except SystemExit as e:
                code = e.args[0] if e.args else None
                self.code = code if type(code) in (int, str) else None

        def mount(self, readonly, mkfs):
            pass

        def umount(self):
            pass

        def chdir(self, path):
            pass

        def getcwd(self):
            return "/"

        def find(self, path):
            data = self.files.get(path.lstrip("/"))
            if data is None:
                raise OSError(2)
            return data

        def stat(self, path):
            return (0x8000, 0, 0, 0, 0, 0, len(self.find(path)), 0, 0, 0)

        def ilistdir(self, path):
            return iter([(name, 0x8000, 0, len(data)) for name, data in self.files.items()])

        def open(self, path, mode):
            if "w" in mode or "a" in mode:
                raise OSError(30)
            # Of bytes a BytesIO makes no copy, and memory is short.
            data = self.files[path.lstrip("/")] = bytes(self.find(path))
            return io.BytesIO(data) if "b" in mode else io.StringIO(data.decode())

    files = Files()
    vfs.mount(files, "/files")
    sys.path.insert(0, "/files")
    sys.modules["__files__"] = files


__make_files()
del __make_files
