"""A brand file (TOML) -> a brand, or a list of everything that is wrong with it.

Paths in it are relative to its own folder, and stay inside it.
"""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ValidationError

from model.errors import CampaignError
from tasks.deliver_records import Size
from tasks.inputs.file_types import sound_fault
from tasks.redaction import no_folder_of
from tasks.screen.brand.brand import Brand, BrandTables
from tasks.screen.brand.clips import ClipError, check_clip
from tasks.screen.brand.pictures import LOGO_KINDS, ScreenPictureError, read_screen_picture
from tasks.screen.caption_styles import style_faults
from tasks.screen.fonts import FONT_FILES, Font, FontError, fonts_of, read_font
from tasks.screen.formats import FormatError, FormatSets, parse_formats, set_fault
from tasks.screen.layout.templates import Layout, layout_of, packaged_layouts
from tasks.screen.lettering import drawable, missing_signs
from tasks.tables.toml_text import parsed_toml

BRAND_NAME = "brand.toml"
"""What lies beside a manifest under this name is the brand of its videos."""
_MAX_BYTES = 1 << 20
_CLIPS = ("intro", "outro")

_Found = TypeVar("_Found")


class BrandError(CampaignError):
    """A brand file with faults, one per line: file, table, value, rule, way out."""


@dataclass
class _Reader:
    source: Path
    allow_outside: bool
    faults: list[str] = field(default_factory=list[str])

    def fault(self, where: str, rule: str, way_out: str) -> None:
        told = f"{where}: " if where else ""
        self.faults.append(f"{self.source}: {told}{rule}; {way_out}")

    def file(
        self, where: str, name: str, kind: str, check: Callable[[Path], _Found]
    ) -> tuple[Path, _Found] | None:
        """The file called ``name`` and what ``check`` makes of it; None, and a fault."""
        path = (self.source.parent / name).absolute()
        shown = f'{where} "{name}"'
        home = self.source.parent.resolve()
        try:
            if not (self.allow_outside or path.resolve().is_relative_to(home)):
                rule = "the path leads outside the brand file's folder"
                self.fault(shown, rule, "move the file there, or allow it with --allow-outside")
            elif not path.exists():
                self.fault(shown, "the file does not exist", _nearest(path))
            elif not path.is_file():
                self.fault(shown, "this is a folder or a device, not a file", f"name a {kind}")
            else:
                return path, check(path)
        except (ScreenPictureError, ClipError) as error:
            self.fault(shown, error.rule, error.way_out)
        except FontError as error:
            self.fault(shown, str(error), f"name a font of the kind {FONT_FILES}")
        except OSError as error:
            rule = f"the file cannot be read ({error.strerror or error})"
            self.fault(shown, rule, "check its name and permissions")
        return None


def read_brand(source: Path, *, allow_outside: bool = False) -> Brand:
    """The brand in a file; each version of a file is read once.

    Raises:
        BrandError: everything that is wrong with it, and with the files that it names.
    """
    try:
        info = source.stat()
    except OSError as error:
        rule = f"cannot be read ({error.strerror})"
        raise BrandError(f"{source}: {rule}; check its name") from error
    return _read_brand(source, info.st_mtime_ns, info.st_size, allow_outside)


@lru_cache(maxsize=64)
def _read_brand(source: Path, version: int, num_bytes: int, allow_outside: bool) -> Brand:
    del version
    if num_bytes > _MAX_BYTES:
        raise BrandError(f"{source}: the file is larger than {_MAX_BYTES >> 20} MiB; shorten it")
    reader = _Reader(source, allow_outside)
    raw = _parsed(source)
    layouts = _layouts(reader, raw.pop("layouts", {}))
    sets = _sets(reader, raw.pop("sets", {}))
    tables = _tables(reader, raw)
    if tables is None:
        raise BrandError("\n".join(reader.faults))
    if tables.layout not in layouts:
        way_out = f"layouts are {', '.join(layouts)}"
        reader.fault(
            "layout", f'"{tables.layout}" is no layout', _near(tables.layout, layouts, way_out)
        )
    logo = tables.logo and reader.file("[logo] file", tables.logo.file, "picture", _logo)
    own = [reader.file("fonts", name, "font", read_font) for name in tables.fonts]
    clips = {
        name: reader.file(f"[{name}] file", table.file, "video", check_clip)
        for name in _CLIPS
        if (table := getattr(tables, name)) is not None
    }
    music = tables.music and reader.file("[music] file", tables.music.file, "recording", _music)
    for name, rule, way_out in style_faults(tables.captions):
        reader.fault(f"[captions] {name}", rule, way_out)
    for language in ("en", "zh"):
        text = str(getattr(tables.label, language))
        left_out = "".join(sign for sign in text if sign not in drawable(text) + " ")
        if undrawn := missing_signs(text) + left_out:
            rule = f'"{text}": the font of labels cannot draw "{undrawn}"'
            reader.fault(f"[label] {language}", rule, "write it in letters alone")
    if reader.faults:
        raise BrandError("\n".join(reader.faults))
    fonts: list[Font] = [found[1] for found in own if found]
    intro, outro = (clips.get(name) for name in _CLIPS)
    return Brand(
        path=source,
        tables=tables,
        layouts=layouts,
        fonts=fonts_of(fonts),
        logo=logo[0] if logo else None,
        intro=intro[0] if intro else None,
        outro=outro[0] if outro else None,
        music=music[0] if music else None,
        sets=sets,
    )


def _parsed(source: Path) -> dict[str, Any]:
    try:
        return parsed_toml(source.read_text(encoding="utf-8-sig"))
    except OSError as error:
        rule = f"cannot be read ({error.strerror})"
        raise BrandError(f"{source}: {rule}; check its name") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        rule = f"this is not a TOML file in UTF-8: {error}"
        raise BrandError(
            f"{source}: {rule}; compare it with the example in docs/layouts.md"
        ) from error


def _layouts(reader: _Reader, given: object) -> dict[str, Layout]:
    """The packaged layouts and those of the file; one may be based on one that precedes it."""
    layouts = dict(packaged_layouts())
    if not isinstance(given, dict):
        reader.fault("layouts", "is no table", 'write [layouts.mine."9:16"] with its regions')
        return layouts
    for name, table in cast("dict[str, object]", given).items():
        layout, faults = layout_of(name, table, layouts)
        for each in faults:
            reader.fault(f"[{each.where}]", each.rule, each.way_out)
        layouts[name] = layout
    return layouts


def _sets(reader: _Reader, given: object) -> FormatSets:
    """The sets of formats of the file, each with its sizes."""
    sets: dict[str, tuple[Size, ...]] = {}
    if not isinstance(given, dict):
        reader.fault("sets", "is no table", 'write [sets] and below it social = ["9:16", "1:1"]')
        return sets
    for name, told in cast("dict[str, object]", given).items():
        where, known = f"[sets] {name}", name.casefold()
        words = cast("list[object]", told) if isinstance(told, list) else []
        if fault := set_fault(name):
            reader.fault(where, *fault)
        elif known in sets:
            reader.fault(where, "is there twice, in capital and small letters", "keep one of them")
        elif not words or not all(isinstance(word, str) for word in words):
            rule = f"{told!r} is no list of formats, or an empty one"
            reader.fault(where, rule, 'write it as ["9:16", "1:1"]')
        else:
            try:
                sets[known] = parse_formats(", ".join(map(str, words)))
            except FormatError as error:
                reader.fault(where, *error.args)
    return sets


def _tables(reader: _Reader, raw: Mapping[str, Any]) -> BrandTables | None:
    try:
        return BrandTables.model_validate(raw)
    except ValidationError as error:
        for each in error.errors():
            _complain(reader, dict(each))
        return None


def _complain(reader: _Reader, detail: Mapping[str, Any]) -> None:
    """One rule of the tables that a value breaks."""
    *tables, key = [str(part) for part in detail["loc"] if not isinstance(part, int)]
    model, about = BrandTables, ""
    for table in tables:
        model = _table_model(model, table)
    where = f"[{'.'.join(tables)}] {key}" if tables else key
    known = model.model_fields
    if detail["type"] == "extra_forbidden":
        way_out = f"known are {', '.join(known)}"
        reader.fault(where, "is unknown here", _near(key, list(known), way_out))
        return
    if key in known:
        about = known[key].description or ""
    if detail["type"] == "missing":
        reader.fault(where, "is missing", about or "write it")
        return
    if detail["type"] == "string_pattern_mismatch":
        rule = f"{detail['input']!r} is no {'name' if key == 'name' else 'colour'}"
    else:
        rule = f"{detail['input']!r}: {str(detail['msg'])[:1].lower()}{str(detail['msg'])[1:]}"
    reader.fault(where, rule, about or "correct it")


def _table_model(model: type[BaseModel], table: str) -> type[BaseModel]:
    """The model of a table of ``model``."""
    from typing import get_args

    annotation = model.model_fields[table].annotation
    options = [annotation, *get_args(annotation)]
    return next(each for each in options if isinstance(each, type) and issubclass(each, BaseModel))


def _logo(path: Path) -> None:
    read_screen_picture(path, LOGO_KINDS)


def _music(path: Path) -> None:
    fault = sound_fault(path)
    if fault:
        raise ClipError(fault, "save the recording again or name another file")


def _near(name: str, known: Sequence[str] | Mapping[str, Any], otherwise: str) -> str:
    near = get_close_matches(name, list(known), 1)
    return f'did you mean "{near[0]}"?' if near else otherwise


def _nearest(path: Path) -> str:
    if not path.parent.is_dir():
        return no_folder_of(path)
    alike = (each for each in path.parent.iterdir() if each.suffix.lower() == path.suffix.lower())
    names = {each.name.lower(): each.name for each in alike if each.is_file()}
    near = get_close_matches(path.name.lower(), names, 1, 0.5)
    usual = "paths are relative to the brand file"
    return f'did you mean "{names[near[0]]}"?' if near else usual
