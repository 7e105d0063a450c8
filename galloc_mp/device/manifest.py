# Freezes the wrapper into a firmware that has the user C module: include("…/galloc_mp/device/manifest.py")

metadata(version="0.1.0", description="Deterministic memory outside of the garbage-collected heap", license="MIT")
module("galloc.py", opt=3)
