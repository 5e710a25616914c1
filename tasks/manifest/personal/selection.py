"""Which videos of a manifest a command is about: all of them, some by name, a few to look at. Pure.

A choice limits what is made, never what the campaign is: its rows and its report stay whole.
"""

import hashlib
from collections.abc import Collection, Sequence
from difflib import get_close_matches

from pydantic import Field

from model.errors import CampaignError
from tasks.errors import counted
from tasks.records import Record

PART = "--"
"""Between a row's name and what tells the videos apart that it stands for."""
_UNKNOWN_SHOWN = 20


class Selection(Record):
    """What was asked for; each limits what the one before leaves."""

    only: tuple[str, ...] = Field(default=(), description="Names of videos, or of their rows.")
    sample: int | None = Field(default=None, ge=1, description="So many, drawn by chance.")
    limit: int | None = Field(default=None, ge=1, description="The first so many.")
    seed: int = Field(default=0, ge=0, lt=2**32, description="Of the sample.")

    @property
    def is_everything(self) -> bool:
        """Whether nothing is left out."""
        return not self.only and self.sample is None and self.limit is None


EVERYTHING = Selection()


def chosen_of(names: Sequence[str], selection: Selection) -> frozenset[str] | None:
    """The videos that are chosen; None where that is all of them, because nobody chose.

    A sample depends on its seed and on the names alone: other rows of the manifest may be added,
    and the rest of it stays.

    Args:
        names: of all videos, in the manifest's order.
        selection: what was asked for.

    Raises:
        CampaignError: a name that no video and no row has; all of them are told.
    """
    if selection.is_everything:
        return None
    chosen = _named(names, selection.only) if selection.only else list(names)
    if selection.sample is not None:
        in_lots = sorted(chosen, key=lambda each: _lot(each, selection.seed))
        drawn = frozenset(in_lots[: selection.sample])
        chosen = [name for name in chosen if name in drawn]
    return frozenset(chosen[: selection.limit])


def _named(names: Sequence[str], only: Sequence[str]) -> list[str]:
    rows: dict[str, list[str]] = {}
    for name in names:
        parts = name.split(PART)
        for end in range(1, len(parts) + 1):
            rows.setdefault(PART.join(parts[:end]), []).append(name)
    unknown = [each for each in dict.fromkeys(only) if each not in rows]
    if unknown:
        told = [_unknown(each, rows, len(names)) for each in unknown[:_UNKNOWN_SHOWN]]
        if len(unknown) > _UNKNOWN_SHOWN:
            told.append(f"... and {len(unknown) - _UNKNOWN_SHOWN} more")
        raise CampaignError("\n".join(told))
    wanted = {name for each in only for name in rows[each]}
    return [name for name in names if name in wanted]


def _unknown(name: str, known: Collection[str], num_videos: int) -> str:
    near = get_close_matches(name.lower(), known, 1, 0.5)
    way_out = f'did you mean "{near[0]}"?' if near else "names are in the column video_id"
    return f'--only "{name}": none of the {counted(num_videos, "video")} has this name; {way_out}'


def _lot(name: str, seed: int) -> bytes:
    return hashlib.sha256(f"{seed} {name}".encode()).digest()
