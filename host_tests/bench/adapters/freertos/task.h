// Nothing: FreeRTOS.h of this folder has all that heap_4.c takes from here.
