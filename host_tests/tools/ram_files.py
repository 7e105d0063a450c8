# Runs on a board without flash: a small file system in the GC heap, whose files can be written,
# mounted at / with /lib in sys.path, as boards with flash have it.
def __make_ram_files():
    import gc, io, sys, vfs  # noqa: E401

    class Writer:
        def __init__(self, files, path):
            self.files, self.path, self.data = files, path, bytearray()

        def write(self, data):
            if len(self.data) + len(data) > self.files.room:
                raise OSError(28)
            self.data.extend(data)
            return len(data)

        def close(self):
            # What came in pieces lies scattered about, and memory is short.
            gc.collect()
            self.files.all[self.path] = bytes(self.data)
            self.data = None
            gc.collect()

    class Files:
        room = 100000

        def __init__(self):
            self.all = {"": None}  # contents by path; None: a folder
            self.here = ""

        def mount(self, readonly, mkfs):
            pass

        def umount(self):
            pass

        def full(self, path):
            return path.strip("/") if path.startswith("/") else (self.here + "/" + path).strip("/")

        def chdir(self, path):
            self.here = self.full(path)

        def getcwd(self):
            return "/" + self.here

        def find(self, path):
            path = self.full(path)
            if path not in self.all:
                raise OSError(2)
            return path

        def stat(self, path):
            data = self.all[self.find(path)]
            kind, size = (0x4000, 0) if data is None else (0x8000, len(data))
            return (kind, 0, 0, 0, 0, 0, size, 0, 0, 0)

        def ilistdir(self, path):
            top = self.full(path)
            for name, data in list(self.all.items()):
                folder, _, last = ("/" + name).rpartition("/")
                if name and folder.strip("/") == top:
                    yield (last, 0x4000 if data is None else 0x8000, 0, len(data or b""))

        def mkdir(self, path):
            path = self.full(path)
            if path in self.all:
                raise OSError(17)
            self.all[path] = None

        def rmdir(self, path):
            del self.all[self.find(path)]

        def remove(self, path):
            del self.all[self.find(path)]

        def rename(self, old, new):
            self.all[self.full(new)] = self.all.pop(self.find(old))

        def open(self, path, mode):
            if "w" in mode:
                self.all[self.full(path)] = b""
                return Writer(self, self.full(path))
            data = self.all[self.find(path)]
            return io.BytesIO(data) if "b" in mode else io.StringIO(data.decode())

    vfs.mount(Files(), "/")
    sys.path[:] = ["", ".frozen", "/lib"]


__make_ram_files()
del __make_ram_files
