// machine_port.h: the part of `machine` that a port adds: nothing but waiting.
static void mp_machine_idle(void) {
}
