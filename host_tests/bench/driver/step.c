#define _GNU_SOURCE
#include "step.h"

#include <link.h>
#include <signal.h>
#include <string.h>
#include <ucontext.h>

#include "adapter.h"

// The build moves the code of the driver and the adapter into a section of this name; the linker bounds it.
extern const char __start_bench_text[], __stop_bench_text[];
extern const char __executable_start[], etext[];

static struct {
    volatile unsigned count;
    uintptr_t libc_start, libc_end;
} stepper;

bool step_in_program(uintptr_t pc) {
    bool program = pc >= (uintptr_t)__executable_start && pc < (uintptr_t)etext;
    bool driver = pc >= (uintptr_t)__start_bench_text && pc < (uintptr_t)__stop_bench_text;
    return program && !driver;
}

bool step_in_libc(uintptr_t pc) {
    return pc >= stepper.libc_start && pc < stepper.libc_end;
}

#if defined(__x86_64__) && defined(__linux__)

static int find_libc(struct dl_phdr_info *info, size_t size, void *context) {
    (void)size, (void)context;
    if (strstr(info->dlpi_name, "libc.so") == NULL) {
        return 0;
    }
    for (int i = 0; i < info->dlpi_phnum; i++) {
        if (info->dlpi_phdr[i].p_type == PT_LOAD && (info->dlpi_phdr[i].p_flags & PF_X)) {
            stepper.libc_start = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
            stepper.libc_end = stepper.libc_start + info->dlpi_phdr[i].p_memsz;
        }
    }
    return 1;
}

// Runs before the instruction at RIP.
static void on_trap(int signal, siginfo_t *info, void *context) {
    (void)signal, (void)info;
    const ucontext_t *u = context;
    stepper.count += adapter_owns_code((uintptr_t)u->uc_mcontext.gregs[REG_RIP]);
}

bool step_available(void) {
    struct sigaction action = {.sa_flags = SA_SIGINFO};
    action.sa_sigaction = on_trap;
    dl_iterate_phdr(find_libc, NULL);
    return sigaction(SIGTRAP, &action, NULL) == 0;
}

// The driver is built without a red zone, so the stack below the pointer is free to push to.
void step_begin(void) {
    stepper.count = 0;
    __asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq" ::: "memory", "cc");
}

unsigned step_end(void) {
    __asm__ volatile("pushfq; andq $~0x100, (%%rsp); popfq" ::: "memory", "cc");
    return stepper.count;
}

#else

bool step_available(void) {
    return false;
}

void step_begin(void) {
}

unsigned step_end(void) {
    return stepper.count;
}

#endif
