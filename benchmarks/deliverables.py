"""What films in three formats cost, and what `plan` reckons.

    python -m benchmarks.deliverables --videos 100 [--formats "9:16, 1:1, 16:9"] [--out DIR]

The preview engine renders short videos of three presenters, in English and Mandarin, wide, tall and
square, every second pair with a brand; of five videos, four say one sentence (3 s) and one says
three (9 s). Then each film is made alone, in this process, and its computing (of this process and
its programs) and its bytes are measured. What was measured is kept in ``DIR/measured.jsonl``: a run
that was stopped goes on where it was.
"""

import argparse
import csv
import json
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tasks.deliverables.deliverable import make_deliverable
from tasks.deliverables.reckoning import FilmAhead, reckoned
from tasks.deliverables.store import files_of
from tasks.processes.ffmpeg import ffmpeg_version
from tasks.processes.programs import run_program
from tasks.screen.formats import format_name
from tasks.store.campaign_folder import CampaignFolder

MANIFESTS = Path(__file__).parents[1] / "manifests"
SIZES = ("704x384", "384x704", "512x512")
SCRIPTS = {
    "en": (
        "This is Fernlight, a lamp that follows the sun.",
        "By evening it settles into a warm amber glow.",
        "Plug it in once, and it learns the rest by itself.",
    ),
    "zh": (
        "这是晨叶台灯，一盏懂得时间的灯。",
        "傍晚它会慢慢变成温暖的琥珀色。",
        "现在下单只要二百九十九元。",
    ),
}
VOICES = {"en": "hibari", "zh": "zf_xiaoxiao"}
PORTRAITS = ("mara", "otto", "jun")
BRAND = {
    "brand": "brand/fernlight.toml",
    "product_image": "products/lamp.png",
    "headline": "Fernlight",
    "price_text": "$79",
}


@dataclass(frozen=True)
class Measured:
    """One film, as it was made."""

    video_id: str
    ahead: FilmAhead
    core_s: float
    wall_s: float
    num_bytes: int

    @property
    def reckoned(self) -> tuple[float, int]:
        """Seconds of a core and bytes, as `plan` tells them."""
        quote = reckoned([self.ahead])
        return quote.core_s, quote.num_bytes


def main() -> None:
    """Measure and print two tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--videos", type=int, default=12)
    parser.add_argument("--formats", default="9:16, 1:1, 16:9")
    parser.add_argument("--out", type=Path, help="where masters lie, or will; default: a new place")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nightshoot-deliverables-") as scratch:
        out = asked.out or Path(scratch)
        films = list(measured(out, asked.videos, asked.formats))
    print(f"{ffmpeg_version()}; {os.cpu_count()} cores; {asked.videos} videos\n")
    print_films(films)
    print_formats(films)


def write_manifest(folder: Path, num_videos: int, formats: str) -> Path:
    """A manifest of short rows that differ in all that films depend on."""
    rows: list[dict[str, str]] = []
    for index in range(num_videos):
        language = "en" if index % 2 else "zh"
        scripts = SCRIPTS[language]
        row = {
            "video_id": f"v{index:03}",
            "script": " ".join(scripts) if index % 5 == 4 else scripts[index % len(scripts)],
            "portrait": f"portraits/{PORTRAITS[index // 2 % 3]}.png",
            "voice": VOICES[language],
            "size": SIZES[(index + index // 3) % 3],
            "seed": str(index),
            "deliver": formats,
        }
        has_brand = bool(formats) and index % 4 < 2
        rows.append(row | {name: text if has_brand else "" for name, text in BRAND.items()})
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("portraits", "products", "brand"):
        shutil.copytree(MANIFESTS / name, folder / name, dirs_exist_ok=True)
    manifest = folder / "films.csv"
    with manifest.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return manifest


def nightshoot(*words: str | Path) -> bytes:
    """Run the command line; what it printed."""
    command = [sys.executable, "-m", "flows.cli", *map(str, words)]
    return run_program(command, timeout_s=7200).stdout


def measured(out: Path, num_videos: int, formats: str) -> Iterator[Measured]:
    """Masters rendered, films asked for, and each of them made."""
    log = out / "measured.jsonl"
    known = list(kept_measures(log))
    if not log.exists():
        manifest = write_manifest(out / "in", num_videos, "")
        before = cpu_s()
        nightshoot("render", manifest, "--out", out)
        print(f"masters: {cpu_s() - before:.1f} s of computing", file=sys.stderr)
        write_manifest(out / "in", num_videos, formats)
        quote = json.loads(nightshoot("plan", manifest, "--out", out, "--json"))
        print(f"plan: {quote['deliverables']}", file=sys.stderr)
        log.touch()
    yield from known
    have = {(each.video_id, each.ahead.size) for each in known}
    folder = CampaignFolder(out / "films")
    for path in sorted(folder.root.glob("plans/*.json")):
        stored = folder.read_plan(path.stem)
        master = folder.find_video(path.stem)
        if stored is None or stored.deliver is None or master is None:
            continue
        for size in stored.deliver.sizes:
            if (path.stem, size) in have:
                continue
            before, started = cpu_s(), time.perf_counter()
            made = make_deliverable(size, stored.deliver, stored.plan, master, folder)
            film = Measured(
                path.stem,
                FilmAhead(
                    size,
                    made.presenter[2:],
                    made.num_frames,
                    stored.plan.fps,
                    is_blurred=not stored.deliver.shown,
                    has_captions=made.caption_place is not None,
                    has_layout=bool(stored.deliver.shown),
                ),
                cpu_s() - before,
                time.perf_counter() - started,
                sum(entry.num_bytes for entry in files_of(made).values()),
            )
            with log.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(film)) + "\n")
            yield film


def kept_measures(log: Path) -> Iterator[Measured]:
    """What an earlier run measured before it was stopped."""
    if not log.exists():
        return
    for line in log.read_text(encoding="utf-8").splitlines():
        kept = json.loads(line)
        ahead = kept["ahead"]
        ahead |= {name: tuple(ahead[name]) for name in ("size", "presenter")}
        yield Measured(**kept | {"ahead": FilmAhead(**ahead)})


def cpu_s() -> float:
    """CPU seconds of this process and of its ended children."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def print_films(films: Sequence[Measured]) -> None:
    """A line for each film."""
    print("| video | format | frames | brand | core s | reckoned | kB | reckoned |")
    print("|---|---|---|---|---|---|---|---|")
    for each in films:
        core_s, num_bytes = each.reckoned
        print(
            f"| {each.video_id} | {format_name(each.ahead.size)} | {each.ahead.num_frames} "
            f"| {'no' if each.ahead.is_blurred else 'yes'} | {each.core_s:.2f} | {core_s:.2f} "
            f"| {each.num_bytes / 1e3:.0f} | {num_bytes / 1e3:.0f} |"
        )
    print()


def print_formats(films: Sequence[Measured]) -> None:
    """A line for each format, and one for all of them."""
    print("| format | films | core s of a second | times real time on two cores | core s | bytes |")
    print("|---|---|---|---|---|---|")
    for name in dict.fromkeys(format_name(each.ahead.size) for each in films):
        print_sum(name, [each for each in films if format_name(each.ahead.size) == name])
    print_sum("all", films)


def print_sum(name: str, films: Sequence[Measured]) -> None:
    """One line: what films took, and how far off what was reckoned is."""
    seconds = sum(each.ahead.num_frames / each.ahead.fps for each in films)
    core_s = sum(each.core_s for each in films)
    core_off = sum(each.reckoned[0] for each in films) / core_s - 1
    bytes_off = sum(each.reckoned[1] for each in films) / sum(each.num_bytes for each in films) - 1
    print(
        f"| {name} | {len(films)} | {core_s / seconds:.2f} | {2 * seconds / core_s:.2f} "
        f"| {core_off:+.0%} | {bytes_off:+.0%} |"
    )


if __name__ == "__main__":
    main()
