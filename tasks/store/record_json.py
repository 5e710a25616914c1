"""Records as the store keeps them: JSON with the number of its schema and a digest of its content.

    {"schema": 1, "digest": "<sha256>", "video_id": "intro", ...}

The digest is that of the canonical JSON of everything else in the object, fields that this release
does not know included. This rule never changes: by it every release, older or newer, tells a
damaged record from one that it cannot read yet. Releases before the rule wrote neither of the two;
such a record is of schema 0 and is read as it was then.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from pydantic import ValidationError

from tasks.canonical_json import canonical_sha256
from tasks.errors import DamagedError, NewerRecordError
from tasks.records import Record

_Record = TypeVar("_Record", bound=Record)
_Fields = dict[str, Any]

SCHEMA = 1
_SCHEMA, _DIGEST = "schema", "digest"


def _from_0(fields: _Fields) -> _Fields:
    """Schema 1 adds schema number and digest, and nothing else."""
    return fields


_CONVERTERS: Mapping[int, Callable[[_Fields], _Fields]] = {0: _from_0}


def record_bytes(record: Record) -> bytes:
    """A record as it is stored."""
    fields = json.loads(record.model_dump_json())
    head = json.dumps(_digested(fields), indent=1)
    body = record.model_dump_json(indent=1)  # much faster than json's own with an indent
    return f"{head[:-2]},{body[1:]}\n".encode()


def read_record(name: str, data: bytes, kind: type[_Record]) -> _Record:
    """The record in ``data``; fields that this release does not know are left aside.

    Args:
        name: of its file, for messages.
        data: the file's content.
        kind: what it must be.

    Raises:
        DamagedError: it is not what was written, or no such record at all.
        NewerRecordError: it is whole, and of a later schema than this release reads.
    """
    fields = _proved(name, data)
    for schema in range(fields.pop(_SCHEMA, 0), SCHEMA):
        fields = _CONVERTERS[schema](fields)
    fields.pop(_DIGEST, None)
    try:
        return kind.model_validate(fields, extra="ignore")
    except ValidationError as error:
        raise DamagedError(f"{name}: the record is damaged") from error


def sealed(name: str, data: bytes) -> bytes | None:
    """The same record with a digest, its unknown fields included; None where it has one.

    Raises:
        DamagedError: see :func:`read_record`.
        NewerRecordError: see :func:`read_record`.
    """
    fields = _proved(name, data)
    return None if _DIGEST in fields else _sealed(fields)


def _digested(fields: _Fields) -> _Fields:
    """Schema and digest of a record with these fields."""
    return {_SCHEMA: SCHEMA, _DIGEST: canonical_sha256({_SCHEMA: SCHEMA} | fields)}


def _sealed(fields: _Fields) -> bytes:
    content = _digested(fields) | fields
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()


def _proved(name: str, data: bytes) -> _Fields:
    """The JSON object in ``data``, its digest found right."""
    try:
        parsed: Any = json.loads(data)
        if not isinstance(parsed, dict):
            raise DamagedError(f"{name}: the record is damaged: it is not a JSON object")
        fields = cast(_Fields, parsed)
        content = {key: value for key, value in fields.items() if key != _DIGEST}
        found = canonical_sha256(content)
    except (ValueError, RecursionError) as error:
        raise DamagedError(f"{name}: the record is damaged: it is not valid JSON") from error
    schema = fields.get(_SCHEMA, 0)
    if (_SCHEMA in fields or _DIGEST in fields) and fields.get(_DIGEST) != found:
        raise DamagedError(f"{name}: the record is damaged: its content does not match its digest")
    if type(schema) is not int or schema < 0:
        raise DamagedError(f"{name}: the record is damaged: schema {schema!r} does not exist")
    if schema > SCHEMA:
        raise NewerRecordError(name, schema, SCHEMA)
    return fields
