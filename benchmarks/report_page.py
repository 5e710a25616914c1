"""The report of many finished videos: the time after the last video, and the page in a browser.

Videos are named and not rendered: receipts, captions and contact sheets are those of finished ones.

    .venv/bin/python benchmarks/report_page.py [--videos 500 1000 2000 4000] [--screenshot FILE]
"""

import argparse
import hashlib
import math
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import psutil
from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))

from tasks.gate_records import VideoCurves
from tasks.media.contact_sheets import sheet_path, sheet_trailer, sheets_folder
from tasks.media.posters import poster_path, posters_folder
from tasks.records import FileEntry, VideoOutcome, VideoReceipt
from tasks.report.report import campaign_report
from tasks.store.campaign_folder import CampaignFolder
from tasks.store.files import write_file
from tasks.store.record_json import record_bytes

PORTRAIT = Path(__file__).parents[1] / "manifests" / "portraits" / "mara.png"
SCRIPT = "This lamp lights by itself when somebody comes home late in the evening. "
# a point for each of 36 times 12 frames
CURVES = VideoCurves(
    frames_per_point=12,
    sync=tuple(round(0.75 + 0.1 * math.sin(k), 2) for k in range(36)),
    identity=tuple(round(0.96 + 0.02 * math.sin(2 * k), 2) for k in range(36)),
    drift=tuple(round(0.5 + 0.4 * math.sin(3 * k), 2) for k in range(36)),
    least_sync=0.6,
    least_identity=0.8,
    most_drift=3.0,
)


def finished(folder: CampaignFolder, number: int, jpeg: bytes) -> VideoOutcome:
    """A finished video as the report finds it."""
    video_id = f"video-{number}"
    video = folder.video_path(video_id)
    sha256 = hashlib.sha256(video_id.encode()).hexdigest()
    receipt = VideoReceipt(
        video_id=video_id,
        plan_sha256=sha256,
        segment_keys=(sha256,) * 3,
        file=FileEntry(name=video.name, sha256=sha256, num_bytes=1),
        captions=(),
        num_frames=432,
        duration_s=17.28,
        checks={},
        size="704x384",
        curves=CURVES,
    )
    video.parent.mkdir(parents=True, exist_ok=True)
    video.with_suffix(".json").write_bytes(record_bytes(receipt))
    video.with_suffix(".vtt").write_text("WEBVTT\n\n00:00.000 --> 00:02.000\nLamp\n\n" * 6)
    write_file(poster_path(video, sha256, posters_folder(folder.root)), jpeg)
    write_file(sheet_path(video, sheets_folder(folder.root)), jpeg + sheet_trailer(jpeg, sha256))
    return VideoOutcome(
        video_id=video_id,
        line=number + 2,
        status="done",
        path=str(video),
        duration_s=17.28,
        num_frames=432,
        num_segments=3,
        num_segments_rendered=3,
        engine_seconds=8.0,
        seconds=11.0,
    )


def sheet_jpeg() -> bytes:
    """Six tiles of the size and weight that contact sheets have."""
    tile = cv2.resize(cv2.imread(str(PORTRAIT)), (240, 240), interpolation=cv2.INTER_AREA)
    sheet = np.hstack([tile] * 6)
    return cv2.imencode(".jpg", sheet, [cv2.IMWRITE_JPEG_QUALITY, 30])[1].tobytes()


def measured(count: int, screenshot: Path | None) -> str:
    """One row of the table."""
    jpeg = sheet_jpeg()
    with tempfile.TemporaryDirectory() as name:
        folder = CampaignFolder(Path(name))
        outcomes = [finished(folder, number, jpeg) for number in range(count)]
        cells = {
            outcome.video_id: {"video_id": outcome.video_id, "script": f"Number {n}. {SCRIPT * 2}"}
            for n, outcome in enumerate(outcomes)
        }
        before, wall = os.times(), time.perf_counter()
        campaign_report(
            folder,
            title="a long night",
            columns=["video_id", "script"],
            cells=cells,
            outcomes=outcomes,
            facts={"engine": "preview"},
            notices=[],
        )
        wall, after = time.perf_counter() - wall, os.times()
        cpu = after.user + after.system - before.user - before.system
        page = folder.root / "report" / "index.html"
        load_s, search_ms, memory_mb = in_browser(page, count, screenshot)
        size_mb = page.stat().st_size / 1e6
    return (
        f"| {count} | {cpu:.2f} | {1e3 * cpu / count:.2f} | {wall:.1f} | {size_mb:.1f} "
        f"| {load_s:.1f} | {search_ms:.0f} | {memory_mb:.0f} |"
    )


def in_browser(page_path: Path, count: int, screenshot: Path | None) -> tuple[float, float, float]:
    """Seconds to load, milliseconds of a search, memory of the page's process in MB."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 1800})
        began = time.perf_counter()
        page.goto(page_path.as_uri(), timeout=300_000)
        page.locator(f"text=All {count} videos").first.wait_for(timeout=300_000)
        load_s = time.perf_counter() - began
        memory_mb = max(
            child.memory_full_info().uss / 1e6
            for child in psutil.Process().children(recursive=True)
            if "--type=renderer" in child.cmdline()
        )
        search = (
            "() => { const box = document.getElementById('search'), began = performance.now();"
            f"box.value = 'number {count - 1}.'; box.dispatchEvent(new Event('input'));"
            "document.body.getBoundingClientRect(); return performance.now() - began; }"
        )
        search_ms = page.evaluate(search)
        assert page.locator("#cards > article:visible").count() == 1
        if screenshot:
            page.locator("#search").fill("")
            page.screenshot(path=str(screenshot), full_page=False)
        browser.close()
    return load_s, search_ms, memory_mb


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--videos", type=int, nargs="+", default=[500, 1000, 2000, 4000])
    parser.add_argument("--screenshot", type=Path)
    options = parser.parse_args()
    print(
        "| videos | writing, CPU s | CPU ms a video | wall, s | page, MB | loading, s | search, ms "
        "| page's memory, MB |\n|---|---|---|---|---|---|---|---|"
    )
    for count in options.videos:
        print(measured(count, options.screenshot), flush=True)


if __name__ == "__main__":
    main()
