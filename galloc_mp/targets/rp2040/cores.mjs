// The two cores of an RP2040, on a chip of rp2040js, which has one: the second core, the mailboxes between them, what
// the SIO block has once for each, and the event that `sev` sends.
//
// Instructions of the two alternate: the core that is behind in cycles is next.

const SIO_CPUID = 0x000;
const FIFO_STATUS = 0x050;
const FIFO_WRITE = 0x054;
const FIFO_READ = 0x058;
const FIFO_DEPTH = 8;
// Bits of FIFO_STATUS: data to read, room to write, written when full, read when empty.
const VALID = 1;
const READY = 2;
const OVERFLOW = 4;
const UNDERFLOW = 8;

const SIO_INTERRUPTS = [15, 16];
const PSM = 0x40010;
const PROC1 = 1 << 16;
const WFE = 0xbf20;

// Registers of the SIO block that each core has for itself.
const OWN = ['divDividend', 'divDivisor', 'divQuotient', 'divRemainder', 'divCSR', 'interp0', 'interp1'];

export class Cores {
    constructor(chip) {
        this.chip = chip;
        this.Core = chip.core.constructor;
        this.cores = [chip.core, new this.Core(chip)];
        this.current = 0;
        this.held = true; // core 1 is held in reset
        this.ahead = 0; // cycles that core 0 has had more than core 1
        this.inbox = [[], []];
        this.flags = [0, 0];
        this.splitOwn();
        this.hookSio();
        this.hookPower();
        chip.setInterrupt = (number, value) => {
            this.cores[0].setInterrupt(number, value);
            this.cores[1].setInterrupt(number, value);
        };
        // The library executes `sev` by a line in its log.
        chip.logger.info = (_, message) => {
            if (message === 'SEV') {
                this.wake(0);
                this.wake(1);
            }
        };
    }

    splitOwn() {
        const { sio } = this.chip;
        const second = Object.fromEntries(OWN.map((name) => [name, sio[name]]));
        second.interp0 = new sio.interp0.constructor(0);
        second.interp1 = new sio.interp1.constructor(1);
        const values = [Object.fromEntries(OWN.map((name) => [name, sio[name]])), second];
        for (const name of OWN) {
            Object.defineProperty(sio, name, {
                get: () => values[this.current][name],
                set: (value) => {
                    values[this.current][name] = value;
                },
            });
        }
    }

    hookSio() {
        const { sio } = this.chip;
        const read = sio.readUint32.bind(sio);
        const write = sio.writeUint32.bind(sio);
        sio.readUint32 = (offset) => {
            switch (offset) {
                case SIO_CPUID:
                    return this.current;
                case FIFO_STATUS:
                    return this.fifoStatus();
                case FIFO_READ:
                    return this.fifoRead();
            }
            return read(offset);
        };
        sio.writeUint32 = (offset, value) => {
            switch (offset) {
                case FIFO_STATUS:
                    this.flags[this.current] = 0;
                    this.interrupt(this.current);
                    return;
                case FIFO_WRITE:
                    this.fifoWrite(value);
                    return;
            }
            write(offset, value);
        };
    }

    fifoStatus() {
        const { inbox, current, flags } = this;
        const valid = inbox[current].length > 0 ? VALID : 0;
        const ready = inbox[1 - current].length < FIFO_DEPTH ? READY : 0;
        return valid | ready | flags[current];
    }

    fifoRead() {
        const { inbox, current, flags } = this;
        if (inbox[current].length === 0) {
            flags[current] |= UNDERFLOW;
        }
        const value = inbox[current].shift() ?? 0;
        this.interrupt(current);
        return value >>> 0;
    }

    fifoWrite(value) {
        const { inbox, current, flags } = this;
        const other = 1 - current;
        if (inbox[other].length < FIFO_DEPTH) {
            inbox[other].push(value);
        } else {
            flags[current] |= OVERFLOW;
        }
        this.interrupt(other);
        this.wake(other);
    }

    interrupt(number) {
        const wanted = this.inbox[number].length > 0 || this.flags[number] !== 0;
        this.cores[number].setInterrupt(SIO_INTERRUPTS[number], wanted);
    }

    // An event: ends a `wfe`, or lets the next one go through.
    wake(number) {
        const core = this.cores[number];
        if (core.waiting && this.chip.readUint16(core.PC - 2) === WFE) {
            core.waiting = false;
        } else {
            core.eventRegistered = true;
        }
    }

    // The power-on state machine holds core 1 in reset and lets it go.
    hookPower() {
        const psm = this.chip.peripherals[PSM];
        const write = psm.writeUint32.bind(psm);
        psm.writeUint32 = (offset, value) => {
            write(offset, value);
            const off = (psm.frceOff & PROC1) !== 0;
            if (this.held && !off && this.wasOff) {
                this.startSecond();
            }
            this.wasOff = off;
            this.held ||= off;
        };
    }

    startSecond() {
        const core = new this.Core(this.chip);
        // Through the vector table of the boot ROM, which waits for a mail from core 0.
        core.SP = this.chip.bootrom[0];
        core.PC = this.chip.bootrom[1] & ~1;
        this.cores[1] = core;
        this.clearMail();
        this.held = false;
        this.ahead = 0;
    }

    clearMail() {
        this.inbox = [[], []];
        this.flags = [0, 0];
    }

    // Runs both for `budget` cycles, or until somebody sets `stopped`. Returns the cycles in which both waited.
    run(clock, budget, nanosPerCycle) {
        let waited = 0;
        let cycles = 0;
        this.stopped = false;
        while (cycles < budget && !this.stopped) {
            const [first, second] = this.cores;
            let taken;
            if (!first.waiting) {
                if (this.held || second.waiting) {
                    this.ahead = 0;
                    taken = first.executeInstruction();
                } else if (this.ahead > 0) {
                    this.ahead -= this.stepSecond();
                    continue;
                } else {
                    taken = first.executeInstruction();
                    this.ahead += taken;
                }
            } else if (!this.held && !second.waiting) {
                this.ahead = 0;
                taken = this.stepSecond();
            } else {
                // Both wait: on to the next alarm, if there is one soon.
                const alarm = clock.nextAlarm ? Math.max(clock.nanosToNextAlarm / nanosPerCycle, 1) : budget;
                taken = Math.min(alarm, budget - cycles);
                waited += taken;
            }
            cycles += taken;
            const nanos = clock.nanosCounter + taken * nanosPerCycle;
            if (clock.nextAlarm && clock.nextAlarm.nanos <= nanos) {
                clock.tick(taken * nanosPerCycle);
            } else {
                clock.nanosCounter = nanos;
            }
        }
        return waited;
    }

    stepSecond() {
        const core = this.cores[1];
        this.current = 1;
        this.chip.core = core;
        const cycles = core.executeInstruction();
        this.current = 0;
        this.chip.core = this.cores[0];
        return cycles;
    }
}
