"""The files that a campaign's rows were made from, as far as this machine has them. Reads disks."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from tasks.records import CampaignRows
from tasks.store.campaign_folder import CampaignFolder

_BESIDE = ("lexicon.csv", "variants.toml", "presenters.toml")
_LONGEST_PATH = 400


@dataclass
class Sources:
    """What was found.

    Attributes:
        files: by the path from the manifest's folder; those elsewhere as ``outside/<whole path>``.
        left: what is missing, and why.
    """

    files: dict[str, Path] = field(default_factory=dict[str, Path])
    left: list[str] = field(default_factory=list[str])


def sources_of(folder: CampaignFolder, rows: CampaignRows) -> Sources:
    """Manifest, lexicon and libraries of a campaign, and every file that its rows name."""
    found = Sources()
    named = _named_by(folder)
    manifest = named.pop("manifest", "")
    if not manifest or "://" in manifest or not Path(manifest).is_file():
        where = manifest or f"nobody knows where {rows.facts.get('manifest', 'it')} lies"
        found.left.append(
            f"the manifest is not a file of this machine ({where}): keep it yourself, or render "
            "the campaign here once more, which renders nothing again, and back up again"
        )
        home = None
    else:
        home = Path(manifest).parent
        named |= {name: str(home / name) for name in _BESIDE if (home / name).is_file()}
        named["manifest"] = manifest
    for place in (*named.values(), *_of_rows(rows, home)):
        path = Path(place)
        if path.is_file() and not path.is_relative_to(folder.root.absolute()):
            found.files[_name_of(path.absolute(), home)] = path
        elif "://" not in place and not path.exists():
            found.left.append(f"{path} is not there any more")
    return found


def told_by_campaign(folder: CampaignFolder) -> dict[str, Any]:
    """What ``campaign.json`` says; empty where it is missing or damaged."""
    try:
        about: Any = json.loads(folder.read_bytes("campaign.json") or b"{}")
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", about) if isinstance(about, dict) else {}


def _named_by(folder: CampaignFolder) -> dict[str, str]:
    """What ``campaign.json`` says of files that options named; empty for earlier releases."""
    named = told_by_campaign(folder).get("sources")
    is_table = isinstance(named, dict)
    return {k: str(v) for k, v in cast("dict[str, Any]", named).items()} if is_table else {}


def _of_rows(rows: CampaignRows, home: Path | None) -> Iterator[str]:
    """Paths that rows resolved to, and cells that name a file beside the manifest."""
    seen: set[str] = set()
    for each in _candidates(rows, home):
        if each not in seen:
            seen.add(each)
            yield each


def _candidates(rows: CampaignRows, home: Path | None) -> Iterable[str]:
    for row in rows.rows:
        if row.row is not None:
            for path in (row.row.portrait_path, row.row.rig_path, row.row.audio_path):
                if path is not None:
                    yield str(path)
        for text in row.cells.values() if home is not None else ():
            if home is not None and _may_be_path(text) and (home / text.strip()).is_file():
                yield str(home / text.strip())


def _may_be_path(text: str) -> bool:
    is_short = 0 < len(text.strip()) < _LONGEST_PATH
    return is_short and text.isprintable() and "://" not in text


def _name_of(path: Path, home: Path | None) -> str:
    if home is not None and path.is_relative_to(home.absolute()):
        return path.relative_to(home.absolute()).as_posix()
    return f"outside/{path.as_posix().lstrip('/')}"
