"""Draws formats.jpg, one video of the demo in three formats: `python docs/images/formats.py`.

Renders the first row of manifests/demo.csv in three formats, with the layout that suits each, and
sets a frame of each side by side. Where --out holds the demo already, only the films are made.
"""

import argparse
import csv
import json
import shutil
import sys
import tempfile
from io import BytesIO
from pathlib import Path

from PIL import Image

from tasks.processes.ffmpeg import run_ffmpeg
from tasks.processes.programs import run_program

HERE = Path(__file__).parent
MANIFESTS = HERE.parents[1] / "manifests"
LAYOUTS = {"540x960": "below", "540x540": "beside", "960x540": "beside"}  # of each format
AT_S = 9.3  # the price, the call to action, the lamp that is on
HEIGHT, GAP, GROUND = 640, 24, "#ffffff"


def main() -> None:
    """Render, and draw the picture."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, help="where the demo is rendered; default: a new place")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nightshoot-formats-") as scratch:
        out = asked.out or Path(scratch) / "renders"
        render(Path(scratch) / "manifests", out)
        frames = [frame(film) for film in films(out / "demo")]
    side_by_side(frames).save(HERE / "formats.jpg", quality=88, optimize=True)


def render(manifests: Path, out: Path) -> None:
    """Make the films of the demo's first row, a row for each layout."""
    shutil.copytree(MANIFESTS, manifests)
    with (manifests / "demo.csv").open(encoding="utf-8", newline="") as file:
        row = next(csv.DictReader(file))
    with (manifests / "demo.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(row))
        writer.writeheader()
        for layout in dict.fromkeys(LAYOUTS.values()):
            formats = [name for name, its in LAYOUTS.items() if its == layout]
            shown = {"deliver": ", ".join(formats), "product_layout": layout}
            name = {"video_id": f"{row['video_id']}-{layout}"}  # all have one master's segments
            writer.writerow(row | shown | name)
    asked = ["render", str(manifests / "demo.csv"), "--out", str(out)]
    run_program([sys.executable, "-m", "flows.cli", *asked], timeout_s=1800)


def films(campaign: Path) -> list[Path]:
    """The newest film of each format."""
    receipts = sorted(campaign.glob("deliverables/*/*.json"), key=lambda path: path.stat().st_mtime)
    newest: dict[str, Path] = {}
    for path in receipts:
        receipt = json.loads(path.read_text(encoding="utf-8"))
        newest["{}x{}".format(*receipt["size"])] = path.with_name(receipt["file"]["name"])
    return [newest[name] for name in LAYOUTS]


def frame(film: Path) -> Image.Image:
    """What a film shows at ``AT_S``."""
    args = ["-ss", str(AT_S), "-i", f"file:{film}", "-frames:v", "1", "-f", "image2pipe"]
    data = run_ffmpeg([*args, "-c:v", "png", "pipe:1"], timeout_s=60)
    return Image.open(BytesIO(data)).convert("RGB")


def side_by_side(frames: list[Image.Image]) -> Image.Image:
    """The films in one line, centred."""
    drawn = [
        each.resize(size, Image.Resampling.LANCZOS)
        for each, size in zip(frames, sizes(), strict=True)
    ]
    width = sum(each.width for each in drawn) + GAP * (len(drawn) - 1)
    picture = Image.new("RGB", (width, HEIGHT), GROUND)
    left = 0
    for each in drawn:
        picture.paste(each, (left, (HEIGHT - each.height) // 2))
        left += each.width + GAP
    return picture


def sizes() -> list[tuple[int, int]]:
    """How large the films are drawn: of one area."""
    area = HEIGHT * HEIGHT * 9 / 16
    shapes = [tuple(map(int, name.split("x"))) for name in LAYOUTS]
    scales = [(area / (width * height)) ** 0.5 for width, height in shapes]
    return [
        (round(shape[0] * scale), round(shape[1] * scale))
        for shape, scale in zip(shapes, scales, strict=True)
    ]


if __name__ == "__main__":
    main()
