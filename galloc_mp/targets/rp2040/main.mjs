// Runs an rp2 image in rp2040js with its USB serial port on stdin and stdout:
//
//     node main.mjs LIBRARY BOOTROM IMAGE.uf2 [PIN NANOSECONDS]
//
// PIN, NANOSECONDS: from outside, the level of that pin changes so often; for tests of interrupts.
//
// LIBRARY is the folder of the npm package, BOOTROM the 16 KiB of the chip's boot ROM. Ends when stdin does.

import fs from 'node:fs';
import { pathToFileURL } from 'node:url';

import { Board } from './board.mjs';

const [library, bootrom, image, pin, nanos] = process.argv.slice(2);
const { Simulator, USBCDC } = await import(pathToFileURL(`${library}/dist/esm/index.js`));

const board = new Board(Simulator, fs.readFileSync(bootrom), fs.readFileSync(image));
const input = [];
let serial = null;
let unanswered = null;

// What is outside of the chip, when power comes and after each reset.
function connect() {
    const { usbCtrl } = board.chip;
    serial = new USBCDC(usbCtrl);
    serial.onDeviceConnected = () => serial.sendSerialByte(0x0d);
    serial.onSerialData = (bytes) => {
        board.keepAwake();
        process.stdout.write(Buffer.from(bytes));
    };
    // The library answers each request for input at once, with nothing where nothing is there, and the board asks again,
    // and does little else. So the answer waits until there is input.
    const { txFIFO } = serial;
    const answer = usbCtrl.onEndpointRead;
    unanswered = null;
    usbCtrl.onEndpointRead = (endpoint, size) => {
        if (endpoint === serial.outEndpoint && txFIFO.empty) {
            unanswered = () => answer(endpoint, size);
        } else {
            answer(endpoint, size);
        }
    };
    if (pin) {
        makeWave(board.chip.gpio[Number(pin)], board.clock);
    }
}

function makeWave(gpio, clock) {
    let level = false;
    const alarm = clock.createAlarm(() => {
        level = !level;
        gpio.setInputValue(level);
        alarm.schedule(Number(nanos));
    });
    alarm.schedule(Number(nanos));
}

connect();
board.onReset = connect;

process.stdin.on('data', (bytes) => {
    input.push(...bytes);
    board.keepAwake();
});
process.stdin.on('end', () => process.exit(0));
// The program that read our output has ended.
process.stdout.on('error', () => process.exit(0));

board.run(() => {
    const room = serial.txFIFO.size - serial.txFIFO.itemCount;
    for (const byte of input.splice(0, room)) {
        serial.sendSerialByte(byte);
    }
    if (unanswered && !serial.txFIFO.empty) {
        const now = unanswered;
        unanswered = null;
        now();
    }
});
