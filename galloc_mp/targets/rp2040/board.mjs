// A board with an RP2040: boot ROM, flash that can be erased and programmed, two cores, and a watchdog that resets them.

import { Cores } from './cores.mjs';

const FLASH = 0x10000000;
const UF2_BLOCK = 512;
const WATCHDOG = 0x40058;
const PACING_TIMER0 = 59; // number of its request in a DMA channel's control register
const NANOS_PER_CYCLE = 8; // at 125 MHz
const CYCLES_AT_ONCE = 50000;

// How long a board that only waits may run ahead of the host's clock, in simulated seconds, before it is slowed down to
// real time, so that an idle session costs the host next to nothing.
const IDLE_GRACE = 3;

// Breakpoints with these numbers stand in for two functions of the boot ROM that drive the flash chip.
const ERASE = 0xe0;
const PROGRAM = 0xe1;

export class Board {
    constructor(Simulator, bootrom, image) {
        this.Simulator = Simulator;
        this.bootrom = bootrom;
        this.powerUp();
        this.loadImage(image);
    }

    // A chip as it is when power comes.
    powerUp() {
        const simulator = new this.Simulator();
        this.chip = simulator.rp2040;
        this.clock = simulator.clock;
        this.chip.logger = { debug() {}, info() {}, warn() {}, error() {} };
        this.loadBootrom(this.bootrom);
        this.cores = new Cores(this.chip);
        this.mendPacing();
        const watchdog = this.chip.peripherals[WATCHDOG];
        watchdog.onWatchdogTrigger = () => {
            watchdog.alarm.enable = false; // or it would go off again, and again, at this very time
            this.resetWanted = true;
            this.cores.stopped = true;
        };
        this.chip.core.PC = FLASH;
        this.idleSince = null;
    }

    // The pacing timers of DMA let X transfers go in Y cycles of the clock; the library has it upside down. Microseconds
    // between two transfers, 0 where the timer is stopped.
    mendPacing() {
        const { dma } = this.chip;
        dma.getTimer = (request) => {
            const timer = dma[`timer${request - PACING_TIMER0}`] ?? 0;
            const transfers = timer >>> 16;
            return transfers ? (((timer & 0xffff) / transfers) * NANOS_PER_CYCLE) / 1000 : 0;
        };
    }

    // Two entries of the ROM's table of functions lead to a breakpoint and a return.
    loadBootrom(bytes) {
        const rom = new DataView(new Uint8Array(bytes).buffer);
        for (const [code, number] of [['RE', ERASE], ['RP', PROGRAM]]) {
            const at = romFunction(rom, code);
            rom.setUint16(at, 0xbe00 | number, true); // bkpt #number
            rom.setUint16(at + 2, 0x4770, true); // bx lr
        }
        this.chip.loadBootrom(new Uint32Array(rom.buffer));
        this.chip.onBreak = (number) => this.onBreak(number);
    }

    onBreak(number) {
        const { flash, core } = this.chip;
        const [offset, second, third] = core.registers;
        if (number === ERASE) {
            flash.fill(0xff, offset, offset + second);
        } else if (number === PROGRAM) {
            for (let i = 0; i < third; i++) {
                flash[offset + i] &= this.chip.readUint8(second + i);
            }
        } else {
            throw new Error(`the program stopped at a breakpoint at 0x${core.PC.toString(16)}`);
        }
    }

    loadImage(uf2) {
        for (let at = 0; at + UF2_BLOCK <= uf2.length; at += UF2_BLOCK) {
            const size = uf2.readUInt32LE(at + 16);
            this.chip.flash.set(uf2.subarray(at + 32, at + 32 + size), uf2.readUInt32LE(at + 12) - FLASH);
        }
    }

    // As the watchdog does it: SRAM and flash keep what they hold, the watchdog its scratch registers and the reason;
    // everything else is as when power comes.
    reset() {
        this.resetWanted = false;
        const { sram, flash, peripherals } = this.chip;
        const { scratchData, reason } = peripherals[WATCHDOG];
        this.powerUp();
        this.chip.sram.set(sram);
        this.chip.flash.set(flash);
        this.chip.peripherals[WATCHDOG].scratchData.set(scratchData);
        this.chip.peripherals[WATCHDOG].reason = reason;
        this.onReset();
    }

    // Something happened: no pause now.
    keepAwake() {
        this.idleSince = null;
        if (this.pause) {
            clearTimeout(this.pause);
            this.pause = null;
            setImmediate(this.next);
        }
    }

    // Runs on and on; `before` is called now and then.
    run(before) {
        this.next = () => {
            this.pause = null;
            before();
            const start = this.clock.nanos;
            const busy = this.step();
            const wait = busy ? this.keepBusy() : this.idle(start);
            if (wait > 0) {
                this.pause = setTimeout(this.next, wait);
            } else {
                setImmediate(this.next);
            }
        };
        this.next();
    }

    keepBusy() {
        this.idleSince = null;
        return 0;
    }

    // Milliseconds to pause after a step in which the board did next to nothing.
    idle(start) {
        const now = this.clock.nanos;
        this.idleSince ??= start;
        return (now - this.idleSince) / 1e9 > IDLE_GRACE ? (now - start) / 1e6 : 0;
    }

    // Runs the cores for a while. Returns whether they had much to do.
    step() {
        const waited = this.cores.run(this.clock, CYCLES_AT_ONCE, NANOS_PER_CYCLE);
        if (this.resetWanted) {
            this.reset();
            return true;
        }
        return waited < CYCLES_AT_ONCE * 0.95;
    }
}

// Address of a function of the boot ROM by its two letters.
function romFunction(rom, code) {
    const wanted = code.charCodeAt(0) | (code.charCodeAt(1) << 8);
    for (let at = rom.getUint16(0x14, true); rom.getUint16(at, true); at += 4) {
        if (rom.getUint16(at, true) === wanted) {
            return rom.getUint16(at + 2, true) & ~1;
        }
    }
    throw new Error(`the boot ROM has no function ${code}`);
}
