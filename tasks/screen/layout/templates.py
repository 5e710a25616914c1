"""Layouts as data: a region for each thing in each shape of frame, and what platforms keep free.

Regions are shares of the frame: left, top, width, height, from 0 to 1.
"""

import math
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias, cast

from tasks.screen.overlays import Region

Shares: TypeAlias = tuple[float, float, float, float]
"""Left, top, width, height of a region; of a safe area: free at the left, top, right, bottom."""
SHAPES: Mapping[str, float] = {"9:16": 9 / 16, "4:5": 4 / 5, "1:1": 1.0, "16:9": 16 / 9}
THINGS = ("headline", "product", "price", "cta", "lower_third")
"""What a layout may have a place for, beside the presenter."""
CAPTIONED = "captioned"
"""Table of a shape with the place of burned captions, and of what gives way to them."""
_PACKAGED = Path(__file__).with_name("layouts.toml")
_ROUNDING = 1e-6


@dataclass(frozen=True)
class Layout:
    """A layout by its name: shape -> thing (and ``presenter``) -> region.

    ``captioned`` holds what is elsewhere in films with burned captions, and ``captions`` itself.
    """

    name: str
    regions: Mapping[str, Mapping[str, Shares]]
    captioned: Mapping[str, Mapping[str, Shares]]

    def in_frame(self, width: int, height: int, *, is_captioned: bool = False) -> "Places":
        """The regions of the nearest shape, in pixels of a frame."""
        shape = nearest_shape(width, height, self.regions)
        regions = dict(self.regions[shape])
        if is_captioned:
            regions |= self.captioned.get(shape, {})
        return Places({name: _pixels(of, width, height) for name, of in regions.items()})

    def has_captions(self, width: int, height: int) -> bool:
        """Whether a frame of that size has a place for burned captions."""
        shape = nearest_shape(width, height, self.regions)
        return "captions" in self.captioned.get(shape, {})


@dataclass(frozen=True)
class Places:
    """Where things are in one frame, in pixels."""

    regions: Mapping[str, Region]

    @property
    def presenter(self) -> Region:
        """Where the presenter is; its sides are even, as an encoder wants them."""
        return self.regions["presenter"]


@dataclass(frozen=True)
class LayoutFault:
    """One thing wrong with a layout: where in the file, the rule, the way out."""

    where: str
    rule: str
    way_out: str


@cache
def packaged_layouts() -> Mapping[str, Layout]:
    """`beside`, `corner`, `full` and `below`."""
    tables = tomllib.loads(_PACKAGED.read_text(encoding="utf-8"))["layouts"]
    found: dict[str, Layout] = {}
    for name, table in tables.items():
        layout, faults = layout_of(name, table, {})
        if faults:
            raise ValueError(f"{_PACKAGED.name}: {faults}")
        found[name] = layout
    return found


@cache
def safe_areas() -> Mapping[str, Shares]:
    """What each shape keeps free at the left, top, right and bottom."""
    tables = tomllib.loads(_PACKAGED.read_text(encoding="utf-8"))["safe"]
    return {shape: cast("Shares", tuple(of)) for shape, of in tables.items()}


def safe_region(width: int, height: int) -> Region:
    """The part of a frame that words, products and logos may use."""
    left, top, right, bottom = safe_areas()[nearest_shape(width, height, SHAPES)]
    return _pixels((left, top, 1 - left - right, 1 - top - bottom), width, height)


def nearest_shape(width: int, height: int, among: Mapping[str, Any]) -> str:
    """The shape of ``among`` that is most like a frame's."""
    return min(among, key=lambda shape: abs(math.log(width / height / SHAPES[shape])))


def layout_of(
    name: str, table: object, known: Mapping[str, Layout]
) -> tuple[Layout, list[LayoutFault]]:
    """A layout as a brand file writes it, and everything that is wrong with it.

    Args:
        name: of the layout.
        table: ``base`` (the layout that it changes), and a table of regions for each shape.
        known: the layouts that can be a base.
    """
    where = f"layouts.{name}"
    if not isinstance(table, dict):
        fault = LayoutFault(where, "is no table", f'write [{where}."9:16"] with its regions')
        return Layout(name, {}, {}), [fault]
    of = cast("dict[str, Any]", table)
    faults: list[LayoutFault] = []
    base = of.get("base", "")
    if base and base not in known:
        rule = f'base "{base}" is no layout'
        faults.append(LayoutFault(where, rule, f"known are {', '.join(known)}"))
    based = known[base] if base in known else Layout(base, {}, {})
    regions = {shape: dict(told) for shape, told in based.regions.items()}
    captioned = {shape: dict(told) for shape, told in based.captioned.items()}
    for shape, told in of.items():
        if shape in ("base", "about"):
            continue
        if shape not in SHAPES or not isinstance(told, dict):
            rule = f'"{shape}" is no shape of a frame with regions'
            faults.append(LayoutFault(where, rule, f"shapes are {', '.join(SHAPES)}"))
            continue
        place = f'{where}."{shape}"'
        found = regions.setdefault(shape, {})
        table = dict(cast("dict[str, Any]", told))
        moved = captioned.setdefault(shape, {})
        elsewhere = table.pop(CAPTIONED, {})
        own = dict(_regions(place, shape, table, ("presenter", *THINGS), faults))
        for thing in own:  # what this layout places stays there, unless it says otherwise
            moved.pop(thing, None)
        found |= own
        if isinstance(elsewhere, dict):
            names = ("presenter", *THINGS, "captions")
            given = cast("dict[str, Any]", elsewhere)
            moved |= _regions(f"{place}.{CAPTIONED}", shape, given, names, faults)
        else:
            rule, way_out = f"{CAPTIONED} is no table", "write its regions, as those beside it"
            faults.append(LayoutFault(place, rule, way_out))
        if "presenter" not in found:
            faults.append(
                LayoutFault(place, "has no presenter", "write presenter = [0.0, 0.0, 1.0, 1.0]")
            )
    if not regions and not faults:
        faults.append(LayoutFault(where, "has no shape", f'write [{where}."9:16"]'))
    return Layout(name, regions, captioned), faults


def _regions(
    where: str,
    shape: str,
    table: Mapping[str, Any],
    known: Sequence[str],
    faults: list[LayoutFault],
) -> Iterator[tuple[str, Shares]]:
    for thing, given in table.items():
        if thing not in known:
            way_out = f"known are {', '.join(known)}"
            faults.append(LayoutFault(where, f'"{thing}" is nothing that has a place', way_out))
            continue
        shares = _shares(given)
        if shares is None:
            rule = f"{thing} = {given!r} is no region inside the frame"
            way_out = "write [left, top, width, height] in shares of the frame, from 0 to 1"
            faults.append(LayoutFault(where, rule, way_out))
        elif thing != "presenter" and not _is_safe(shares, safe_areas()[shape]):
            rule = f"{thing} = {given!r} reaches into what platforms cover with their own buttons"
            left, top, right, bottom = safe_areas()[shape]
            way_out = (
                f"keep from {left:g} to {1 - right:g} of the width and from {top:g} to "
                f"{1 - bottom:g} of the height"
            )
            faults.append(LayoutFault(where, rule, way_out))
        else:
            yield thing, shares


def _shares(given: object) -> Shares | None:
    if not isinstance(given, list | tuple):
        return None
    numbers = cast("list[object]", given)
    is_numbers = all(isinstance(n, int | float) and not isinstance(n, bool) for n in numbers)
    if len(numbers) != 4 or not is_numbers:
        return None
    left, top, width, height = (float(cast("float", number)) for number in numbers)
    is_inside = left + width <= 1 + _ROUNDING and top + height <= 1 + _ROUNDING
    if min(left, top) < 0 or min(width, height) < 0.02 or not is_inside:
        return None
    return left, top, width, height


def _is_safe(shares: Shares, free: Shares) -> bool:
    left, top, width, height = shares
    return (
        left >= free[0] - _ROUNDING
        and top >= free[1] - _ROUNDING
        and left + width <= 1 - free[2] + _ROUNDING
        and top + height <= 1 - free[3] + _ROUNDING
    )


def _pixels(shares: Shares, width: int, height: int) -> Region:
    """A region with even corners and sides: an encoder moves colours by pairs of pixels."""
    left, top = (
        2 * round(share * side / 2) for share, side in zip(shares[:2], (width, height), strict=True)
    )
    right = 2 * round((shares[0] + shares[2]) * width / 2)
    bottom = 2 * round((shares[1] + shares[3]) * height / 2)
    right, bottom = min(right, width), min(bottom, height)
    return Region(left, top, max(2, right - left), max(2, bottom - top))
