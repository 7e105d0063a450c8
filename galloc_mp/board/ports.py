"""Serial ports: which there are, and which one is meant."""

import re

import serial.tools.list_ports

from galloc_mp.targets import TargetError

SHORT = {"a": "/dev/ttyACM", "u": "/dev/ttyUSB", "c": "COM"}  # mpremote's


def usb_ports() -> list:
    """The ports behind USB, in the order of their names, as mpremote looks for a board."""
    return [p for p in sorted(serial.tools.list_ports.comports()) if p.vid and p.pid]


def device_of(port: str) -> str:
    """The device that `port` names, in mpremote's ways; "auto" is the one board there is.

    Raises TargetError when there is none, or more than one to choose from.
    """
    if short := re.fullmatch(r"([auc])(\d+)", port):
        return SHORT[short[1]] + short[2]
    if port.startswith("port:"):
        return port.removeprefix("port:")
    if port.startswith("id:"):
        for found in usb_ports():
            if found.serial_number == port.removeprefix("id:"):
                return found.device
        raise TargetError(f"no board with the serial number {port.removeprefix('id:')}")
    if port != "auto":
        return port
    found = usb_ports()
    if not found:
        raise TargetError("no board: connect one by USB, or name its port with --port")
    if len(found) > 1:
        names = ", ".join(p.device for p in found)
        raise TargetError(f"{len(found)} boards: say which with --port; there are {names}")
    return found[0].device


def main() -> None:
    """Lists the serial ports that --port may name."""
    for p in usb_ports():
        words = p.device, p.serial_number, f"{p.vid:04x}:{p.pid:04x}", p.manufacturer, p.product
        print(*(word or "-" for word in words))
