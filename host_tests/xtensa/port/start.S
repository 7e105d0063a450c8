/* start.S: start-up, exception vectors and what C cannot do, on QEMU's `sim` machine, which has no boot ROM.
   With register windows (sample_controller, as ESP32) or without (lx106, as ESP8266). */

#define VECTORS 0x40000000
#define SIM_EXIT 1

	/* Where both cores begin. */
	.section .reset, "ax"
	j	1f
	.literal_position
	.align	4
1:	movi	a2, _start
	jx	a2

	.section .entry, "ax"
	.literal_position
	.align	4
	.global	_start
_start:
#if defined(__XTENSA_WINDOWED_ABI__)
	movi	a2, 1
	wsr	a2, windowstart
	movi	a2, 0
	wsr	a2, windowbase
	rsync
	movi	a2, VECTORS
	wsr	a2, vecbase
	movi	a2, 0x40020		/* windows on, user mode */
	wsr	a2, ps
	rsync
	movi	a0, 0
	movi	sp, _stack
	movi	a2, start_c
	callx4	a2
#else
	movi	a2, VECTORS
	wsr	a2, vecbase
	movi	a2, 0x20		/* user mode */
	wsr	a2, ps
	rsync
	movi	sp, _stack
	movi	a2, start_c
	callx0	a2
#endif
1:	j	1b

	/* long simcall(long number, long a, long b, long c): a call of the emulator, arguments in a2 to a5 as they come */
	.text
	.align	4
	.global	simcall
	.type	simcall, @function
simcall:
#if defined(__XTENSA_WINDOWED_ABI__)
	entry	sp, 16
	simcall
	retw
#else
	simcall
	ret
#endif

#if defined(__XTENSA_WINDOWED_ABI__)

	/* int setjmp(jmp_buf env): once all windows are on the stack, the caller's registers are in two places: a0 to a3
	   below our stack pointer, the others below that of the caller's caller. Both are copied.
	   env: 0 a0 to a3, 4 the others, 12 our return address, 13 our stack pointer */
	.align	4
	.global	setjmp
	.type	setjmp, @function
setjmp:	entry	sp, 32
	movi	a8, spill_windows
	movi	a10, 10
	callx8	a8
	addi	a5, sp, -16
	.irp	offset, 0, 4, 8, 12
	l32i	a3, a5, \offset
	s32i	a3, a2, \offset
	.endr
	extui	a3, a0, 30, 2		/* windows that the call took: 1, 2 or 3 */
	blti	a3, 2, 2f
	l32i	a7, a2, 4		/* the caller's stack pointer; below it that of its caller */
	addi	a7, a7, -12
	l32i	a7, a7, 0
	slli	a4, a3, 4
	sub	a5, a7, a4
	addi	a6, a2, 16
	addi	a7, a7, -16
1:	l32i	a3, a5, 0
	s32i	a3, a6, 0
	addi	a5, a5, 4
	addi	a6, a6, 4
	bltu	a5, a7, 1b
2:	s32i	a0, a2, 48
	s32i	sp, a2, 52
	movi	a2, 0
	retw

	/* void longjmp(jmp_buf env, int value): puts both places back and returns as setjmp did. */
	.align	4
	.global	longjmp
	.type	longjmp, @function
longjmp: entry	sp, 32
	movi	a8, spill_windows
	movi	a10, 10
	callx8	a8
	l32i	a0, a2, 48
	l32i	a6, a2, 52
	addi	a5, a6, -16
	.irp	offset, 0, 4, 8, 12
	l32i	a4, a2, \offset
	s32i	a4, a5, \offset
	.endr
	extui	a4, a0, 30, 2
	blti	a4, 2, 2f
	l32i	a7, a2, 4
	addi	a7, a7, -12
	l32i	a7, a7, 0
	slli	a4, a4, 4
	sub	a5, a7, a4
	addi	a8, a2, 16
	addi	a7, a7, -16
1:	l32i	a4, a8, 0
	s32i	a4, a5, 0
	addi	a5, a5, 4
	addi	a8, a8, 4
	bltu	a5, a7, 1b
2:	mov	sp, a6
	movi	a2, 1
	moveqz	a3, a2, a3
	mov	a2, a3
	retw

	/* The vectors of the windows, where the architecture has them: a frame of 4, 8 or 12 registers goes to the stack
	   and comes back. */
	.section .vectors, "ax"
	.org	0x000
	.irp	register, 0, 1, 2, 3
	s32e	a\register, a5, \register * 4 - 16
	.endr
	rfwo

	.org	0x040
underflow4:
	.irp	register, 0, 1, 2, 3
	l32e	a\register, a5, \register * 4 - 16
	.endr
	rfwu

	.org	0x080
	s32e	a0, a9, -16
	l32e	a0, a1, -12
	.irp	register, 1, 2, 3
	s32e	a\register, a9, \register * 4 - 16
	.endr
	.irp	register, 4, 5, 6, 7
	s32e	a\register, a0, \register * 4 - 48
	.endr
	rfwo

	.org	0x0c0
underflow8:
	.irp	register, 0, 1, 2
	l32e	a\register, a9, \register * 4 - 16
	.endr
	l32e	a7, a1, -12
	l32e	a3, a9, -4
	.irp	register, 4, 5, 6, 7
	l32e	a\register, a7, \register * 4 - 48
	.endr
	rfwu

	.org	0x100
	s32e	a0, a13, -16
	l32e	a0, a1, -12
	.irp	register, 1, 2, 3
	s32e	a\register, a13, \register * 4 - 16
	.endr
	.irp	register, 4, 5, 6, 7, 8, 9, 10, 11
	s32e	a\register, a0, \register * 4 - 64
	.endr
	rfwo

	.org	0x140
underflow12:
	.irp	register, 0, 1, 2
	l32e	a\register, a13, \register * 4 - 16
	.endr
	l32e	a11, a1, -12
	l32e	a3, a13, -4
	.irp	register, 4, 5, 6, 7, 8, 9, 10, 11
	l32e	a\register, a11, \register * 4 - 64
	.endr
	rfwu

	.irp	offset, 0x180, 0x1c0, 0x200, 0x240, 0x280, 0x2c0, 0x300
	.org	\offset
	j	fatal
	.endr

	.org	0x340
	wsr	a0, excsave1
	rsr	a0, exccause
	beqi	a0, 5, alloca
	j	fatal

	.org	0x3c0
	j	fatal

	.org	0x400
	/* Cause 5: movsp while the caller's window is on the stack. It is brought back, and movsp runs again. */
alloca:	rsr	a0, windowbase
	rotw	-1
	rsr	a2, ps
	extui	a3, a2, 8, 4
	xor	a3, a3, a4
	rsr	a4, excsave1
	slli	a3, a3, 8
	xor	a2, a2, a3
	wsr	a2, ps
	rsync
	bbci	a4, 31, 1f
	rotw	-1
	bbci	a8, 30, 2f
	rotw	-1
	j	underflow12
1:	j	underflow4
2:	j	underflow8

#else

	/* int setjmp(jmp_buf env), void longjmp(jmp_buf env, int value) */
	.align	4
	.global	setjmp
	.type	setjmp, @function
setjmp:	s32i	a0, a2, 0
	s32i	a1, a2, 4
	.irp	register, 12, 13, 14, 15
	s32i	a\register, a2, (\register - 10) * 4
	.endr
	movi	a2, 0
	ret

	.align	4
	.global	longjmp
	.type	longjmp, @function
longjmp: l32i	a0, a2, 0
	l32i	a1, a2, 4
	.irp	register, 12, 13, 14, 15
	l32i	a\register, a2, (\register - 10) * 4
	.endr
	movi	a2, 1
	movnez	a2, a3, a3
	ret

	.section .vectors, "ax"
	.irp	offset, 0x010, 0x020, 0x030, 0x050, 0x070
	.org	\offset
	j	fatal
	.endr

#endif

	/* No exception is expected: the emulator ends with 100 plus its cause. */
fatal:	movi	a2, SIM_EXIT
	rsr	a3, exccause
	addi	a3, a3, 100
	simcall
	j	fatal
