"""A lock holds whatever somebody wrote into it; reading it never fails nor steers a screen."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.store.entries import held_message
from tasks.store.s3.bucket import Stored
from tasks.store.s3.lock import TTL_S, is_free

NUMBERS = st.integers() | st.floats() | st.just(10**400) | st.just(-(10**400))
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(["host", "pid", "started", "id", "ttl_s", "is_released", "renewal"])
LOCKS = (
    st.dictionaries(NAMES, VALUES).map(json.dumps)
    | VALUES.map(json.dumps)
    | st.text()
    | st.just("[" * 100_000)
    | st.just(
        '{"pid": null, "host": null, "started": "\\ud823\\udd09"}'
    )  # a sign of a later Unicode
    | st.just('{"pid": 1, "host": "\\ud800\\u001b[2J", "started": "\\r\\n"}')
)


@given(LOCKS)
def test_who_holds_a_lock_is_one_printable_line_whatever_its_file_says(content: str) -> None:
    told = held_message("/out/june", content)
    assert told.startswith('campaign "june" in /out is being rendered by another run (')
    assert told.encode().decode().isprintable()
    assert len(told) < 400


def stored(content: str, age_s: float) -> Stored:
    return Stored(data=content.encode(errors="replace"), etag="e", age_s=age_s)


@given(LOCKS)
def test_an_age_is_found_for_every_lock_in_a_bucket(content: str) -> None:
    assert is_free(stored(content, 10.0)) in (True, False)


@pytest.mark.parametrize("ttl_s", ["1e999", "NaN", "-Infinity", str(10**400), '"5"', "null", "[]"])
def test_a_lock_without_a_sensible_age_expires_like_any_other(ttl_s: str) -> None:
    content = f'{{"ttl_s": {ttl_s}}}'
    assert not is_free(stored(content, TTL_S - 1))
    assert is_free(stored(content, TTL_S + 1))
