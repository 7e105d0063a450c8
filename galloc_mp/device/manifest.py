# Freezes the wrapper into a firmware that has the user C module: include it from a manifest.

metadata(
    version="0.1.0",
    description="Deterministic memory outside of the GC heap",
    license="MIT",
)
module("galloc.py", opt=3)
module("galloc_more.py", opt=3)
