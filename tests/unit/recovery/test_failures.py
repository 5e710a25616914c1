"""Faults, signatures, next steps and the breaker."""

import asyncio
import itertools
import pickle
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.errors import (
    CampaignError,
    EngineFailedError,
    MachineError,
    PortraitError,
    ResourceError,
    StoppedError,
)
from tasks.engines.host_process import EngineLostError
from tasks.errors import (
    FfmpegError,
)
from tasks.records import Failure
from tasks.recovery.failures import (
    MAX_PLACES,
    MAX_TRIES,
    SIGNATURE_CHARS,
    Breaker,
    Step,
    fault_of,
    next_step,
    signature_of,
)

FAULTS = ("row", "resource", "machine", "unknown")

# --- whose fault it is ---


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (PortraitError("no face"), "row"),
        (ResourceError("out of memory"), "resource"),
        (EngineLostError("gone"), "machine"),
        (FfmpegError(("ffmpeg",), 1, "no"), "machine"),
        (EngineFailedError("ValueError: no"), "unknown"),
        (CampaignError("no"), "unknown"),
        (StoppedError("stop"), "unknown"),
        (ValueError("no"), "unknown"),
        (asyncio.CancelledError(), "unknown"),
    ],
)
def test_an_error_says_whose_fault_it_is_and_any_other_is_unknown(error, fault):
    assert fault_of(error) == fault
    assert fault_of(pickle.loads(pickle.dumps(error))) == fault


# --- what follows ---


def test_a_rows_fault_is_quarantined_at_once():
    assert next_step("row", 1, 0, 0.5) == Step("quarantine", 0.0)


def test_a_resource_fault_takes_rungs_first_then_another_slot_then_gives_up():
    assert next_step("resource", 1, 2, 0.0) == Step("rung")
    assert next_step("resource", 2, 1, 0.0) == Step("rung")
    assert next_step("resource", 3, 1, 0.0) == Step("give_up")
    assert next_step("resource", 1, 0, 0.0) == Step("move")
    assert next_step("resource", 1, 0, 0.0, earlier=1) == Step("move")
    assert next_step("resource", 1, 5, 0.0, earlier=2) == Step("give_up")


def test_a_machine_fault_waits_for_a_reload_before_the_run_moves():
    steps = [next_step("machine", attempt, 0, 0.0, reload_s=60) for attempt in (1, 2, 3)]

    assert steps == [Step("retry", 15.0), Step("retry", 60.0), Step("move")]


def test_a_machine_fault_gives_up_after_three_places():
    steps = [
        next_step("machine", attempt, 0, 0.0, earlier=earlier).action
        for earlier in (0, 3, 6)
        for attempt in (1, 2, 3)
    ]

    assert steps == ["retry", "retry", "move"] * 2 + ["retry", "retry", "give_up"]


def test_an_unknown_fault_is_tried_three_times_in_all():
    assert next_step("unknown", 1, 0, 0.0) == Step("retry", 2.0)
    assert next_step("unknown", 2, 0, 0.5) == Step("retry", 12.0)
    assert next_step("unknown", 3, 0, 0.0) == Step("give_up")
    assert next_step("unknown", 1, 0, 0.0, earlier=1) == Step("retry", 8.0)
    assert next_step("unknown", 1, 0, 0.0, earlier=2) == Step("give_up")


@given(st.sampled_from(FAULTS), st.integers(0, 4), st.floats(0, 1, exclude_max=True))
def test_every_fault_ends_within_its_tries(fault, num_rungs, jitter):
    attempt = tries = 0
    earlier = 0
    while True:
        attempt, tries = attempt + 1, tries + 1
        step = next_step(fault, attempt, num_rungs, jitter, earlier=earlier)
        assert step.delay_s >= 0
        if step.action in ("quarantine", "give_up"):
            break
        if step.action == "move":
            attempt, earlier = 0, earlier + attempt
        num_rungs -= step.action == "rung"

    allowed = {"row": 1, "machine": MAX_TRIES * MAX_PLACES}
    assert tries == allowed.get(fault, MAX_TRIES)


@given(st.floats(0, 1, exclude_max=True), st.floats(0, 1, exclude_max=True))
def test_delays_grow_whatever_the_dice_say(first, second):
    for fault in ("machine", "unknown"):
        before, after = next_step(fault, 1, 0, first), next_step(fault, 2, 0, second)
        assert 0 < before.delay_s < after.delay_s


@pytest.mark.parametrize(
    "arguments",
    [
        {"attempt": 0},
        {"rungs_left": -1},
        {"jitter": 1.0},
        {"jitter": -0.1},
        {"earlier": -1},
        {"reload_s": -1.0},
    ],
)
def test_a_count_out_of_range_is_refused(arguments):
    right = {"fault": "machine", "attempt": 1, "rungs_left": 0, "jitter": 0.0}
    with pytest.raises(ValueError, match="must be"):
        next_step(**(right | arguments))


# --- the same kind of failure ---


@pytest.mark.parametrize(
    ("text", "signature"),
    [
        (
            'EngineLostError: engine host "null" (process 1234) was lost: the other side closed '
            "the connection; exit code -9; last words: none; log /tmp/x/logs/host-null-1.log",
            "EngineLostError: engine host * (process *) was lost: the other side closed the "
            "connection; exit code *; last words: none",
        ),
        (
            "PortraitError: faces/ann.png: 2 faces at (1, 2), (30, 4)",
            "PortraitError: *: * faces at (*), (*)",
        ),
        ("StoreError: 3f9a12bc.mp4 has 12 bytes", "StoreError: * has * bytes"),
        ("OSError: s3://bucket/a b/c", "OSError: * *"),
        ("OSError: https://h:80/x?y=1: 503", "OSError: *: *"),
        ("E: 2026-11-21 07:37:54,123 and 2026-11-22T01:02:03Z", "E: * and *"),
        ("E: at 0x7f3a2b on cuda:1, digest 9f86d081884c", "E: at * on cuda:*, digest *"),
        ("E: 123e4567-e89b-12d3-a456-426614174000 gone", "E: * gone"),
        ("E: the row's value isn't 'a b', it is `c`", "E: the row's value isn't *, it is *"),
        ("E: tensor [1, 2, 3] is not [1,2]", "E: tensor [*] is not [*]"),
        ("E: 1.5e-3 of 96x64 frames", "E: * of *x* frames"),
        ("E: the decade of the facade", "E: the decade of the facade"),
        ("E:  two\n lines ", "E: two lines"),
        ("Mp4Error: box 12 of v12 is float16", "Mp4Error: box * of v* is float*"),
        ("12 of 13", "* of *"),
    ],
)
def test_what_differs_from_row_to_row_is_left_out(text, signature):
    assert signature_of(text) == signature


def test_an_error_and_its_text_have_one_signature():
    error = EngineFailedError("ValueError: width must be at least 48, got 32")

    assert signature_of(error) == signature_of(f"EngineFailedError: {error}")
    assert signature_of(error) == "EngineFailedError: ValueError: width must be at least *, got *"


def test_a_plain_name_is_left_out_where_it_is_known():
    signatures = {
        signature_of(f"RowError: {name}: no face in {name}.png", name)
        for name in ("ann", "bob", "the-last-one", "v12", "7")
    }

    assert signatures == {"RowError: *: no face in *"}


def test_a_program_is_known_by_its_last_words():
    def failure(name, words):
        return FfmpegError(
            ("/opt/ffmpeg", "-i", f"/a very long path/{name}" * 9), 1, f"x\n{words}\n"
        )

    full = signature_of(failure("ann", "av_write: Broken pipe at 17"))

    assert full == "FfmpegError: av_write: Broken pipe at *"
    assert full == signature_of(failure("bob", "av_write: Broken pipe at 4"))
    assert full != signature_of(failure("ann", "Invalid data found"))
    assert signature_of(FfmpegError(("f",), None, "")) == "FfmpegError: (no message)"


# a video that is called like a word of the message hides that word
WORDS = ("has", "bytes", "were", "told", "of")
NAMES = st.from_regex(r"[a-z0-9][a-z0-9-]{0,62}", fullmatch=True).filter(lambda n: n not in WORDS)


@given(NAMES, NAMES, st.integers(0, 10**9), st.floats(0, 1e6), st.binary(min_size=8, max_size=32))
def test_two_rows_failures_of_one_kind_are_alike(one, other, number, size, digest):
    def told(name, number, size, digest):
        return (
            f'StoreError: "{name}": out/c/segments/{digest.hex()[:2]}/{digest.hex()}.mp4 has '
            f"{number} bytes, {size:.2f} MB were told of {name}"
        )

    assert signature_of(told(one, number, size, digest), one) == signature_of(
        told(other, 7, 1.5, b"\x12" * 32), other
    )


@given(st.text())
def test_any_text_has_a_short_signature_on_one_line(text):
    signature = signature_of(text)

    assert len(signature) <= SIGNATURE_CHARS
    assert len(signature.splitlines()) <= 1


# --- the breaker ---


def test_three_different_rows_stop_the_campaign_and_the_reason_names_them():
    breaker = Breaker()
    assert breaker.add("ann", "E: no", 0) is None
    assert breaker.add("bob", "E: no", 60) is None

    reason = breaker.add("cat", "E: no", 3599)

    assert reason is not None
    for words in ("3 different videos (ann, bob, cat)", "60 minutes", "E: no", "failures/ann.json"):
        assert words in reason


def test_one_bad_row_never_stops_it():
    breaker = Breaker()
    assert all(breaker.add("ann", "E: no", at) is None for at in range(100))


def test_different_failures_do_not_add_up():
    breaker = Breaker()
    assert all(breaker.add(name, f"E: {name}", 0) is None for name in string.ascii_lowercase)


def test_strikes_an_hour_apart_do_not_add_up():
    breaker = Breaker()
    assert all(breaker.add(f"v{i}", "E: no", 1800 * i) is None for i in range(20))


def test_many_rows_are_counted_but_not_all_named():
    breaker = Breaker()
    reasons = [breaker.add(f"v{i}", "E: no", i) for i in range(8)]
    assert "8 different videos (v0, v1, v2, v3, v4 and 3 more)" in (reasons[-1] or "")


def _must_stop(strikes, limit, window_s):
    """The rule read aloud: ``limit`` videos with the last one, all less than a window apart."""
    last_at, last_video = strikes[-1]
    others = [(at, video) for at, video in strikes if video != last_video]
    return any(
        len({video for _, video in chosen}) == limit - 1
        and max([last_at, *(at for at, _ in chosen)]) - min([last_at, *(at for at, _ in chosen)])
        < window_s
        for chosen in itertools.combinations(others, limit - 1)
    )


@given(
    st.lists(st.tuples(st.integers(0, 40), st.sampled_from("abcd")), min_size=1, max_size=9),
    st.integers(1, 4),
    st.integers(1, 30),
)
def test_it_stops_exactly_when_the_rule_says_so_in_any_order_of_time(strikes, limit, window_s):
    breaker = Breaker(limit, window_s)
    for count, (at, video) in enumerate(strikes, 1):
        has_reason = breaker.add(video, "E: no", at) is not None
        assert has_reason == _must_stop(strikes[:count], limit, window_s)


@pytest.mark.parametrize(("limit", "window_s"), [(0, 1), (1, 0)])
def test_a_breaker_that_can_only_or_never_stop_is_refused(limit, window_s):
    with pytest.raises(ValueError, match="limit must be"):
        Breaker(limit, window_s)


# --- the record ---


def test_a_failure_survives_the_store():
    failure = Failure(
        video_id="ann",
        fault="machine",
        signature="E: *",
        message="E: 1",
        way_out="retry",
        attempts=9,
        host="h",
        plan_sha256="0" * 64,
        is_quarantined=False,
        at="2026-11-21T08:00:00+00:00",
    )

    assert Failure.model_validate_json(failure.model_dump_json()) == failure


def test_a_machine_error_of_any_room_is_a_machines_fault():
    assert all(fault_of(kind("x")) == "machine" for kind in (MachineError, EngineLostError))
