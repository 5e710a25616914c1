"""Rows -> plans: what a plan holds of the settings, and keys that must not change."""

import errno
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import soundfile

from flows.prepare import Prepared, guarded, prepare_row
from flows.rows.plans import plan_video
from flows.rows.settings import PrepareSettings
from model.engine import EngineIdentity, engine_identity
from model.errors import PortraitError
from tasks.manifest.presets import load_presets
from tasks.plan.audio_window import EngineTrack
from tasks.plan.plan import unbroken_frames
from tasks.portrait.portrait import PortraitLimits
from tasks.records import FramedPortrait, ManifestRow, Scalar, VideoPlan
from tasks.speech.voices import VoiceSettings
from tasks.speech_records import Speech
from tasks.store.campaign_folder import (
    CampaignFolder,
)
from tasks.store.campaigns import (
    open_campaign,
)

PREVIEW = EngineIdentity(
    "preview",
    1,
    "weights",
    25,
    12,
    8000,
    3200,
    {"on_no_face": "fail"},
    needs_face=True,
    is_preview=True,
)
PROMPTED = replace(
    PREVIEW,
    name="prompted",
    settings={"handoff": "last-frame", "infer_frames": 48, "sample_steps": 4},
    default_prompt="A person speaks.",
)
SECONDS = 20


@pytest.fixture
def folder(tmp_path: Path) -> CampaignFolder:
    made = open_campaign(tmp_path, "june")
    made.speech.mkdir(parents=True)
    pcm = (np.arange(SECONDS * 16_000) * 7919 % 2000 - 1000).astype(np.int16)
    soundfile.write(made.speech / "s.16k.wav", pcm, 16_000, subtype="PCM_16")
    return made


def settings(**options: Scalar) -> PrepareSettings:
    return PrepareSettings(
        presets=load_presets(),
        engine_settings=options,
        voice_settings=VoiceSettings(),
        portrait_limits=PortraitLimits(),
        ffmpeg_version="ffmpeg version 7",
    )


def row(portrait: Path = Path("/p.png"), **fields: object) -> ManifestRow:
    given: dict[str, object] = {"line": 2, "video_id": "a", "script": "Hello."}
    return ManifestRow.model_validate(given | {"portrait_path": portrait} | fields)


def plan_of(
    folder: CampaignFolder,
    identity: EngineIdentity = PREVIEW,
    options: dict[str, Scalar] | None = None,
    **fields: object,
) -> VideoPlan:
    speech = Speech(
        speech_id="s",
        source="builtin",
        voice="v",
        language="en",
        sample_rate_hz=16_000,
        num_channels=1,
        num_samples=SECONDS * 16_000,
        engine_gain_db=0.0,
        grid_levels_db=tuple(-90.0 if index % 9 == 4 else -30.0 for index in range(60)),
        cues=(),
        file_sha256="f",
        engine_file_sha256="e",
    )
    return plan_video(
        row(**fields),
        settings(**(options or {})),
        identity=identity,
        speech=speech,
        track=EngineTrack(folder.speech / "s.16k.wav", None),
        portrait=FramedPortrait(name="p.png", sha256="sha"),
        smaller_portrait=None,
        size=(384, 256),
    )


@pytest.mark.parametrize(
    ("preset", "cuts", "last_key"),
    [
        ("quick", (156, 264, 372, 500), "c9fc954e03792eea7022d9a7e3d6f30f"),
        ("draft", (156, 264, 372, 500), "8e8df695b899bbf20d8abb218ce5a0d1"),
        ("standard", (156, 264, 372, 500), "73c75a076882878316fdf4ac7d86620f"),
        ("hd", (156, 264, 372, 500), "083104bf27ed29b05065df21216d9cc9"),
        ("long", (500,), "2080d50f656b9502314d54e12cef66fb"),
    ],
)
def test_segments_that_are_paid_for_keep_their_keys(
    folder: CampaignFolder, preset: str, cuts: tuple[int, ...], last_key: str
) -> None:
    plan = plan_of(folder, preset=preset)

    assert tuple(segment.end_frame for segment in plan.segments) == cuts
    assert plan.segments[-1].key.startswith(last_key)


def test_a_row_without_a_prompt_reads_the_engines_own_and_its_key_says_so(
    folder: CampaignFolder,
) -> None:
    absent, written = plan_of(folder, PROMPTED), plan_of(folder, PROMPTED, prompt="calm")
    same = plan_of(folder, PROMPTED, prompt="A person speaks.")

    assert (absent.prompt, written.prompt) == ("A person speaks.", "calm")
    assert absent.segments[0].key == same.segments[0].key != written.segments[0].key
    assert (plan_of(folder).prompt, plan_of(folder, prompt="calm").prompt) == ("", "calm")


@pytest.mark.parametrize("infer_frames", [48, 36, 32, 24, 80, 1])
def test_the_number_of_clips_counts_their_frames_as_given_and_cuts_stay_on_the_grid(
    folder: CampaignFolder, infer_frames: int
) -> None:
    plan = plan_of(
        folder, PROMPTED, num_clip=5, settings={"infer_frames": infer_frames, "segment_clips": 2}
    )

    assert plan.num_frames == 5 * infer_frames
    assert plan.settings["infer_frames"] == infer_frames
    assert all(segment.start_frame % 12 == 0 for segment in plan.segments)
    assert max(segment.num_frames for segment in plan.segments) <= max(12, 3 * infer_frames + 12)


def test_a_setting_of_the_engine_changes_every_key_and_one_of_clips_only_the_cuts(
    folder: CampaignFolder,
) -> None:
    plain = plan_of(folder, PROMPTED)
    steps = plan_of(folder, PROMPTED, {"sample_steps": "2"})
    longer = plan_of(folder, PROMPTED, {"segment_clips": "10"})

    assert {each.key for each in plain.segments}.isdisjoint(each.key for each in steps.segments)
    assert (len(plain.segments), len(longer.segments)) == (4, 1)
    assert longer.settings == plain.settings


def test_a_context_handoff_makes_longer_segments_of_one_unbroken_run(
    folder: CampaignFolder,
) -> None:
    plain = plan_of(folder, PROMPTED, settings={"infer_frames": 12})
    context = plan_of(folder, PROMPTED, settings={"infer_frames": 12, "handoff": "context"})

    assert len(context.segments) < len(plain.segments)
    assert unbroken_frames(context) == context.num_frames
    assert unbroken_frames(plain) == max(segment.num_frames for segment in plain.segments)


def test_a_portrait_smaller_than_the_engine_needs_is_refused_with_the_way_out(
    folder: CampaignFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NIGHTSHOOT_WEIGHTS", "random:tiny")
    engine_identity.cache_clear()
    portrait = tmp_path / "small.png"
    assert cv2.imwrite(str(portrait), np.full((80, 63, 3), 128, np.uint8))

    prepared = prepare_row(row(portrait, engine="live-avatar"), settings(), folder, print)
    engine_identity.cache_clear()

    assert isinstance(prepared.error, PortraitError)
    assert str(prepared.error) == (
        "small.png is 63x80, but engine live-avatar needs at least 64 pixels on each side; use a "
        "larger picture (512 pixels or more give a sharp face)"
    )


def test_a_rows_unforeseen_trouble_is_its_own_and_its_traceback_is_kept(folder):
    bad = row()

    def fail() -> Prepared:
        return Prepared(bad, error=[][1])

    prepared = guarded(bad, folder, fail)

    assert str(prepared.error) == (
        f"IndexError: list index out of range; the traceback is in logs/rows/{bad.video_id}.txt"
    )
    kept = folder.read_bytes(f"logs/rows/{bad.video_id}.txt")
    assert kept is not None
    assert b"Traceback" in kept
    assert b"in fail" in kept


def test_a_full_disk_while_a_row_is_prepared_is_that_rows_error(folder):
    full = OSError(errno.ENOSPC, "No space left on device", "x.wav")

    def fail() -> Prepared:
        raise full

    assert guarded(row(), folder, fail).error is full
