// Opens a page of `galloc-mp report` in headless Chromium and prints, as JSON, what is to be seen after each of some keys:
//
//     node page_probe.mjs LIBRARY PAGE SCHEME SCREENSHOT [KEY...]
//
// LIBRARY is the folder of playwright-core, SCHEME light or dark.

import { pathToFileURL } from 'node:url';

const [library, file, colorScheme, screenshot, ...keys] = process.argv.slice(2);
const { chromium } = await import(pathToFileURL(`${library}/index.mjs`));

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
const page = await browser.newPage({ viewport: { width: 1100, height: 900 }, colorScheme });
const said = [];
const requests = [];
page.on('console', (message) => message.type() === 'error' && said.push(message.text()));
page.on('pageerror', (error) => said.push(error.message));
page.on('request', (request) => requests.push(request.url().slice(0, 8)));
await page.goto(pathToFileURL(file).href);

// Colours of the map, and how much of it each covers.
const look = () =>
    page.evaluate(() => {
        const canvas = document.getElementById('map');
        const bytes = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
        const colours = {};
        for (let i = 0; i < bytes.length; i += 4) {
            const name = bytes.slice(i, i + 4).join();
            colours[name] = (colours[name] ?? 0) + 1;
        }
        const text = (id) => document.getElementById(id).textContent;
        return {
            now: text('now'),
            moment: document.getElementById('moment').value,
            colours: Object.entries(colours).sort((a, b) => b[1] - a[1]).slice(0, 4),
        };
    });

const steps = [await look()];
for (const key of keys) {
    await page.keyboard.press(key);
    steps.push(await look());
}
// What the Tab key reaches.
const focus = [];
for (let i = 0; i < 3; i++) {
    await page.keyboard.press('Tab');
    focus.push(await page.evaluate(() => document.activeElement.id));
}
const shown = await page.evaluate(() => ({
    title: document.title,
    heading: document.getElementById('title').textContent,
    background: getComputedStyle(document.body).backgroundColor,
    charts: document.querySelectorAll('.uplot').length,
    curves: !document.getElementById('curves').hidden,
    tables: [...document.querySelectorAll('caption')].map((caption) => caption.textContent),
    rows: document.querySelectorAll('#tables tbody tr').length,
    wide: document.documentElement.scrollWidth > document.documentElement.clientWidth,
}));
await page.screenshot({ path: screenshot, fullPage: true });
await browser.close();
console.log(JSON.stringify({ said, requests, steps, focus, ...shown }));
