# A heap in backup memory, which outlives a reset and on some chips the loss of power: MicroPython
# gives it as machine.mem_backup() from 1.29 on (2 to 8 KB on esp32, stm32, samd and alif).
import galloc
import machine

memory = machine.mem_backup()
if getattr(memory, "itemsize", 1) != 1:
    raise SystemExit("this chip has backup registers, no memory for a heap")
try:
    heap = galloc.Heap.attach(memory)  # all of it is verified
except ValueError:  # power has been off, or the memory holds something else
    heap = galloc.Heap(memory, smallbins=8)

# The first root holds a counter.
counter = heap.root[0] or heap.calloc(8)
heap.root[0] = counter
heap.put32(counter, 0, heap.get32(counter, 0) + 1)
print(f"start {heap.get32(counter, 0)}, {heap.stats().free} bytes free")
