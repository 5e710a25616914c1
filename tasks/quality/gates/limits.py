"""The limits of every engine: those of ``limits.toml``, and what a person's own file changes."""

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError

from model.errors import CampaignError
from tasks.gate_records import GateLimits
from tasks.tables.toml_text import parsed_toml

_SHIPPED = Path(__file__).with_name("limits.toml")
_NUMBERS = ("usual_lag_ms", "least_segment_z")  # that no engine leaves out
_SAME_AS, _OTHER = "same_as", "other"
_UNCALIBRATED = "uncalibrated"
_Tables = dict[str, dict[str, Any]]


def limits_of(engine: str, own: Path | None = None) -> GateLimits:
    """The limits of the engine called ``engine``, with what ``own`` changes of them.

    Raises:
        CampaignError: ``own`` cannot be read, or names what is no engine or no limit, or gives a
            limit another type: all its faults at once.
    """
    tables = _shipped()
    fields = tables.get(engine, tables[_OTHER])
    if _SAME_AS in fields:
        fields = tables[fields[_SAME_AS]]
    if own is not None:
        fields = fields | _own_tables(own).get(engine, {})
    return _limits({name: value for name, value in fields.items() if name != _UNCALIBRATED})


def uncalibrated_notices(engines: Iterable[str], own: Path | None = None) -> list[str]:
    """What people are told of engines whose limits were never tried on their real pictures.

    Such limits hold videos like all others. Whoever gives an engine limits of their own has looked
    at it, and is told nothing.

    Raises:
        CampaignError: as in :func:`limits_of`.
    """
    chosen = _own_tables(own) if own is not None else {}
    return [
        f"gates of {engine}: {_shipped()[engine][_UNCALIBRATED]}"
        for engine in sorted(set(engines))
        if _UNCALIBRATED in _shipped().get(engine, {}) and engine not in chosen
    ]


def check_limits(own: Path) -> None:
    """Refuse a person's file with faults, before any work; see :func:`limits_of`."""
    _own_tables(own)


@cache
def _shipped() -> _Tables:
    return cast(_Tables, tomllib.loads(_SHIPPED.read_text(encoding="utf-8")))


def _limits(fields: Mapping[str, Any]) -> GateLimits:
    names = (name for name in GateLimits.model_fields if name not in _NUMBERS)
    none: dict[str, Any] = dict.fromkeys(names)
    return GateLimits.model_validate(none | dict(fields))


def _own_tables(path: Path) -> _Tables:
    try:
        parsed: dict[str, object] = parsed_toml(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CampaignError(f"{path}: this is not valid TOML: {error}") from error
    faults = [fault for name, table in parsed.items() for fault in _faults(name, table)]
    if faults:
        raise CampaignError("\n".join(f"{path}: {fault}" for fault in faults))
    return cast(_Tables, parsed)


def _faults(engine: str, table: object) -> list[str]:
    engines = list(_shipped())
    if engine not in engines:
        return [f"[{engine}] is no engine; choose one of {', '.join(engines)}"]
    if not isinstance(table, dict):
        return [f"{engine} must be a table, such as [{engine}]; got {table!r}"]
    fields = cast(dict[str, Any], table)
    known = list(GateLimits.model_fields)
    faults = [
        f"[{engine}] {name} is no limit; choose one of {', '.join(known)}"
        for name in fields
        if name not in known
    ]
    try:
        _limits({"usual_lag_ms": 0.0} | {k: v for k, v in fields.items() if k in known})
    except ValidationError as error:
        faults += [
            f"[{engine}] {'.'.join(map(str, each['loc']))} = {each['input']!r} must be a number"
            for each in error.errors()
        ]
    return faults
