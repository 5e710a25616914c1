"""Embedded colour profiles (ICC): pictures of other colour spaces become sRGB. Pure.

Phones write Display P3, cameras Adobe RGB, photo editors ProPhoto, printers CMYK. Read without
their profile, skin turns dull, grey or green.
"""

# Pillow leaves the types of profiles open
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false

import io
from functools import lru_cache
from typing import Any, cast

import numpy as np

from model.engine import Pixels

_SAME_WITHIN = 3  # levels of 255: a profile of sRGB itself rounds a little
_CUBE_STEPS = 9


class ProfileError(Exception):
    """A colour profile cannot be used; says why."""


def profile_space(profile: bytes) -> str:
    """The colour space whose values the profile gives a meaning: ``RGB``, ``GRAY``, ``CMYK``...

    Raises:
        ProfileError: it is no profile, or damaged.
    """
    from PIL import ImageCms

    try:
        opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        core = cast("Any", opened.profile)  # its type names what it was opened from
        return str(core.xcolor_space).strip()
    except (OSError, ValueError) as error:  # also of a name that is not ASCII
        raise ProfileError("it is damaged") from error


def to_srgb(pixels: Pixels, profile: bytes) -> Pixels:
    """``(H, W, 3)`` RGB pixels of the profile's space in sRGB; the same where they already are.

    Raises:
        ProfileError: the profile is damaged, or not one of RGB colours.
    """
    if profile_space(profile) != "RGB":
        raise ProfileError(f"it is one of {profile_space(profile)} colours")
    if _is_srgb(profile):
        return pixels
    return _converted(pixels, profile)


@lru_cache(maxsize=16)
def _is_srgb(profile: bytes) -> bool:
    """Whether no colour changes by more than rounding."""
    levels = np.linspace(0, 255, _CUBE_STEPS).round().astype(np.uint8)
    cube = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(_CUBE_STEPS, -1, 3)
    moved = _converted(np.ascontiguousarray(cube), profile).astype(int) - cube
    return int(np.abs(moved).max()) <= _SAME_WITHIN


def _converted(pixels: Pixels, profile: bytes) -> Pixels:
    from PIL import Image

    return srgb_of_image(Image.fromarray(np.ascontiguousarray(pixels)), profile)


def srgb_of_image(image: Any, profile: bytes) -> Pixels:
    """``(H, W, 3)`` sRGB pixels of a Pillow image whose mode is the profile's colour space.

    Raises:
        ProfileError: the profile is damaged or does not fit the image.
    """
    from PIL import ImageCms

    try:
        converted = ImageCms.profileToProfile(
            image,
            ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, OSError, ValueError) as error:
        raise ProfileError("it is damaged") from error
    return np.asarray(converted, np.uint8)
