"""Makes the pictures of galloc_mp/README.md: what the commands print, and a page, in Chromium.

    python -m host_tests.tools.picture.manual

Wants the firmware of MPS2_AN385, Chromium and playwright-core (`make test` has all of them).
"""

import io
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image
from rich.console import Console
from rich.text import Text

from galloc_mp.board.look import Looker
from galloc_mp.board.top import screen
from galloc_mp.targets import open_target
from galloc_mp.targets.registry import BUILD, ROOT

PICTURES = ROOT / "galloc_mp" / "pictures"
LIBRARY = BUILD / "npm-playwright" / "node_modules" / "playwright-core"
TRACES = ROOT / "host_tests" / "traces"
WIDTH = 84  # characters
STYLE = (
    "<style>body{{margin:0;padding:14px 18px;background:#12161c;color:#e6eaf0;width:max-content;"
    "font:13px/1.35 'DejaVu Sans Mono',monospace}}pre{{margin:0;font:inherit}}{stylesheet}</style>"
    "<body><pre>{code}</pre></body>"
)
SHOOT = """
const [library, file, out, scheme, width, height] = process.argv.slice(2);
const { chromium } = await import('file://' + library + '/index.mjs');
const options = { executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] };
const browser = await chromium.launch(options);
const viewport = { width: Number(width), height: Number(height) };
const page = await browser.newPage({ viewport, colorScheme: scheme });
await page.goto('file://' + file);
if (Number(height) > 100) {
    await page.screenshot({ path: out });
} else {
    await page.locator('body').screenshot({ path: out });
}
await browser.close();
"""
PROGRAM = """
import galloc
heap = galloc.init(None, 65536)
x, live = 1, []
for _ in range(900):
    x = x * 1103 + 12345 & 0xFFFFFF
    if x & 0x3000 and len(live) < 150:
        p = heap.malloc(16 + (x >> 14))
        if p: live.append(p)
    elif live:
        heap.free(live.pop(x % len(live)))
"""


def shoot(page: Path, name: str, scheme: str, width: int, height: int = 100) -> None:
    """A picture of a page, in few colours; height 100: as high as it is."""
    out = PICTURES / name
    with tempfile.NamedTemporaryFile("w", suffix=".mjs") as script:
        script.write(SHOOT)
        script.flush()
        words = (script.name, LIBRARY, page, out, scheme, str(width), str(height))
        subprocess.run(["node", *words], check=True)
    with Image.open(out) as image:
        image.convert("RGB").quantize(128).save(out, optimize=True)
    print(f"{out.relative_to(ROOT)}: {out.stat().st_size // 1024} KiB", file=sys.stderr)


def terminal(text, name: str, folder: Path) -> None:
    """A picture of what a command writes on a terminal."""
    console = Console(
        record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor"
    )
    console.print(text)
    page = folder / "terminal.html"
    page.write_text(console.export_html(code_format=STYLE), encoding="utf-8")
    shoot(page, name, "dark", 1000)


def main() -> None:
    """See the module."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        page = folder / "page.html"
        command = [sys.executable, "-m", "galloc_mp"]
        sqlite = str(TRACES / "sqlite.trace.gz")
        subprocess.run([*command, "report", sqlite, "-o", page], check=True, capture_output=True)
        shoot(page, "report.png", "light", 1000, 1010)
        shoot(page, "report-dark.png", "dark", 1000, 1010)
        environment = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": str(WIDTH)}
        output = subprocess.run(
            [*command, "size", sqlite], check=True, capture_output=True, env=environment
        )
        terminal(
            Text.from_ansi("$ galloc-mp size sqlite.trace\n" + output.stdout.decode()),
            "size.png",
            folder,
        )
        with open_target("MPS2_AN385") as board, Looker(board) as looker:
            board.exec(PROGRAM)
            first = looker.look()
            time.sleep(0.1)
            shown = screen("/dev/ttyACM0", looker.look(), first, 1.0, plain=False)
        terminal(shown, "top.png", folder)


if __name__ == "__main__":
    main()
