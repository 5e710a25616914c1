"""Records that prove themselves: digest, schema, what other releases wrote."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.canonical_json import canonical_sha256
from tasks.errors import DamagedError, NewerRecordError
from tasks.records import CampaignRows, Failure, Record, SegmentReceipt, StoredPlan, VideoReceipt
from tasks.speech_records import Speech
from tasks.store.record_json import SCHEMA, read_record, record_bytes, sealed

STORE = Path(__file__).parents[2] / "stores" / "e927a16" / "campaign"
FAILURE = Failure(
    video_id="a",
    fault="row",
    signature="s",
    message="no face — 没有脸",
    way_out="another picture",
    attempts=1,
    host="here",
    plan_sha256="p",
    is_quarantined=True,
    at="2026-11-29T00:00:00+00:00",
)


def old_records() -> list[tuple[bytes, type[Record]]]:
    """One of each kind, as the commit e927a16 wrote it."""
    kinds: dict[str, type[Record]] = {
        "plans/lamp-en.json": StoredPlan,
        "videos/lamp-en.json": VideoReceipt,
        "rows.json": CampaignRows,
    }
    kinds |= {
        f"segments/0e/{path.name}": SegmentReceipt for path in STORE.glob("segments/0e/*.json")
    }
    kinds |= {f"speech/{path.name}": Speech for path in STORE.glob("speech/49*.json")}
    return [((STORE / name).read_bytes(), kind) for name, kind in kinds.items()]


def resealed(data: bytes, **changes: object) -> bytes:
    """The record with other fields, and the digest that whoever wrote it would have given it."""
    fields = {k: v for k, v in json.loads(data).items() if k != "digest"} | changes
    return json.dumps(fields | {"digest": canonical_sha256(fields)}).encode()


def test_a_record_comes_back_as_it_was():
    data = record_bytes(FAILURE)

    assert read_record("failures/a.json", data, Failure) == FAILURE
    assert list(json.loads(data))[:2] == ["schema", "digest"]
    assert "没有脸" in data.decode()
    assert sealed("failures/a.json", data) is None


@pytest.mark.parametrize(("data", "kind"), old_records(), ids=lambda x: getattr(x, "__name__", ""))
def test_a_record_without_a_digest_is_read_as_before_and_can_be_given_one(data, kind):
    before = read_record("x.json", data, kind)
    assert before == kind.model_validate_json(data)

    with_digest = sealed("x.json", data)

    assert with_digest is not None
    assert read_record("x.json", with_digest, kind) == before
    fields = json.loads(with_digest)
    assert fields.pop("schema") == SCHEMA
    assert len(fields.pop("digest")) == 64
    assert fields == json.loads(data)


def test_fields_that_are_not_known_are_left_aside_and_kept():
    data, _ = old_records()[0]
    fields = json.loads(data)
    fields["mood"] = "calm"
    fields["plan"]["encode"]["gop"] = 25
    told = json.dumps(fields).encode()

    assert read_record("x.json", told, StoredPlan) == read_record("x.json", data, StoredPlan)
    with_digest = sealed("x.json", told)
    assert with_digest is not None
    assert json.loads(with_digest)["mood"] == "calm"
    assert read_record("x.json", with_digest, StoredPlan).plan.video_id == "lamp-en"


def test_a_record_of_a_later_release_is_refused_with_what_to_install():
    later = resealed(record_bytes(FAILURE), schema=SCHEMA + 1, message={"en": "no face"})

    with pytest.raises(NewerRecordError, match=r"later release.*install that release") as caught:
        read_record("failures/a.json", later, Failure)
    assert not isinstance(caught.value, DamagedError)
    with pytest.raises(NewerRecordError):
        sealed("failures/a.json", later)


@pytest.mark.parametrize("schema", [-1, True, "1", None, 1.0, 2.5, [1]])
def test_a_schema_that_cannot_be_is_damage(schema):
    with pytest.raises(DamagedError):
        read_record("x.json", resealed(record_bytes(FAILURE), schema=schema), Failure)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"video_id": "on',
        b"\xff\xfe{}",
        b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}",
        b'{"a": NaN}',
        b"\0" * 4096,
    ],
    ids=["empty", "open", "list", "null", "cut", "utf-16", "deep", "nan", "zeros"],
)
def test_what_is_no_record_is_damage(data):
    with pytest.raises(DamagedError, match=r"^failures/a\.json: the record is damaged"):
        read_record("failures/a.json", data, Failure)


@pytest.mark.parametrize(("data", "kind"), old_records(), ids=lambda x: getattr(x, "__name__", ""))
def test_every_changed_byte_of_a_record_is_found_or_changes_nothing(data, kind):
    whole = sealed("x.json", data)
    assert whole is not None
    record, num_same = read_record("x.json", whole, kind), 0
    for index in range(len(whole)):
        harmed = bytearray(whole)
        harmed[index] ^= 1 << index % 8
        try:
            assert read_record("x.json", bytes(harmed), kind) == record
            num_same += 1  # a space that is another space
        except DamagedError:
            pass
    assert num_same < len(whole) / 10


@given(st.binary() | st.text().map(str.encode))
def test_whatever_lies_there_is_read_or_refused_by_name(data):
    with pytest.raises((DamagedError, NewerRecordError), match=r"x\.json"):
        read_record("x.json", data, Failure)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_whatever_json_lies_there_is_read_or_refused_by_name(value):
    with pytest.raises((DamagedError, NewerRecordError), match=r"x\.json"):
        read_record("x.json", json.dumps(value).encode(), Failure)


@given(st.dictionaries(st.text(), st.integers() | st.text() | st.floats(allow_nan=False)))
def test_unknown_fields_never_hide_damage(extra):
    known = Failure.model_fields.keys() | {"schema", "digest"}
    extra = {name: value for name, value in extra.items() if name not in known}
    data = resealed(record_bytes(FAILURE), **extra) if _is_finite(extra) else record_bytes(FAILURE)

    assert read_record("x.json", data, Failure) == FAILURE
    with pytest.raises(DamagedError):
        read_record("x.json", data.replace(b'"attempts": 1', b'"attempts": 2'), Failure)


def _is_finite(fields: dict[str, object]) -> bool:
    return "Infinity" not in json.dumps(fields)
