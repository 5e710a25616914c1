"""Draws demo.jpg, four moments of each video: `python docs/images/demo.py renders/demo`."""

import sys
from io import BytesIO
from pathlib import Path

from PIL import Image

from tasks.processes.ffmpeg import run_ffmpeg

HERE = Path(__file__).parent
# of each row of the picture: videos, and the width and height of a frame of theirs
ROWS = (
    (("fernlight-en", 330, 180),),
    (("fernlight-zh", 242, 161), ("fernlight-otto", 88, 161)),
)
AT_S = (1.2, 3.4, 5.6, 8.2)


def main() -> None:
    """Draw the picture of a campaign that is finished."""
    videos = Path(sys.argv[1]) / "videos"
    width = max(sum(frame[1] for frame in row) for row in ROWS) * len(AT_S)
    picture = Image.new("RGB", (width, sum(row[0][2] for row in ROWS)))
    top = 0
    for row in ROWS:
        left = 0
        for name, frame_width, height in row:
            for at_s in AT_S:
                small = frame(videos / f"{name}.mp4", at_s).resize(
                    (frame_width, height), Image.Resampling.LANCZOS
                )
                picture.paste(small, (left, top))
                left += frame_width
        top += row[0][2]
    picture.save(HERE / "demo.jpg", quality=88, optimize=True)


def frame(video: Path, at_s: float) -> Image.Image:
    """What a video shows at ``at_s`` seconds."""
    args = ["-ss", str(at_s), "-i", f"file:{video}", "-frames:v", "1", "-f", "image2pipe"]
    data = run_ffmpeg([*args, "-c:v", "png", "pipe:1"], timeout_s=60)
    return Image.open(BytesIO(data)).convert("RGB")


if __name__ == "__main__":
    main()
