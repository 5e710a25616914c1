"""Pictures of products and logos -> RGBA in sRGB, upright, or the rule that they break."""

import io
import struct
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from tasks.portrait.colour_profile import ProfileError, profile_space, srgb_of_image

LOGO_KINDS = ("PNG", "WEBP")
PRODUCT_KINDS = ("PNG", "WEBP", "JPEG")
MAX_SIDE = 2160
"""Larger pictures are made smaller when they are read."""
_LEAST_SIDE, _LARGEST_SIDE = 16, 4096
_MAX_BYTES = 64 << 20
_NAMES = {"PNG": "PNG", "WEBP": "WebP", "JPEG": "JPEG"}
_SEEN = 8  # of 255: more opaque than this can be seen


class ScreenPictureError(ValueError):
    """A picture that cannot stand on a screen; ``rule`` and ``way_out`` are for people."""

    def __init__(self, rule: str, way_out: str) -> None:
        super().__init__(rule, way_out)
        self.rule, self.way_out = rule, way_out


def read_screen_picture(path: Path, kinds: Sequence[str]) -> Image.Image:
    """The picture as RGBA in sRGB, upright, each side at most ``MAX_SIDE`` pixels.

    Args:
        path: a file.
        kinds: what it may be, by Pillow's names.

    Raises:
        ScreenPictureError: it is of another kind, animated, CMYK, empty to the eye, or damaged.
    """
    usual = f"save it as {_told(kinds)}"
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ScreenPictureError(f"the file is larger than {_MAX_BYTES >> 20} MiB", usual)
        data = path.read_bytes()
    except OSError as error:
        rule = f"the file cannot be read ({error.strerror or error})"
        raise ScreenPictureError(rule, "check its name and permissions") from error
    if b"<svg" in data[:1024].lower():
        rule = "the file is an SVG drawing, which is not read"
        raise ScreenPictureError(rule, f"export it as {_told(kinds[:1])}, 1000 pixels wide")
    try:
        with Image.open(io.BytesIO(data)) as image:
            _check(image, kinds)
            upright = ImageOps.exif_transpose(image)
            shown = _in_srgb(upright, image.info.get("icc_profile"))
    except (UnidentifiedImageError, OSError, SyntaxError, EOFError, struct.error) as error:
        rule = f"the file is not a picture ({_told(kinds)}), or it is damaged"
        raise ScreenPictureError(rule, usual) from error
    except Image.DecompressionBombError as error:
        raise ScreenPictureError("the picture has too many pixels", "save it smaller") from error
    if max(_opaque_range(shown)) < _SEEN:
        rule = "the picture is transparent everywhere: nothing of it would be seen"
        raise ScreenPictureError(rule, "save it with its layers visible")
    shown.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS)
    return shown


def _check(image: Image.Image, kinds: Sequence[str]) -> None:
    if image.format not in kinds:
        rule = f"the file is {image.format}, not {_told(kinds)}"
        raise ScreenPictureError(rule, f"save it as {_told(kinds)}")
    num_frames = getattr(image, "n_frames", 1)
    if num_frames > 1:
        rule = f"the picture is animated: it has {num_frames} frames"
        raise ScreenPictureError(rule, "save one frame of it as a picture")
    if image.mode == "CMYK":
        rule = "the picture has CMYK colours, which are those of a printer"
        raise ScreenPictureError(rule, "convert it to RGB (sRGB) and save it again")
    width, height = image.size
    if max(image.size) > _LARGEST_SIDE:
        rule = f"the picture has {width}x{height} pixels, larger than any frame"
        raise ScreenPictureError(rule, f"save it at most {_LARGEST_SIDE} pixels a side")
    if min(image.size) < _LEAST_SIDE:
        rule = f"the picture has {width}x{height} pixels"
        raise ScreenPictureError(rule, f"give one of at least {_LEAST_SIDE} pixels a side")


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    rgba = image.convert("RGBA")
    if not profile or image.mode not in ("RGB", "RGBA"):
        return rgba
    try:
        if profile_space(profile) != "RGB":
            return rgba
        pixels = srgb_of_image(rgba.convert("RGB"), profile)
    except ProfileError as error:
        rule = "the picture's colour profile is damaged"
        raise ScreenPictureError(rule, "convert it to sRGB and save it again") from error
    shown = Image.fromarray(pixels).convert("RGBA")
    shown.putalpha(rgba.getchannel("A"))
    return shown


def _opaque_range(image: Image.Image) -> tuple[int, int]:
    low, high = image.getchannel("A").getextrema()
    assert isinstance(low, int)
    assert isinstance(high, int)
    return low, high


def _told(kinds: Sequence[str]) -> str:
    names = [_NAMES[kind] for kind in kinds]
    return " or ".join((", ".join(names[:-1]), names[-1])) if len(names) > 1 else names[0]
