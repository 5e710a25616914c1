"""Draws the products and the logo of the example brand: `python manifests/products/draw.py`.

A desk lamp that does not exist, cut out and in a room, and the name of its maker.
"""

from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter

HERE = Path(__file__).parent
SIDE, SCALE = 480, 4
INK, BRASS, SHADE, LIGHT = "#1d3b3f", "#c58b2b", "#2f6f6b", "#ffe7a8"


def lamp(is_on: bool) -> Image.Image:
    """The lamp on nothing, `SIDE` pixels high."""
    picture = Image.new("RGBA", (SIDE * SCALE, SIDE * SCALE), (0, 0, 0, 0))
    draw = ImageDraw.Draw(picture)

    def at(*points: float) -> list[float]:
        return [point * SCALE for point in points]

    draw.ellipse(at(130, 420, 310, 466), INK)
    draw.ellipse(at(130, 410, 310, 456), SHADE)
    draw.line(at(220, 430, 150, 250), BRASS, 14 * SCALE)
    draw.line(at(150, 250, 290, 130), BRASS, 14 * SCALE)
    draw.ellipse(at(134, 234, 166, 266), SHADE)
    draw.ellipse(at(276, 116, 304, 144), SHADE)
    if is_on:
        draw.ellipse(at(268, 205, 392, 252), LIGHT)
    draw.polygon(at(280, 100, 330, 110, 410, 222, 252, 216), SHADE)
    draw.ellipse(at(252, 200, 410, 238), LIGHT if is_on else INK)
    return picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def room() -> Image.Image:
    """The lamp on a table in the evening, its light around it."""
    picture = Image.new("RGB", (640, SIDE), "#26323f")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 400, 640, SIDE), "#5b4636")
    glow = Image.new("L", picture.size, 0)
    ImageDraw.Draw(glow).polygon((330, 215, 490, 215, 640, 420, 220, 420), 170)
    glow = glow.filter(ImageFilter.GaussianBlur(28))
    picture.paste(Image.new("RGB", picture.size, "#ffd98a"), mask=glow)
    shown = lamp(is_on=True)
    picture.paste(shown, (80, 0), shown)
    return picture


def logo() -> Image.Image:
    """A fern leaf on a dark disc: it is seen on bright and on dark pictures."""
    picture = Image.new("RGBA", (240 * SCALE, 240 * SCALE), (0, 0, 0, 0))
    draw = ImageDraw.Draw(picture)
    ring = [12 * SCALE, 12 * SCALE, 228 * SCALE, 228 * SCALE]
    draw.ellipse(ring, INK, outline=LIGHT, width=8 * SCALE)
    draw.line([120 * SCALE, 196 * SCALE, 120 * SCALE, 44 * SCALE], LIGHT, 8 * SCALE)
    for index in range(5):
        down, across = 64 + index * 26, 22 + index * 9
        for side in (-1, 1):
            tip = (120 + side * across, down - 16)
            draw.line([120 * SCALE, down * SCALE, tip[0] * SCALE, tip[1] * SCALE], LIGHT, 9 * SCALE)
    return picture.resize((240, 240), Image.Resampling.LANCZOS)


def pictures() -> dict[Path, Image.Image]:
    """What is kept, by its file."""
    cut_out = lamp(is_on=False)
    return {
        HERE / "lamp.png": cut_out.crop(cut_out.getbbox()).quantize(64),
        HERE / "lamp-evening.png": room(),  # fewer colours would band its glow
        HERE.parent / "brand" / "logo.png": logo().quantize(16),
    }


if __name__ == "__main__":
    for path, picture in pictures().items():
        picture.save(path, optimize=True)
