"""A screen at one time, composed with Pillow: what an encoder makes of it, in one frame."""

import io
from pathlib import Path

from PIL import Image, ImageOps

from tasks.screen.overlays import Region, Screen


def still(screen: Screen, master: Image.Image, at_s: float) -> Image.Image:
    """The frame at a time; the master is cut around its middle to fill its region."""
    if screen.canvas:
        frame = Image.open(io.BytesIO(screen.canvas)).convert("RGB")
    else:
        frame = Image.new("RGB", (screen.width, screen.height))
    is_alone = any(start <= at_s < end for start, end in screen.presenter_alone)
    region = Region(0, 0, screen.width, screen.height) if is_alone else screen.presenter
    presenter = ImageOps.fit(master, (region.width, region.height), centering=(0.5, 0.4))
    frame.paste(presenter, (region.left, region.top))
    for overlay in screen.overlays:
        if overlay.starts_s <= at_s < overlay.ends_s:
            picture = Image.open(io.BytesIO(overlay.picture))
            frame.paste(picture, (overlay.left, overlay.top), picture)
    return frame


def portrait(root: Path) -> Image.Image:
    """A presenter of the examples, as a master of 704x384 shows her."""
    picture = Image.open(root / "manifests" / "portraits" / "mara.png").convert("RGB")
    return picture.crop((0, 130, 1024, 130 + 558)).resize((704, 384))
