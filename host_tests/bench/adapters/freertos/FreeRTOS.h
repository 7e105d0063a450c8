// What heap_4.c of FreeRTOS asks of a kernel: here none, so nothing is locked, as with the other allocators.

#ifndef BENCH_FREERTOS_H
#define BENCH_FREERTOS_H

#include <stddef.h>
#include <stdint.h>

#define configSUPPORT_DYNAMIC_ALLOCATION 1
#define configAPPLICATION_ALLOCATED_HEAP 0
#define configTOTAL_HEAP_SIZE 64 // its own array, which is not used: see heap.c
#define configUSE_MALLOC_FAILED_HOOK 0
#define configASSERT(x) ((void)0)
#define portBYTE_ALIGNMENT 8
#define portBYTE_ALIGNMENT_MASK 7
#define mtCOVERAGE_TEST_MARKER() ((void)0)
#define traceMALLOC(block, size) ((void)0)
#define traceFREE(block, size) ((void)0)
#define vTaskSuspendAll() ((void)0)
#define xTaskResumeAll() 0

#endif
