"""What follows a failed gate: tries, their seeds, the choice between them; limits of one's own."""

from pathlib import Path

import numpy as np
import pytest

from model.errors import CampaignError
from tasks.gate_records import GateFigures, GateLimits, GatePolicy, GateVerdict, SyncFigures
from tasks.quality.gates.limits import limits_of, uncalibrated_notices
from tasks.quality.gates.policy import (
    GateRequest,
    best_of,
    next_try,
    planned_policy,
    seed_of_try,
)
from tasks.quality.gates.segment_verdicts import segment_verdicts
from tasks.quality.gates.words import told_verdicts

POLICY = GatePolicy(limits=limits_of("preview"), tries=2)


def verdict(gate: str = "black", value: float = 0.0, second: float = 1.0) -> GateVerdict:
    return GateVerdict(
        gate=gate, second=second, value=value, limit=4.0, held=True, words="picture of one colour"
    )


def still_figures(**changes: object) -> GateFigures:
    """Of 24 frames without a face, all well."""
    fields = {
        "source": "raw",
        "face": "none",
        "is_still": False,
        "look_every": 12,
        "step": (0.5,) * 24,
        "contrast": (30.0,) * 24,
        "colour": ((0.0, 0.0, 0.0),) * 24,
        "texture": (0.95,) * 24,
        "speech": (0.0,) * 24,
        "motion": (),
        "likeness": (),
        "eyes": (),
        "head": (),
        "strangers": (),
        "sync": None,
        "seam": None,
    }
    return GateFigures.model_validate(fields | changes)


def gates_of(figures: GateFigures) -> dict[str, float]:
    found = segment_verdicts(figures, POLICY.limits, is_held=True)
    return {each.gate: each.second for each in found}


def test_a_clean_try_is_kept():
    assert next_try([()], POLICY, uses_seed=True) == "keep"
    assert next_try([(verdict(),), ()], POLICY, uses_seed=True) == "keep"


def test_a_failed_segment_is_tried_again_as_often_as_the_policy_says():
    failed = (verdict(),)

    assert next_try([failed], POLICY, uses_seed=True) == "again"
    assert next_try([failed] * 2, POLICY, uses_seed=True) == "again"
    assert next_try([failed] * 3, POLICY, uses_seed=True) == "choose"


def test_an_engine_whose_pixels_know_no_seed_is_not_asked_twice():
    assert next_try([(verdict(),)], POLICY, uses_seed=False) == "choose"


def test_a_warning_renders_nothing_again():
    told = POLICY.model_copy(update={"mode": "warn"})

    assert next_try([(verdict(),)], told, uses_seed=True) == "choose"


def test_seeds_of_tries_differ_by_row_segment_and_try_and_are_seeds():
    seeds = {seed_of_try(s, i, n) for s in (0, 1, 2**32 - 1) for i in range(20) for n in (1, 2)}

    assert len(seeds) == 120
    assert all(0 <= seed < 2**32 for seed in seeds)
    assert seed_of_try(7, 0, 1) == seed_of_try(7, 0, 1)


def test_of_failed_tries_the_one_with_fewest_then_mildest_findings_stays():
    two, mild, bad = (verdict(), verdict("noise")), (verdict(value=3.0),), (verdict(value=0.0),)

    assert best_of([two, bad, mild]) == 2
    assert best_of([bad, bad]) == 0


def test_what_is_asked_for_wins_over_what_a_plan_has_and_that_over_the_defaults():
    assert planned_policy(GateRequest(), "preview", None) == POLICY
    known = POLICY.model_copy(update={"mode": "warn", "tries": 5})

    assert planned_policy(GateRequest(), "preview", known) == known
    assert planned_policy(GateRequest(mode="off"), "preview", known).tries == 5


def test_clean_figures_pass_and_each_fault_of_the_picture_is_told_at_its_second():
    assert gates_of(still_figures()) == {}
    frozen = (0.5,) * 12 + (0.0,) + (0.5,) * 11
    assert gates_of(still_figures(step=frozen)) == {"frozen": 12 / 25}
    assert gates_of(still_figures(step=frozen, is_still=True)) == {}
    assert gates_of(still_figures(step=frozen, source="decoded")) == {}
    black = (30.0,) * 12 + (0.5,) + (30.0,) * 11
    assert gates_of(still_figures(contrast=black)) == {"black": 12 / 25}
    step = ((0.0, 0.0, 0.0),) * 12 + ((3.0, 0.0, 0.0),) * 12
    assert gates_of(still_figures(colour=step)) == {"exposure": 12 / 25}


def test_a_first_frame_that_nothing_was_before_is_no_equal_frame():
    assert gates_of(still_figures(step=(0.0,) + (0.5,) * 23)) == {}


def test_every_engine_has_limits_and_one_without_a_table_those_of_any_video():
    assert limits_of("flawed") == limits_of("preview")
    assert limits_of("live-avatar").least_contrast is not None
    assert limits_of("another").frozen_frames == 1
    assert limits_of("another").least_z is None


def test_a_file_of_limits_changes_only_what_it_names(tmp_path):
    own = tmp_path / "mine.toml"
    own.write_text("[preview]\nleast_texture = 0.1\n")

    changed = limits_of("preview", own)

    assert changed == limits_of("preview").model_copy(update={"least_texture": 0.1})
    assert limits_of("null", own) == limits_of("null")


def test_a_file_of_limits_that_is_no_toml_is_refused(tmp_path):
    own = tmp_path / "mine.toml"
    own.write_text("least_texture: 0.1")

    with pytest.raises(CampaignError, match=r"mine\.toml: this is not valid TOML"):
        limits_of("preview", own)


def test_verdicts_are_told_with_minutes_and_the_rest_by_number():
    many = [verdict(second=second) for second in (14.3, 65.0, 600.0, 700.0)]

    assert told_verdicts(many[:1]) == "picture of one colour from 0:14"
    assert told_verdicts(many).endswith("from 10:00 and 1 more")
    assert told_verdicts([]) == ""


def test_an_engine_whose_limits_nobody_has_tried_is_told_unless_it_has_limits_of_ones_own(
    tmp_path: Path,
):
    [told] = uncalibrated_notices(["preview", "live-avatar", "live-avatar", "null"])
    assert told.startswith("gates of live-avatar: these limits have not been tried")
    assert "\n" not in told
    own = tmp_path / "mine.toml"
    own.write_text("[live-avatar]\nleast_likeness = 0.7\n")
    assert uncalibrated_notices(["live-avatar"], own) == []
    assert limits_of("live-avatar", own).least_likeness == 0.7
    own.write_text("[preview]\nleast_likeness = 0.7\n")
    assert uncalibrated_notices(["live-avatar"], own) == [told]
    own.write_text('[live-avatar]\nuncalibrated = "no"\n')
    with pytest.raises(CampaignError, match="uncalibrated is no limit"):
        uncalibrated_notices(["live-avatar"], own)


def test_little_fit_at_the_usual_lag_is_a_hard_sentence_and_at_another_lag_another_sound():
    def told(r: float, lag_ms: float) -> list[str]:
        sync = SyncFigures(r=r, z=0.84, lag_ms=lag_ms, speech_s=3.5, open_in_silence=0.1)
        figures = still_figures(
            face="mesh", sync=sync, motion=(0.0, 20.0) * 12, likeness=(0.95,) * 3
        )
        found = segment_verdicts(figures, POLICY.limits, is_held=True)
        return [each.words for each in found if each.gate == "sync"]

    assert told(0.498, -32.8) == [], "jun, with many closed lips"
    assert told(0.498, 200.0) == ["mouth does not follow the sound"]
    assert told(0.36, 1.0) == [], "a small mouth, with seventeen closed lips"
    assert told(0.34, -32.8) == ["mouth does not follow the sound"]
    fields = POLICY.limits.model_dump(exclude={"least_r_at_usual_lag"})
    assert GateLimits.model_validate(fields).least_r_at_usual_lag is None, "of earlier plans"


def test_a_lag_that_fits_no_better_than_the_usual_one_is_an_even_beat_of_speech():
    beat = np.arange(84) * 2 * np.pi / 12  # a syllable every 480 ms
    voice = 0.5 + 0.5 * np.sin(beat)
    uneven = voice * np.random.default_rng(3).uniform(0.2, 1, 7).repeat(12)

    def told(speech: np.ndarray, lag_frames: int, lag_ms: float) -> list[str]:
        figures = still_figures(
            face="mesh",
            likeness=(0.95,) * 7,
            motion=tuple(20 * np.roll(speech, lag_frames)),
            speech=tuple(speech),
            sync=SyncFigures(r=0.7, z=4.3, lag_ms=lag_ms, speech_s=2.3, open_in_silence=0.1),
        )
        found = segment_verdicts(figures, POLICY.limits, is_held=True)
        return [each.words for each in found if each.gate == "sync"]

    assert told(voice, -1, 441.0) == [], "it fits at the usual lag too"
    assert told(uneven, 11, 441.0) == ["mouth late by 469 ms"]
    assert told(uneven, 3, 120.0) == ["mouth late by 148 ms"]
    assert told(uneven, -4, -160.0) == ["mouth early by 132 ms"]
