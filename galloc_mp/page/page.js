// page.js: draws the page from the data in it. `at` is the moment that the slider shows, a number in data.frames.
(() => {
    'use strict';

    const data = JSON.parse(document.getElementById('data').textContent);
    const element = (id) => document.getElementById(id);
    const number = (value) => Math.round(value).toLocaleString('en');
    const hex = (value) => `0x${value.toString(16)}`;
    const count = (value, one) => `${number(value)} ${one}${value === 1 ? '' : 's'}`;
    const share = (value) => value.toFixed(3);
    const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
    const isTrace = data.kind === 'trace';

    const COLUMNS = 64;
    const FULL = 16; // sixteenths
    const CONTROL = -1;
    const cells = Math.ceil(data.size / data.unit);

    // A frame's cells: sixteenths in live blocks, or CONTROL.
    function decode(text) {
        const made = new Int8Array(cells);
        let place = 0;
        for (const [, count, letter] of text.matchAll(/(\d+)(\D)/g)) {
            made.fill(letter === '#' ? CONTROL : letter.charCodeAt(0) - 65, place, place + Number(count));
            place += Number(count);
        }
        return made;
    }

    const frames = data.frames.map(([point, text]) => ({ point, cells: decode(text) }));
    const fullest = nearest(data.fullest);
    let at = fullest;
    const charts = [];

    // The frame next to a point of the curves.
    function nearest(point) {
        let best = 0;
        frames.forEach((frame, i) => {
            if (Math.abs(frame.point - point) < Math.abs(frames[best].point - point)) {
                best = i;
            }
        });
        return best;
    }

    // --- Colours of a cell, from empty to full

    let palette = [];

    function mixColours() {
        const parse = (text) => [1, 3, 5].map((i) => parseInt(text.slice(i, i + 2), 16));
        const empty = parse(colour('empty'));
        const full = parse(colour('used'));
        palette = [];
        for (let i = 0; i <= FULL; i++) {
            // A cell with little in it must still differ from an empty one.
            const t = i === 0 ? 0 : 0.25 + 0.75 * (i / FULL);
            palette.push(`rgb(${empty.map((e, k) => Math.round(e + (full[k] - e) * t)).join(',')})`);
        }
    }

    const shade = (cell) => (cell === CONTROL ? colour('control') : palette[cell]);

    // --- The map of one moment

    let grid = { width: 0, height: 0 };

    function drawMap() {
        const canvas = element('map');
        const ratio = window.devicePixelRatio || 1;
        const width = canvas.parentElement.clientWidth;
        const step = Math.max(5, width / COLUMNS);
        const height = Math.max(4, Math.min(14, Math.round(step * 0.8)));
        const rows = Math.ceil(cells / COLUMNS);
        grid = { width: step, height };
        canvas.width = step * COLUMNS * ratio;
        canvas.height = rows * height * ratio;
        canvas.style.width = `${step * COLUMNS}px`;
        canvas.style.height = `${rows * height}px`;
        const pen = canvas.getContext('2d');
        pen.scale(ratio, ratio);
        const control = colour('control');
        frames[at].cells.forEach((cell, i) => {
            pen.fillStyle = cell === CONTROL ? control : palette[cell];
            const left = Math.round((i % COLUMNS) * step);
            const right = Math.round(((i % COLUMNS) + 1) * step);
            pen.fillRect(left, Math.floor(i / COLUMNS) * height, right - left - 1, height - 1);
        });
    }

    // --- All moments side by side

    function drawStrip() {
        if (!isTrace) {
            return;
        }
        const canvas = element('strip');
        // Below the plots, so that a moment is at the same place in all three.
        const { left, width } = charts[0].bbox;
        const ratio = window.devicePixelRatio || 1;
        canvas.style.marginLeft = `${left / ratio}px`;
        canvas.style.width = `${width / ratio}px`;
        canvas.width = frames.length;
        canvas.height = Math.min(cells, 360);
        const pen = canvas.getContext('2d');
        const tall = cells / canvas.height;
        const control = colour('control');
        frames.forEach((frame, x) => {
            for (let y = 0; y < canvas.height; y++) {
                const first = Math.floor(y * tall);
                const part = frame.cells.subarray(first, Math.max(first + 1, Math.floor((y + 1) * tall)));
                const mean = part.reduce((sum, cell) => sum + Math.max(cell, 0), 0) / part.length;
                pen.fillStyle = part[0] === CONTROL ? control : palette[Math.ceil(mean)];
                pen.fillRect(x, y, 1, 1);
            }
        });
        element('needle').style.left = `${left / ratio + ((at + 0.5) / frames.length) * (width / ratio)}px`;
    }

    // --- The moment in words

    const value = (name, point) => data.curves[name][point];

    function describe() {
        const { point } = frames[at];
        const where = isTrace ? `After ${number(data.done[point])} of ${number(data.operations)} operations` : 'In the dump';
        const text =
            `${where}: ${number(value('used', point))} used in ${count(value('blocks', point), 'block')}, ` +
            `${number(value('free', point))} free in ${count(value('free_chunks', point), 'chunk')}, the largest ` +
            `${number(value('largest', point))}, fragmentation ${share(value('fragmentation', point))}`;
        element('now').textContent = text;
        element('map').setAttribute('aria-label', `Map of the heap. ${text}.`);
        element('moment').setAttribute('aria-valuetext', text);
    }

    function show(next) {
        at = Math.min(Math.max(next, 0), frames.length - 1);
        element('moment').value = at;
        describe();
        drawMap();
        drawStrip();
        for (const chart of charts) {
            chart.redraw(false);
        }
    }

    // --- Curves

    // A line at the moment that the slider shows.
    const marker = {
        hooks: {
            draw: (chart) => {
                const { ctx, bbox } = chart;
                const x = chart.valToPos(data.done[frames[at].point], 'x', true);
                if (x < bbox.left || x > bbox.left + bbox.width) {
                    return;
                }
                ctx.save();
                ctx.strokeStyle = colour('mark');
                ctx.lineWidth = 1.5 * (window.devicePixelRatio || 1);
                ctx.beginPath();
                ctx.moveTo(x, bbox.top);
                ctx.lineTo(x, bbox.top + bbox.height);
                ctx.stroke();
                ctx.restore();
            },
        },
    };

    function chart(place, height, series, axis) {
        const axes = { stroke: () => colour('soft'), grid: { stroke: () => colour('line') }, ticks: { stroke: () => colour('line') } };
        const made = new uPlot(
            {
                width: place.clientWidth,
                height,
                plugins: [marker],
                cursor: { sync: { key: 'moments' }, bind: { dblclick: (u, target, handler) => handler } },
                scales: { x: { time: false }, y: axis.range ? { range: axis.range } : {} },
                axes: [
                    { ...axes, values: (u, ticks) => ticks.map(number) },
                    { ...axes, size: 72, values: (u, ticks) => ticks.map(axis.format) },
                ],
                series: [
                    { label: 'operations', value: (u, v) => (v == null ? '–' : number(v)) },
                    ...series.map(([name, label, format]) => ({
                        label,
                        stroke: () => colour(name),
                        width: 1.5,
                        value: (u, v) => (v == null ? '–' : format(v)),
                    })),
                ],
            },
            [data.done, ...series.map(([name]) => data.curves[name])],
            place,
        );
        made.over.addEventListener('click', () => {
            if (made.cursor.idx != null) {
                show(nearest(made.cursor.idx));
            }
        });
        charts.push(made);
    }

    function drawCurves() {
        if (!isTrace) {
            element('curves').hidden = true;
            element('controls').hidden = true;
            return;
        }
        chart(
            element('bytes'),
            260,
            [
                ['used', 'used', number],
                ['free', 'free', number],
                ['largest', 'largest free chunk', number],
            ],
            { format: number, range: (u, low, high) => [0, Math.max(high * 1.05, 1)] },
        );
        chart(element('fragmentation'), 150, [['fragmentation', 'fragmentation', share]], {
            format: (v) => v.toFixed(1),
            range: () => [0, 1],
        });
    }

    // --- Figures and tables

    function tile(title, text, bad = false) {
        const box = document.createElement('div');
        box.className = bad ? 'bad' : '';
        box.append(Object.assign(document.createElement('dt'), { textContent: title }));
        box.append(Object.assign(document.createElement('dd'), { textContent: text }));
        element('tiles').append(box);
    }

    function table(caption, heads, rows) {
        const made = document.createElement('table');
        made.createCaption().textContent = caption;
        const head = made.createTHead().insertRow();
        for (const text of heads) {
            head.append(Object.assign(document.createElement('th'), { scope: 'col', textContent: text }));
        }
        const body = made.createTBody();
        for (const row of rows) {
            const line = body.insertRow();
            for (const cell of row) {
                const place = line.insertCell();
                if (cell instanceof Node) {
                    place.append(cell);
                } else {
                    place.textContent = cell;
                }
            }
        }
        if (rows.length === 0) {
            const place = body.insertRow().insertCell();
            Object.assign(place, { colSpan: heads.length, className: 'none', textContent: 'none' });
        }
        element('tables').append(made);
    }

    // An operation, as a button that goes to it.
    function jump(operation) {
        const made = Object.assign(document.createElement('button'), { type: 'button', textContent: number(operation) });
        made.addEventListener('click', () => {
            const point = data.done.findIndex((done) => done >= operation);
            show(nearest(point < 0 ? data.done.length - 1 : point));
            element('moment').focus();
        });
        return made;
    }

    function fill() {
        const { stats } = data;
        element('title').textContent = data.name;
        element('legend').innerHTML = '';
        if (isTrace) {
            element('subtitle').textContent =
                `${number(data.operations)} operations, replayed in a region of ${number(data.size)} bytes` +
                (data.remarks.board ? `; recorded on ${data.remarks.board}` : '');
            tile('region', number(data.size));
            tile('most bytes in blocks', number(stats.peak_used));
            tile('asked for at that time', number(data.peak));
            tile('requests without memory', number(data.failed), data.failed > 0);
            tile('blocks left at the end', number(stats.blocks));
            if (data.remarks.lost > 0) {
                tile('operations not recorded', number(data.remarks.lost), true);
            }
            table(
                'Blocks that lived longest',
                ['operations', 'size', 'align', 'from', 'to', 'at'],
                data.longest.map((b) => [
                    number(b.age), number(b.size), b.align, jump(b.born), b.died < 0 ? 'end' : jump(b.died),
                    b.offset ? hex(b.offset) : 'failed',
                ]),
            );
        } else {
            element('subtitle').textContent = `a dump of ${number(data.size)} bytes, verified`;
            tile('used', number(stats.used));
            tile('free', number(stats.free));
            tile('largest free chunk', number(stats.largest));
            tile('most bytes in blocks', number(stats.peak_used));
            tile('requests without memory', number(stats.failures), stats.failures > 0);
            table('Largest blocks', ['size', 'at'], data.blocks.map((b) => [number(b.size), hex(b.offset)]));
            table('Largest free chunks', ['size', 'at'], data.holes.map((b) => [number(b.size), hex(b.offset)]));
        }
    }

    function drawLegend() {
        const entries = [
            [colour('control'), 'control data'],
            [palette[0], 'free'],
            [palette[6], 'partly in live blocks'],
            [palette[FULL], 'in live blocks'],
        ];
        element('legend').replaceChildren(
            ...entries.map(([shown, text]) => {
                const made = document.createElement('span');
                made.append(Object.assign(document.createElement('i'), { style: `background:${shown}` }), text);
                return made;
            }),
            `${number(data.unit)} bytes a cell`,
        );
    }

    function redraw() {
        mixColours();
        drawLegend();
        for (const made of charts) {
            made.setSize({ width: made.root.parentElement.clientWidth, height: made.height });
        }
        show(at);
    }

    // --- Input

    element('moment').max = frames.length - 1;
    element('moment').addEventListener('input', (event) => show(Number(event.target.value)));
    element('fullest').addEventListener('click', () => show(fullest));
    element('strip').addEventListener('click', (event) => {
        show(Math.floor((event.offsetX / event.target.clientWidth) * frames.length));
    });
    element('map').addEventListener('mousemove', (event) => {
        const i = Math.floor(event.offsetY / grid.height) * COLUMNS + Math.floor(event.offsetX / grid.width);
        if (i >= 0 && i < cells) {
            const cell = frames[at].cells[i];
            const said = cell === CONTROL ? 'control data' : `${Math.round((100 * cell) / FULL)} % in live blocks`;
            element('under').textContent = `offset ${hex(i * data.unit)}: ${said}`;
        }
    });
    document.addEventListener('keydown', (event) => {
        if (!isTrace || event.altKey || event.ctrlKey || event.metaKey) {
            return;
        }
        const step = event.shiftKey ? 10 : 1;
        const moves = {
            ArrowLeft: at - step,
            ArrowRight: at + step,
            Home: 0,
            End: frames.length - 1,
            f: fullest,
            F: fullest,
        };
        if (event.key in moves) {
            event.preventDefault(); // the slider's own step would come on top
            show(moves[event.key]);
        }
    });
    window.addEventListener('resize', redraw);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);

    fill();
    drawCurves();
    redraw();
})();
