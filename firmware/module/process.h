// process.h: the critical section in a process on a PC: a spinlock for its threads, and no Ctrl-C inside.
//
// MicroPython's unix port raises KeyboardInterrupt out of the signal's handler, wherever the program is: in the middle of
// an operation of the core, which would leave the heap half changed and the lock held. So while a thread is inside, the
// signal is kept for the end of the current bytecode, where it comes on boards, too.

#ifndef GALLOC_MODULE_PROCESS_H
#define GALLOC_MODULE_PROCESS_H

#include <sched.h>
#include <stdbool.h>

extern volatile bool galloc_process_lock;
extern __thread volatile int galloc_break_held;

// Puts itself before MicroPython's handler of the signal, which sets its own at each line of the REPL and at the start of
// a script.
void galloc_guard_break(void);

// An arena has got into its `with`, 1, or out of it, -1. In between the signal is kept, too: raised on the way from the end
// of the block to __exit__, it would cost all that the arena has.
void galloc_count_arena(int more);

// Raises a KeyboardInterrupt that was kept: nothing is lost by one at the end of an arena's methods, and the program expects
// it there rather than behind the `try` around the arena.
void galloc_deliver_break(void);

#define GALLOC_HOLD_BREAK() (void)(galloc_break_held = galloc_break_held + 1)
#define GALLOC_RELEASE_BREAK() (void)(galloc_break_held = galloc_break_held - 1)

static inline void galloc_enter_process(void) {
    GALLOC_HOLD_BREAK();
    while (__atomic_test_and_set(&galloc_process_lock, __ATOMIC_ACQUIRE)) {
        sched_yield();
    }
}

static inline void galloc_leave_process(void) {
    __atomic_clear(&galloc_process_lock, __ATOMIC_RELEASE);
    GALLOC_RELEASE_BREAK();
}

#define GALLOC_LOCK(heap) galloc_enter_process()
#define GALLOC_UNLOCK(heap) galloc_leave_process()

#endif
