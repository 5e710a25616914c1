"""Draws review.jpg and review-phone.jpg, the page of a held video: `python docs/images/review.py`.

Renders the demo with an engine that delays the mouth of its second row, and opens the page in
Chromium.
"""

import argparse
import contextlib
import csv
import re
import shutil
import sys
import tempfile
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tasks.errors import ProgramError
from tasks.processes.programs import run_program

HERE = Path(__file__).parent
MANIFESTS = HERE.parents[1] / "manifests"
HELD_SEED = 2  # of the second row
AT_FRAME = 85
MARK = re.compile(r"\[show [^]]*\] ")  # for a brand's screen, which masters have none of


def main() -> None:
    """Render, open, and draw."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, help="where the demo is rendered; default: a new place")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nightshoot-review-") as scratch:
        out = asked.out or Path(scratch) / "renders"
        render(Path(scratch) / "manifests", out)
        page = (out / "demo" / "report" / "index.html").as_uri()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox"]
            )
            wide(browser, page)
            phone(browser, page)
            browser.close()


def render(manifests: Path, out: Path) -> None:
    """The demo's masters, of which the second is held."""
    shutil.copytree(MANIFESTS, manifests)
    manifest = manifests / "demo.csv"
    with manifest.open(encoding="utf-8", newline="") as file:
        rows: list[dict[str, str]] = list(csv.DictReader(file))
    kept: tuple[str, ...] = ("video_id", "script", "audio", "portrait", "voice", "size", "seed")
    with manifest.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(kept)
        writer.writerows([MARK.sub("", row[name]) for name in kept] for row in rows)
    flaw = {"flaw": "late", "at_frame": AT_FRAME, "only_seed": HELD_SEED}
    asked = ["render", str(manifest), "--out", str(out), "--engine", "flawed", "--gate-tries", "0"]
    asked += [word for name, value in flaw.items() for word in ("--set", f"{name}={value}")]
    with contextlib.suppress(ProgramError):  # it ends with 1, as one video is held
        run_program([sys.executable, "-m", "flows.cli", *asked], timeout_s=1800)
    if ",held," not in (out / "demo" / "report.csv").read_text(encoding="utf-8-sig"):
        raise SystemExit("no video of the demo is held; see its report")


def wide(browser: Browser, page: str) -> None:
    """The card on a desk, with its curves."""
    shown = browser.new_page(viewport={"width": 1280, "height": 1240}, locale="en-US")
    shown.goto(page)
    load_players(shown)
    save(shown.screenshot(), "review.jpg")


def phone(browser: Browser, page: str) -> None:
    """The same on a phone, dark and in Chinese."""
    shown = browser.new_page(
        viewport={"width": 390, "height": 844}, locale="zh-CN", color_scheme="dark"
    )
    shown.goto(page)
    load_players(shown)
    save(shown.screenshot(), "review-phone.jpg")


def load_players(shown: Page) -> None:
    """Have the players load anew: Chromium leaves its wheel over those that it has not begun."""
    every = "for (const film of document.querySelectorAll('video')) "
    shown.evaluate(every + "{ film.preload = 'none'; film.load() }")
    shown.wait_for_timeout(1500)


def save(data: bytes, name: str) -> None:
    """Write a screenshot as a small JPEG."""
    Image.open(BytesIO(data)).convert("RGB").save(HERE / name, quality=85, optimize=True)


if __name__ == "__main__":
    main()
