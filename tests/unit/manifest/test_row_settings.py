"""Settings of rows: which of four places wins, and what is refused before any work."""

import subprocess
import sys
from pathlib import Path

import pytest

from flows.cli.cluster_commands import SETTING_HELP
from model.engine import EngineIdentity, engine_identity
from model.errors import CampaignError, WeightsError
from tasks.manifest.cell_values import BadValueError
from tasks.manifest.presets import Preset, load_presets
from tasks.manifest.row_settings import (
    DEFAULT_SEGMENT_CLIPS,
    SETTING_COLUMNS,
    as_kind_of,
    check_options,
    notices_of,
    row_settings,
)
from tasks.records import ManifestRow, Scalar

ROOT = Path(__file__).parents[3]
PRESETS = load_presets()
PLAIN = EngineIdentity("plain", 1, "none", 25, 12, 0, 0, {"delay_ms": 0})
DENOISER = EngineIdentity(
    "denoiser",
    1,
    "none",
    25,
    12,
    0,
    0,
    {"handoff": "last-frame", "infer_frames": 36, "sample_shift": 3.0, "sample_steps": 9},
)


@pytest.fixture
def live_avatar(monkeypatch: pytest.MonkeyPatch) -> EngineIdentity:
    """The engine with small random weights, which planning never reads."""
    monkeypatch.setenv("NIGHTSHOOT_WEIGHTS", "random:tiny")
    engine_identity.cache_clear()
    return engine_identity("live-avatar")


@pytest.fixture(autouse=True)
def forgotten() -> object:
    yield
    engine_identity.cache_clear()


def row(engine: str = "live-avatar", preset: str = "standard", **fields: object) -> ManifestRow:
    given = {"line": 2, "video_id": "a", "portrait_path": Path("/a.png"), **fields}
    return ManifestRow.model_validate({**given, "engine": engine, "preset": preset})


# --- whose value --------------------------------------------------------------------------------


def test_a_cell_wins_over_an_option_over_a_preset_over_the_engine() -> None:
    cell, option = {"sample_steps": 1}, {"sample_steps": 2}
    bare = Preset(width=64, height=64, sample_steps=3, crf=20)

    def steps(cells: dict[str, Scalar], options: dict[str, Scalar]) -> Scalar:
        return row_settings(row(settings=cells), bare, options, DENOISER).engine["sample_steps"]

    assert (steps(cell, option), steps({}, option), steps({}, {})) == (1, 2, 3)
    assert row_settings(row(), bare, {}, DENOISER).engine["sample_shift"] == 3.0


def test_frames_of_a_clip_are_the_plans_and_the_engines() -> None:
    used = row_settings(row(settings={"infer_frames": 80}), PRESETS["hd"], {}, DENOISER)

    assert used.infer_frames == used.engine["infer_frames"] == 80
    plain = row_settings(row(settings={"infer_frames": 80}), PRESETS["hd"], {}, PLAIN)
    assert (plain.infer_frames, plain.engine) == (80, {"delay_ms": 0})


def test_a_segment_aims_at_its_handoffs_number_of_clips_unless_somebody_says() -> None:
    def clips(
        options: dict[str, Scalar], identity: EngineIdentity = DENOISER, preset: str = "hd"
    ) -> int:
        return row_settings(row(), PRESETS[preset], options, identity).segment_clips

    assert DEFAULT_SEGMENT_CLIPS == {"last-frame": 3, "context": 10}
    assert (clips({}), clips({}, PLAIN), clips({"handoff": "context"})) == (3, 3, 10)
    assert clips({"handoff": "context", "segment_clips": "4"}) == 4
    assert clips({}, preset="long") == 10


@pytest.mark.parametrize(
    ("default", "given", "value"),
    [
        (4, "2", 2),
        (4, "2.0", 2),
        (4, 2, 2),
        (3.0, "5", 5.0),
        (3.0, 5, 5.0),
        (3.0, "0.25", 0.25),
        (False, "TRUE", True),
        (False, "false", False),
        (True, False, False),
        ("context", "7", "7"),
    ],
)
def test_a_text_becomes_a_value_of_its_defaults_kind(
    default: Scalar, given: Scalar, value: Scalar
) -> None:
    found = as_kind_of(default, given)
    assert (found, type(found)) == (value, type(default))


@pytest.mark.parametrize(
    ("default", "given", "rule"),
    [
        (4, "2.5", "must be a whole number"),
        (4, True, "must be a whole number"),
        (3.0, "nan", "must be a number"),
        (3.0, "three", "must be a number"),
        (3.0, True, "must be a number"),
        (False, "yes", "must be true or false"),
        (False, 1, "must be true or false"),
        ("context", 7, "must be text"),
    ],
)
def test_another_kind_is_refused(default: Scalar, given: Scalar, rule: str) -> None:
    with pytest.raises(BadValueError, match=rule):
        as_kind_of(default, given)


# --- presets of the design ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("preset", "steps"), [("quick", 2), ("draft", 3), ("standard", 4), ("hd", 4), ("long", 4)]
)
def test_a_preset_sets_the_steps_of_the_live_avatar_engine(
    live_avatar: EngineIdentity, preset: str, steps: int
) -> None:
    used = row_settings(row(preset=preset), PRESETS[preset], {}, live_avatar)

    assert used.engine == {**live_avatar.settings, "sample_steps": steps, "infer_frames": 48}
    assert notices_of([row(preset=preset)], PRESETS, {}) == []


def test_the_live_avatar_engine_is_planned_without_torch() -> None:
    code = (
        "import os, sys; os.environ['NIGHTSHOOT_WEIGHTS'] = 'random:tiny'\n"
        "from tasks.manifest.row_settings import setting_value\n"
        "setting_value('live-avatar', 'sample_steps', '2')\n"
        "sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, timeout=60)
    assert done.returncode == 0


# --- what is refused ----------------------------------------------------------------------------


def refused(rows: list[ManifestRow], options: dict[str, Scalar], **presets: Preset) -> list[str]:
    with pytest.raises(CampaignError) as caught:
        check_options(rows, PRESETS | presets, options)
    return str(caught.value).split("\n")


def test_every_wrong_option_is_told_at_once(live_avatar: EngineIdentity) -> None:
    wrong = {
        "infer_frames": "481",
        "segment_clips": "0",
        "sample_steps": "none",
        "sample_guide_scale": "4.5",
        "dtype": "bf16",
        "handoff": "both",
        "truncate_schedule": "yes",
    }
    told = refused([row(), row("preview")], wrong)

    assert len(told) == len(set(told)) == len(wrong)
    assert all(
        line.startswith(f'setting "{name}" "') for name, line in zip(wrong, told, strict=True)
    )
    assert 'from 1 to 480; try "480"' in told[0]
    assert "must be 0: the model was distilled" in told[3]
    assert 'one of last-frame, context; try "last-frame"' in told[5]


def test_an_option_is_refused_where_no_engine_of_the_rows_can_use_it(
    live_avatar: EngineIdentity,
) -> None:
    (told,) = refused([row("preview"), row("null")], {"sample_steps": 4})

    assert told.startswith('setting "sample_steps" has no use in engine null, preview, whose')
    assert "delay_ms, fail, infer_frames, on_no_face, segment_clips" in told
    check_options([row("preview"), row()], PRESETS, {"sample_steps": 4, "infer_frames": 24})


def test_what_is_reached_by_name_only_is_checked_too(live_avatar: EngineIdentity) -> None:
    good: dict[str, Scalar] = {
        "sample_shift": "5",
        "truncate_schedule": "true",
        "continuation": "She goes on.",
    }
    check_options([row()], PRESETS, good)

    used = row_settings(row(), PRESETS["hd"], good, live_avatar).engine
    assert (used["sample_shift"], used["truncate_schedule"]) == (5.0, True)
    assert used["continuation"] == "She goes on."


def test_a_preset_whose_area_is_too_small_for_the_engine_is_refused(
    live_avatar: EngineIdentity,
) -> None:
    small = Preset(width=96, height=32, sample_steps=1, crf=20)

    (told,) = refused([row(preset="small"), row("null", preset="small")], {}, small=small)

    assert 'preset "small": 96x32 is too small: engine live-avatar needs at least 64' in told
    check_options([row(preset="small", width=64, height=64)], PRESETS | {"small": small}, {})


def test_a_size_of_the_command_line_is_refused_once(live_avatar: EngineIdentity) -> None:
    rows = [row(width=384, height=48), row(width=384, height=48), row("null", width=16, height=16)]

    (told,) = refused(rows, {})

    assert told.startswith('--size "384x48" is too small: engine live-avatar needs at least 64')
    assert 'try "384x64"' in told


def test_an_engine_whose_weights_are_nowhere_says_where_they_are_published(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("NIGHTSHOOT_WEIGHTS", "NIGHTSHOOT_WEIGHTS_ID"):
        monkeypatch.delenv(name, raising=False)
    engine_identity.cache_clear()

    with pytest.raises(WeightsError, match="published at https://"):
        check_options([row()], PRESETS, {})


def test_where_only_the_id_of_the_weights_is_known_everything_is_planned(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("NIGHTSHOOT_WEIGHTS", raising=False)
    monkeypatch.setenv("NIGHTSHOOT_WEIGHTS_ID", "0123abcd")
    engine_identity.cache_clear()

    check_options([row()], PRESETS, {"sample_steps": "2"})
    assert engine_identity("live-avatar").weights_id == "0123abcd"


# --- what is told -------------------------------------------------------------------------------


def test_a_preset_value_that_an_engine_cannot_use_is_no_news() -> None:
    assert notices_of([row("preview"), row("preview", "hd"), row("null")], PRESETS, {}) == []


def test_an_option_that_one_of_the_engines_cannot_use_is_told_once(
    live_avatar: EngineIdentity,
) -> None:
    rows = [row("preview"), row("preview", "hd"), row("live-avatar")]

    assert notices_of(rows, PRESETS, {"sample_steps": "3"}) == [
        "sample_steps has no effect on rows with the preview engine, which does not use it"
    ]


def test_frames_that_are_no_multiple_of_a_block_are_told_once(live_avatar: EngineIdentity) -> None:
    rows = [row(settings={"infer_frames": frames}) for frames in (80, 32, 48, 36, 24, 80)]

    assert notices_of(rows, PRESETS, {}) == [
        "infer_frames 32, 80 is not a multiple of 12: clips have this length, but segments are cut "
        "at multiples of 12 frames, and the attention window is rounded up to whole blocks: "
        "32 -> 36, 80 -> 84"
    ]
    (told,) = notices_of([row("null")], PRESETS, {"infer_frames": "80"})
    assert "window" not in told


def test_every_setting_with_a_column_has_an_option() -> None:
    assert tuple(SETTING_HELP) == SETTING_COLUMNS
