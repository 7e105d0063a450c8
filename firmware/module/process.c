// process.c: Ctrl-C in a process on a PC, see process.h.

#include "glue.h"

#if defined(GALLOC_LOCK_OF_PROCESS)

#include <signal.h>

volatile bool galloc_process_lock;
__thread volatile int galloc_break_held;

static void (*port_handler)(int);
static volatile bool break_kept;
static volatile int open_arenas;

// MicroPython's own collector is no place to raise either: it would stay locked, and no heap could make a Block.
static void on_break(int number) {
    if (galloc_break_held == 0 && open_arenas == 0 && MP_STATE_THREAD(gc_lock_depth) == 0) {
        port_handler(number);
    } else {
        mp_sched_keyboard_interrupt();
        break_kept = true;
    }
}

void galloc_count_arena(int more) {
    __atomic_add_fetch(&open_arenas, more, __ATOMIC_SEQ_CST);
}

void galloc_deliver_break(void) {
    if (break_kept) {
        break_kept = false;
        mp_handle_pending(true);
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
