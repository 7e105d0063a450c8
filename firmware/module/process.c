// process.c: Ctrl-C in a process on a PC, see process.h.

#include "glue.h"

#if defined(GALLOC_LOCK_OF_PROCESS)

#include <signal.h>

// Signals that may be waiting for the end of a bytecode before the next one is raised at once: C code that does not end.
#define BREAK_PATIENCE (10)

volatile bool galloc_process_lock;
__thread volatile bool galloc_process_inside;

static void (*port_handler)(int);
static volatile int breaks_waiting;

static bool is_waiting(void) {
    return MP_STATE_MAIN_THREAD(mp_pending_exception) == MP_OBJ_FROM_PTR(&MP_STATE_VM(mp_kbd_exception));
}

static void on_break(int number) {
    breaks_waiting = is_waiting() ? breaks_waiting + 1 : 0;
    if (breaks_waiting > BREAK_PATIENCE) {
        port_handler(number);
    } else {
        mp_sched_keyboard_interrupt();
    }
}

void galloc_guard_break(void) {
    struct sigaction action;
    if (sigaction(SIGINT, NULL, &action) == 0 && action.sa_handler != on_break && action.sa_handler != SIG_DFL &&
        action.sa_handler != SIG_IGN) {
        port_handler = action.sa_handler;
        action.sa_handler = on_break;
        sigaction(SIGINT, &action, NULL);
    }
}

#endif
