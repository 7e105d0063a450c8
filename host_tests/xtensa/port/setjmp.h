// setjmp.h: there is no C library for this calling convention.
#pragma once

typedef int jmp_buf[16];
int setjmp(jmp_buf env) __attribute__((returns_twice));
void longjmp(jmp_buf env, int value) __attribute__((noreturn));
