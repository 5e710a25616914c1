"""What is measured of a mouth, a face and a seam, on curves and pictures with known answers."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from preview_jobs import NAMES, portrait

from flows.cli.judge import KnownSeams, known_seams, seams_of
from model.preview.face import find_faces
from tasks.quality.findings import (
    Identity,
    JudgeLimits,
    LipSync,
    Seam,
    identity_findings,
    lip_sync_findings,
    seam_findings,
    sight_findings,
    worst,
)
from tasks.quality.identity import (
    FACE_SIZE,
    crop,
    drift_per_minute,
    edges,
    mouth_gap,
    views_of_landmarks,
)
from tasks.quality.lipsync import (
    filled,
    main_motion,
    open_in_silence,
    speech_levels,
    speech_seconds,
    spread,
    sync_of_motion,
    sync_of_opening,
)
from tasks.quality.seams import luma_of, reduced, shown_share, unexplained_beside, unexplained_step
from tasks.records import FileEntry, SegmentMedia, SegmentReceipt, VideoReceipt
from tasks.store.campaign_folder import (
    CampaignFolder,
)
from tasks.store.entries import (
    entry_of,
)

LIMITS = JudgeLimits()
FPS = 25.0
RATE_HZ = 16_000


def loudness(seed: int, seconds: float = 10.0) -> np.ndarray:
    """Syllables of random strength and distance and a pause or two, one value a sample."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    level = np.zeros_like(t)
    at = 0.3
    while at < seconds - 0.3:
        width = rng.uniform(0.05, 0.09)
        level = np.maximum(level, rng.uniform(0.3, 1) * np.exp(-0.5 * ((t - at) / width) ** 2))
        at += rng.uniform(0.15, 0.32) + (rng.random() < 0.1) * 0.5
    return level


def sound(level: np.ndarray, seed: int = 0) -> np.ndarray:
    """A noisy voice of that loudness, int16 at 16 kHz."""
    noise = np.random.default_rng(seed).normal(0, 3000, len(level))
    return (noise * level).clip(-32768, 32767).astype(np.int16)


def mouth(level: np.ndarray, lag_ms: float = 0.0) -> np.ndarray:
    """An opening at 25 fps that follows ``level`` late by ``lag_ms``."""
    times = (np.arange(len(level) // 640) + 0.5) / FPS - lag_ms / 1000
    return 0.3 * np.interp(times, np.arange(len(level)) / RATE_HZ, np.sqrt(level))


@pytest.mark.parametrize("lag_ms", [-320, -200, -80, -33, 0, 47, 80, 200, 320])
def test_a_known_lag_of_the_mouth_is_recovered_within_nine_ms(lag_ms):
    level = loudness(1)
    found = sync_of_opening(mouth(level, lag_ms), speech_levels(sound(level)), FPS)
    assert found.lag_ms == pytest.approx(lag_ms, abs=9)
    assert found.z >= LIMITS.good_z
    assert found.r > 0.7


@pytest.mark.parametrize("seed", range(2, 10))
def test_a_mouth_that_speaks_other_words_is_no_better_than_chance(seed):
    levels = speech_levels(sound(loudness(seed + 100)))
    assert sync_of_opening(mouth(loudness(seed)), levels, FPS).z <= LIMITS.least_z


def test_a_mouth_of_unknown_sign_is_recognised_and_noise_is_borne():
    level = loudness(3)
    rng = np.random.default_rng(0)
    curve = -mouth(level) + rng.normal(0, 0.03, len(mouth(level)))
    found = sync_of_motion(curve, speech_levels(sound(level)), FPS)
    assert found.lag_ms == pytest.approx(0, abs=9)
    assert found.z >= LIMITS.good_z


def test_another_frame_rate_is_no_lag():
    level = loudness(4)
    frames = (np.arange(300) + 0.5) / 30
    opening = np.interp(frames, np.arange(len(level)) / RATE_HZ, np.sqrt(level))
    assert abs(sync_of_opening(opening, speech_levels(sound(level)), 30.0).lag_ms) <= 9


def test_a_still_mouth_has_no_fit():
    levels = speech_levels(sound(loudness(5)))
    assert sync_of_opening(np.full(250, 0.1), levels, FPS).z == 0


def test_curves_too_short_to_tell_fit_from_luck_are_refused():
    with pytest.raises(ValueError, match="200 steps of 10 ms"):
        sync_of_opening(np.zeros(50), np.zeros(1000), FPS)


def test_seconds_of_speech_leave_out_silence():
    voice = np.random.default_rng(0).normal(0, 3000, 2 * RATE_HZ).astype(np.int16)
    assert speech_seconds(np.concatenate([voice, np.zeros_like(voice)])) == pytest.approx(2.0)
    assert speech_seconds(np.zeros(RATE_HZ, np.int16)) == 0
    assert speech_levels(np.zeros(RATE_HZ, np.int16)).max() == 0


def test_levels_do_not_depend_on_how_loud_a_recording_is():
    pcm = sound(loudness(6))
    quiet = np.rint(pcm / 8).astype(np.int16)
    assert np.abs(speech_levels(pcm) - speech_levels(quiet)).max() < 0.05


def test_frames_without_a_face_are_bridged_and_none_at_all_is_refused():
    bridged = filled(np.array([np.nan, 1.0, np.nan, np.nan, 4.0]))
    assert bridged.tolist() == [1, 1, 2, 3, 4]
    assert spread(np.array([0.0, np.nan, 1.0])) == pytest.approx(0.9)
    with pytest.raises(ValueError, match="none that is known"):
        filled(np.full(3, np.nan))


def test_the_main_motion_of_a_mouths_pixels_is_its_opening():
    opening = mouth(loudness(7))
    rng = np.random.default_rng(0)
    pattern = rng.normal(0, 60, 120)
    light = np.linspace(0, 20, len(opening))[:, None]  # slow change that is no speech
    pixels = 120 + opening[:, None] * pattern + light + rng.normal(0, 1, (len(opening), 120))
    motion = main_motion(pixels.clip(0, 255).astype(np.uint8))
    assert abs(np.corrcoef(motion, opening)[0, 1]) > 0.9
    assert spread(motion) == pytest.approx(60 * spread(opening), rel=0.35)


def test_a_mouth_left_open_in_silence_is_told():
    levels = np.concatenate([np.ones(200), np.zeros(200)])
    opening = np.r_[np.tile([0.02, 0.2], 25), np.full(50, 0.12)]
    assert open_in_silence(opening, levels, FPS) == pytest.approx(0.1, abs=0.01)
    assert open_in_silence(opening, np.ones(400), FPS) is None


# --- identity -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def faces() -> dict[str, np.ndarray]:
    found = {}
    for name in NAMES:
        pixels = portrait(name)
        views = views_of_landmarks(find_faces(pixels)[0].landmarks)
        found[name] = edges(crop(pixels, views.face, FACE_SIZE))
    return found


def test_other_presenters_are_other_faces(faces):
    likeness = np.array([[faces[a] @ faces[b] for a in NAMES] for b in NAMES])
    assert np.allclose(np.diag(likeness), 1)
    assert likeness[~np.eye(len(NAMES), dtype=bool)].max() < LIMITS.least_identity


def test_a_face_stays_itself_when_turned_smaller_and_darker(faces):
    side = 512
    angle, scale = np.radians(9), 0.6
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    shift = side / 2 - turn @ [side / 2, side / 2]
    pixels = portrait("mara", side)
    landmarks = find_faces(pixels)[0].landmarks.copy()
    landmarks[:, :2] = landmarks[:, :2] @ turn.T + shift
    moved = cv2.warpAffine(pixels, np.c_[turn, shift], (side, side), flags=cv2.INTER_AREA)
    darker = (0.7 * moved).astype(np.uint8)
    face = edges(crop(darker, views_of_landmarks(landmarks).face, FACE_SIZE))
    assert face @ faces["mara"] > 0.93


def test_the_mouths_gap_is_measured_in_eye_distances():
    landmarks = np.zeros((468, 3), np.float32)
    landmarks[33, :2], landmarks[263, :2] = (100, 100), (200, 100)
    for upper, lower in ((13, 14), (82, 87), (312, 317)):
        landmarks[upper, :2], landmarks[lower, :2] = (150, 180), (150, 195)
    assert mouth_gap(landmarks) == pytest.approx(0.15)


def test_a_face_that_fades_away_drifts():
    assert drift_per_minute(np.linspace(1, 0.9, 1500), FPS) == pytest.approx(-0.1, rel=0.01)
    assert drift_per_minute(np.ones(1), FPS) == 0


# --- seams --------------------------------------------------------------------------------------


def scene(index: float) -> np.ndarray:
    """A soft picture that moves half a pixel a frame."""
    y, x = np.mgrid[0:192, 0:256]
    wave = 120 + 50 * np.sin((x + 0.5 * index) / 30) * np.cos((y - 0.2 * index) / 23)
    return np.stack([wave, 0.8 * wave + 20, 0.6 * wave + 60], -1).round().astype(np.uint8)


def seam_step(after: list[np.ndarray]) -> float:
    before = [reduced(luma_of(scene(k))) for k in range(4)]
    return unexplained_step(before, [reduced(luma_of(frame)) for frame in after])


def test_steady_motion_over_a_seam_explains_its_step():
    assert seam_step([scene(k) for k in range(4, 8)]) < 0.1


@pytest.mark.parametrize(
    "spoilt",
    [
        pytest.param(lambda k: np.roll(scene(k), 3, axis=1), id="3 px jump"),
        pytest.param(lambda k: np.add(scene(k), [4, 2, -2]), id="colour step"),
        pytest.param(lambda k: scene(k + 12), id="frames skipped"),
    ],
)
def test_a_jump_and_a_colour_step_are_not_explained(spoilt):
    frames = [spoilt(k).astype(np.uint8) for k in range(4, 8)]
    assert seam_step(frames) > LIMITS.most_unexplained_step


def test_a_seam_beside_a_single_frame_is_still_measured():
    one, two = reduced(luma_of(scene(0))), reduced(luma_of(scene(1)))
    assert unexplained_step([one], [two]) == pytest.approx(float(np.abs(two - one).mean()))


def test_steps_beside_a_seam_are_measured_without_the_seam():
    still, moved = reduced(luma_of(scene(0))), reduced(luma_of(scene(40)))
    assert unexplained_beside([still] * 8, [moved] * 8) == 0
    assert unexplained_beside([still] * 4 + [moved] * 4, [moved] * 8) > 1
    assert unexplained_beside([still] * 8, [still] * 4 + [moved] * 2) > 1
    assert unexplained_beside([still] * 4, [moved] * 4) == 0


def test_the_shown_share_of_a_step_is_one_and_of_a_repeated_frame_none():
    assert shown_share(scene(1), scene(0), scene(1)) == 1
    assert shown_share(scene(0), scene(0), scene(1)) == 0
    with pytest.raises(ValueError, match="repeated"):
        shown_share(scene(0), scene(0), scene(0))


# --- verdicts -----------------------------------------------------------------------------------


def lip_sync(**change) -> LipSync:
    values = {
        "r": 0.8,
        "lag_ms": -30.0,
        "z": 7.0,
        "seen_by": "mesh",
        "gap_range": 0.15,
        "motion_range": 20.0,
        "open_in_silence": 0.01,
    }
    return LipSync(**(values | change))


@pytest.mark.parametrize(
    ("change", "verdict", "word"),
    [
        ({}, "pass", ""),
        ({"z": 3.9}, "warn", "z 3.9"),
        ({"z": 2.4}, "fail", "no better than chance"),
        ({"z": 2.4, "lag_ms": 300.0}, "fail", "no better than chance"),
        ({"lag_ms": 81.0}, "fail", "81 ms behind the sound"),
        ({"lag_ms": -170.0}, "fail", "170 ms ahead of the sound"),
        ({"gap_range": 0.04}, "pass", ""),
        ({"motion_range": 1.0}, "pass", ""),
        ({"gap_range": None}, "pass", ""),
        ({"gap_range": 0.04, "motion_range": 1.0}, "fail", "its opening is 0.040 (0.05 of the eye"),
        ({"gap_range": None, "motion_range": 1.0}, "fail", "by 1.0 grey levels"),
    ],
)
def test_lip_sync_is_judged_by_its_limits(change, verdict, word):
    findings = list(lip_sync_findings(lip_sync(**change), LIMITS))
    assert worst(findings) == verdict
    assert len(findings) == (verdict != "pass")
    assert all(word in sentence for _, sentence in findings)


def test_too_little_speech_warns_no_sound_fails_and_neither_invents_a_figure():
    assert list(sight_findings(1.0, 12.0, LIMITS)) == []
    assert list(lip_sync_findings(None, LIMITS)) == []
    ((verdict, sentence),) = sight_findings(1.0, 2.2, LIMITS)
    assert verdict == "warn"
    assert "2.2 s of speech are too short" in sentence
    assert list(sight_findings(1.0, None, LIMITS)) == [("fail", "the video has no sound")]
    ((verdict, sentence),) = sight_findings(0.25, 12.0, LIMITS)
    assert verdict == "fail"
    assert "25% of the frames" in sentence


def test_another_face_fails():
    other = Identity(reference="portrait", p5=0.71, median=0.8, drift_per_minute=0.0)
    ((verdict, sentence),) = identity_findings(other, LIMITS)
    assert verdict == "fail"
    assert "unlike the portrait: likeness 0.71" in sentence
    assert list(identity_findings(other.model_copy(update={"p5": 0.8}), LIMITS)) == []


def test_each_defect_of_a_seam_has_its_sentence():
    clean = Seam(
        frame=48, unexplained_step=0.3, unexplained_beside=0.2, mean_step=-0.1, shown_share=1.0
    )
    busy = clean.model_copy(update={"unexplained_step": 0.6, "unexplained_beside": 0.4})
    assert list(seam_findings([clean, busy], [], LIMITS)) == []
    for change, word in (
        ({"unexplained_step": 0.6}, "the picture jumps at frame 48"),
        ({"mean_step": -0.6}, "the brightness steps by -0.60"),
        ({"shown_share": 0.02}, "shows 0.02 of its step"),
    ):
        ((verdict, sentence),) = seam_findings([clean.model_copy(update=change)], [], LIMITS)
        assert verdict == "fail"
        assert word in sentence
    ((verdict, sentence),) = seam_findings([clean], [48], LIMITS)
    assert verdict == "fail"
    assert "repeats" in sentence


# --- receipts -----------------------------------------------------------------------------------


def commit(folder: CampaignFolder, key: str, num_frames: int, gates: dict[str, float]) -> None:
    place = folder.segment_folder(key)
    place.mkdir(parents=True, exist_ok=True)
    entries: list[FileEntry] = []
    for suffix in (".mp4", ".png", ".safetensors"):
        part = place / f"part{suffix}"
        part.write_bytes(key.encode())
        entries.append(folder.adopt(part, key, suffix))
    folder.commit_segment(
        SegmentReceipt(
            key=key,
            engine="preview",
            num_frames=num_frames,
            video=entries[0],
            last_frame=entries[1],
            state=entries[2],
            handoff_sha256="",
            started_from_sha256="",
            media=SegmentMedia(
                num_frames=num_frames,
                extradata_sha256="",
                packet_md5s=(),
                timescale=12_800,
                width=64,
                height=48,
            ),
            gates=gates,
            engine_seconds=1,
            attempts=1,
            host="here",
            versions={},
        )
    )


@pytest.fixture
def campaign(tmp_path) -> CampaignFolder:
    folder = CampaignFolder(tmp_path / "demo")
    folder.videos.mkdir(parents=True)
    video = folder.video_path("ann")
    video.write_bytes(b"frames")
    keys = ("aa1", "bb2", "cc3")
    for key, num_frames, is_repeated in zip(keys, (48, 36, 11), (0.0, 1.0, 0.0), strict=True):
        commit(folder, key, num_frames, {"is_seam_duplicate": is_repeated})
    folder.commit_video(
        VideoReceipt(
            video_id="ann",
            plan_sha256="",
            segment_keys=keys,
            file=entry_of(video),
            captions=(),
            num_frames=95,
            duration_s=3.8,
            checks={},
        )
    )
    return folder


def test_seams_are_where_the_segments_receipts_say(campaign):
    assert known_seams(campaign.video_path("ann")) == KnownSeams((48, 84), (48,))
    assert seams_of([]) == KnownSeams()


def test_a_video_outside_a_campaign_has_no_known_seams(campaign, tmp_path):
    lonely = tmp_path / "lonely.mp4"
    lonely.write_bytes(b"frames")
    assert known_seams(lonely) == KnownSeams()
    assert known_seams(campaign.video_path("other")) == KnownSeams()
    assert known_seams(Path("ann.mp4")) == KnownSeams()


def test_lost_and_damaged_receipts_are_said(campaign):
    campaign.segment_receipt_path("bb2").unlink()
    assert (
        "the receipts of 1 of 3 segments are missing"
        in known_seams(campaign.video_path("ann")).doubt
    )
    campaign.video_path("ann").write_bytes(b"framez")
    assert "does not match" in known_seams(campaign.video_path("ann")).doubt
