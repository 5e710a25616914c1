"""Presets: size, steps, segment length and quality under one name, from a TOML file."""

import math
import tomllib
from difflib import get_close_matches
from itertools import product
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from model.errors import CampaignError
from tasks.records import Record, Scalar
from tasks.tables.toml_text import parsed_toml

SHIPPED_PRESETS = Path(__file__).parents[2] / "manifests" / "presets.toml"
SIZE_MULTIPLE = 16
_MAX_PRESETS_BYTES = 1 << 20
WIDEST_ASPECT = 2.0
"""Of a video whose size is not given; the tallest is one over this."""
_AREA_WEIGHT = 0.5  # a lost tenth of the area costs half of an aspect that is a tenth off


class Preset(Record):
    """What a name in the ``preset`` column stands for."""

    about: str = Field(default="", description="A line for people.")
    width: int = Field(ge=16, le=4096, multiple_of=SIZE_MULTIPLE)
    height: int = Field(ge=16, le=4096, multiple_of=SIZE_MULTIPLE)
    sample_steps: int = Field(ge=1, le=100, description="Denoising steps, where an engine has any.")
    infer_frames: int = Field(default=48, ge=1, le=480, description="Frames of a clip.")
    segment_clips: int | None = Field(
        default=None,
        ge=1,
        description="Target length of a segment, in clips. Absent: the handoff's own.",
    )
    crf: int = Field(ge=0, le=51, description="Of the encoder; lower is sharper and larger.")

    @property
    def area(self) -> int:
        """The most pixels a frame may have."""
        return self.width * self.height

    @property
    def settings(self) -> dict[str, Scalar]:
        """Its settings of clips and of engines that have them."""
        names = {"sample_steps", "infer_frames", "segment_clips"}
        return self.model_dump(include=names, exclude_none=True)


def load_presets(path: Path | None = None) -> dict[str, Preset]:
    """The presets of a TOML file, one table each; the shipped ones without ``path``.

    Raises:
        CampaignError: the file cannot be read, or a table breaks a rule.
    """
    source = path or SHIPPED_PRESETS
    try:
        if source.stat().st_size > _MAX_PRESETS_BYTES:
            raise CampaignError(
                f"{source}: the file is larger than {_MAX_PRESETS_BYTES >> 10} KiB; remove what "
                "is not a preset"
            )
        tables = parsed_toml(source.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise CampaignError(f"{source}: cannot be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CampaignError(
            f"{source}: this is not a TOML file in UTF-8: {error}; "
            f"compare it with {SHIPPED_PRESETS.name}"
        ) from error
    if not tables:
        raise CampaignError(
            f"{source}: there is no preset in this file; write a [name] table with its values"
        )
    return {name: _preset(source, name, table) for name, table in tables.items()}


def _preset(source: Path, name: str, table: Any) -> Preset:
    if not isinstance(table, dict):
        raise CampaignError(f"{source}: {name} = {table!r} is outside a [preset] table")
    try:
        return Preset.model_validate(table)
    except ValidationError as error:
        words = "; ".join(_complaint(dict(each)) for each in error.errors())
        raise CampaignError(f"{source}: [{name}] {words}") from error


def _complaint(detail: dict[str, Any]) -> str:
    key = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        near = get_close_matches(key, Preset.model_fields, 1)
        way_out = f'did you mean "{near[0]}"?' if near else "remove it"
        return f"{key} is not a preset's setting; {way_out}"
    if detail["type"] == "missing":
        return f"{key} is missing"
    return f"{key} = {detail['input']!r}: {detail['msg']}"


def size_for(
    preset: Preset, portrait_width: int, portrait_height: int, min_side: int = SIZE_MULTIPLE
) -> tuple[int, int]:
    """Width and height of a video: the portrait's aspect, within 1:2 and 2:1, in the preset's area.

    Both are multiples of 16 and at least ``min_side``, their product is at most the preset's area.

    Raises:
        ValueError: the portrait has no area, or the preset's is too small for ``min_side``.
    """
    if min(portrait_width, portrait_height) < 1:
        raise ValueError(f"portrait must have pixels, got {portrait_width}x{portrait_height}")
    aspect = portrait_width / portrait_height
    aspect = min(max(aspect, 1 / WIDEST_ASPECT), WIDEST_ASPECT)
    most = preset.area // SIZE_MULTIPLE**2
    shortest = math.ceil(min_side / SIZE_MULTIPLE)
    if most < shortest**2:
        raise ValueError(
            f"{preset.width}x{preset.height} is too small for sides of {min_side} pixels"
        )
    longest = min(math.ceil(math.sqrt(most * WIDEST_ASPECT)) + 1, most)
    sides = range(shortest, longest + 1)

    def cost(size: tuple[int, int]) -> float:
        width, height = size
        loss = math.log(most / (width * height))
        return abs(math.log(width / height / aspect)) + _AREA_WEIGHT * loss

    fitting = (size for size in product(sides, sides) if size[0] * size[1] <= most)
    width, height = min(fitting, key=cost)
    return width * SIZE_MULTIPLE, height * SIZE_MULTIPLE
