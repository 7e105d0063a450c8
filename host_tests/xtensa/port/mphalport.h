// mphalport.h: what MicroPython asks of a port. There is no clock, and no key that interrupts: the emulator is ended.
#pragma once

#include <stddef.h>

#include "py/mpconfig.h"

#define mp_hal_set_interrupt_char(character) ((void)(character))
#define mp_hal_ticks_ms() (0)
#define mp_hal_delay_ms(ms) ((void)(ms))
#define mp_hal_stdio_poll(flags) ((flags))
