include("../galloc_mp/device/manifest.py")
