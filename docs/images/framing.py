"""Draws framing.jpg, one portrait in three frames: `python docs/images/framing.py`."""

from pathlib import Path

from PIL import Image

from tasks.portrait.framed import frame_portrait
from tasks.portrait.picture import read_portrait
from tasks.portrait.portrait import read_rig, rig_path_of

HERE = Path(__file__).parent
PORTRAIT = HERE.parents[1] / "manifests" / "portraits" / "mara.png"
FRAMES = (((704, 384), "wide"), ((704, 384), "face"), ((384, 704), "auto"))
HEIGHT, GAP, GROUND = 320, 12, "#ffffff"


def main() -> None:
    """Frame, and set the frames side by side."""
    pixels, rig = read_portrait(PORTRAIT), read_rig(rig_path_of(PORTRAIT))
    shown: list[Image.Image] = []
    for size, framing in FRAMES:
        framed = frame_portrait(pixels, rig, size, framing)
        picture = Image.fromarray(pixels if framed is None else framed.pixels)
        width = round(HEIGHT * picture.width / picture.height)
        shown.append(picture.resize((width, HEIGHT), Image.Resampling.LANCZOS))
    whole = sum(each.width for each in shown) + GAP * (len(shown) - 1)
    canvas = Image.new("RGB", (whole, HEIGHT), GROUND)
    left = 0
    for each in shown:
        canvas.paste(each, (left, 0))
        left += each.width + GAP
    canvas.save(HERE / "framing.jpg", quality=88, optimize=True)


if __name__ == "__main__":
    main()
