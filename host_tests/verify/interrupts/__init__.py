"""The core on emulated processors, interrupted at every instruction and cut off at every store."""
