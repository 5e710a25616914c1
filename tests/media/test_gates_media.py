"""Gates on real renderings: clean ones pass, and each fault put into one is found at its second."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from model.engine import FPS, Handoff, Pixels, SegmentJob
from model.preview.engine import SETTINGS, PreviewEngine
from tasks.gate_records import GateFigures, GatePolicy, GateVerdict
from tasks.plan.audio_window import EngineTrack
from tasks.portrait.picture import read_portrait
from tasks.portrait.portrait import read_rig, rig_path_of
from tasks.quality.gates.limits import limits_of
from tasks.quality.gates.reference import reference_of
from tasks.quality.gates.segment_verdicts import segment_verdicts
from tasks.quality.gates.segment_watch import watch_of
from tasks.quality.gates.video_verdicts import video_verdicts
from tasks.speech.speech import SpeechRequest, make_speech

MANIFESTS = Path(__file__).parents[2] / "manifests"
# those on which limits were measured
PORTRAITS = Path(__file__).parents[1] / "portraits"
OTTO_SPEAKS = MANIFESTS / "recordings" / "otto-welcome.wav"
WIDTH, HEIGHT, LENGTH = 384, 256, 144
POLICY = GatePolicy(limits=limits_of("preview"))
AT = 60  # frame of the fault, from the second segment's first

Doctor = Callable[[Pixels], Pixels]


@dataclass(frozen=True)
class Take:
    """Two chained segments, ``(144, H, W, 3)`` each, and the jobs they were rendered from."""

    jobs: tuple[SegmentJob, ...]
    frames: tuple[Pixels, ...]

    @property
    def pcm(self) -> np.ndarray:
        return np.concatenate(
            [job.pcm[job.left_context : len(job.pcm) - job.right_context] for job in self.jobs]
        )


def rendered(portrait: Path, recording: Path, folder: Path) -> Take:
    speech = make_speech(SpeechRequest(audio_path=recording), folder)
    track = EngineTrack(folder / f"{speech.speech_id}.16k.wav", speech.phonemes)
    engine, handoff = PreviewEngine(), None
    rig_path = rig_path_of(portrait)
    jobs: list[SegmentJob] = []
    made: list[Pixels] = []
    for start in (0, LENGTH):
        window = track.window(start, start + LENGTH, engine.identity)
        job = SegmentJob(
            key=str(start),
            portrait=read_portrait(portrait),
            rig=read_rig(rig_path) if rig_path.exists() else None,
            handoff=handoff,
            pcm=window.pcm,
            left_context=window.left_context,
            right_context=window.right_context,
            phonemes=window.phonemes,
            prompt="",
            seed=1,
            width=WIDTH,
            height=HEIGHT,
            num_frames=LENGTH,
            settings=dict(SETTINGS),
        )
        rendering = engine.render(job)
        made.append(np.concatenate(list(rendering)))
        handoff = rendering.handoff
        jobs.append(job)
    return Take(tuple(jobs), tuple(made))


def measured(job: SegmentJob, frames: Pixels) -> GateFigures:
    identity = PreviewEngine().identity
    watch = watch_of(job, reference_of(job.portrait, job.rig, WIDTH, HEIGHT, identity))
    for first in range(0, len(frames), 12):
        watch.look(frames[first : first + 12])
    return watch.figures()


def verdicts_of(job: SegmentJob, frames: Pixels) -> dict[str, GateVerdict]:
    found = segment_verdicts(measured(job, frames), POLICY.limits, is_held=True)
    return {each.gate: each for each in found}


@pytest.fixture(scope="module")
def mara(tmp_path_factory: pytest.TempPathFactory) -> Take:
    folder = tmp_path_factory.mktemp("mara")
    return rendered(PORTRAITS / "mara.png", OTTO_SPEAKS, folder)


@pytest.fixture(scope="module")
def jun(tmp_path_factory: pytest.TempPathFactory) -> Take:
    folder = tmp_path_factory.mktemp("jun")
    return rendered(PORTRAITS / "jun.png", OTTO_SPEAKS, folder)


def assert_clean(take: Take) -> None:
    figures = [measured(job, made) for job, made in zip(take.jobs, take.frames, strict=True)]
    assert video_verdicts(figures, take.pcm, POLICY) == ()


@pytest.mark.parametrize("name", ["mara", "jun", pytest.param("otto", marks=pytest.mark.sweep)])
def test_clean_renders_of_the_presenters_pass(name, tmp_path, request):
    if name == "otto":
        assert_clean(rendered(PORTRAITS / "otto.png", OTTO_SPEAKS, tmp_path))
    else:
        assert_clean(request.getfixturevalue(name))


@pytest.mark.sweep
@pytest.mark.parametrize("name", ["mara", "jun", "otto"])
def test_clean_renders_of_the_shipped_presenters_pass(name: str, tmp_path: Path):
    assert_clean(rendered(MANIFESTS / "portraits" / f"{name}.png", OTTO_SPEAKS, tmp_path))


@pytest.mark.parametrize(
    ("portrait", "sound"),
    [
        ("dwarven_blacksmith.jpg", "dwarven_blacksmith.wav"),
        ("kitchen_grandmother.jpg", "kitchen_grandmother.wav"),
        *(
            pytest.param(*each, marks=pytest.mark.sweep)
            for each in (
                ("boy.jpg", "fashion_blogger.wav"),
                ("fashion_blogger.jpg", "fashion_blogger.wav"),
                ("livestream_1.png", "kitchen_grandmother.wav"),
            )
        ),
    ],
)
def test_clean_renders_of_the_samples_pass(portrait, sound, samples, tmp_path):
    assert_clean(rendered(samples / portrait, samples / sound, tmp_path))


# --- faults of the picture ----------------------------------------------------------------------


def frozen_second(frames: Pixels) -> Pixels:
    frames[AT + 1 : AT + 26] = frames[AT]
    return frames


def doubled_frame(frames: Pixels) -> Pixels:
    frames[AT] = frames[AT - 1]
    return frames


def black_frame(frames: Pixels) -> Pixels:
    frames[AT] = 0
    return frames


def green_frame(frames: Pixels) -> Pixels:
    frames[AT] = (0, 255, 0)
    return frames


def colour_step(frames: Pixels) -> Pixels:
    warmer = frames[AT:].astype(np.int16) + np.array([6, 0, -4], np.int16)
    frames[AT:] = np.clip(warmer, 0, 255)
    return frames


def blur(frames: Pixels) -> Pixels:
    for frame in frames[AT : AT + 12]:
        frame[:] = cv2.GaussianBlur(frame, (0, 0), 2.0)
    return frames


def noise(frames: Pixels) -> Pixels:
    """What pixels made of NaN look like."""
    rng = np.random.default_rng(0)
    frames[AT : AT + 12] = rng.integers(0, 256, frames[AT : AT + 12].shape, np.uint8)
    return frames


@pytest.mark.parametrize(
    ("doctor", "gate"),
    [
        (frozen_second, "frozen"),
        (doubled_frame, "frozen"),
        (black_frame, "black"),
        (green_frame, "black"),
        (colour_step, "exposure"),
        (blur, "sharpness"),
        (noise, "noise"),
    ],
)
def test_a_fault_of_the_picture_is_found_at_its_second(doctor: Doctor, gate: str, mara: Take):
    found = verdicts_of(mara.jobs[1], doctor(mara.frames[1].copy()))

    assert gate in found
    assert abs(found[gate].second - AT / FPS) <= 3 / FPS


def test_a_black_frame_is_not_also_called_blurred_or_badly_exposed(mara: Take):
    found = verdicts_of(mara.jobs[1], black_frame(mara.frames[1].copy()))

    assert set(found) == {"black"}


@pytest.mark.parametrize("shift", [(0, 3), pytest.param((3, 0), marks=pytest.mark.sweep)])
def test_a_jump_where_a_segment_begins_is_found(shift, mara: Take):
    moved = np.roll(mara.frames[1], shift, (1, 2))

    found = verdicts_of(mara.jobs[1], moved)

    assert found["seam"].second == 0


def test_a_repeated_handoff_frame_is_found(mara: Take):
    frames = mara.frames[1].copy()
    frames[0] = mara.frames[0][-1]

    assert verdicts_of(mara.jobs[1], frames)["frozen"].second == 0


# --- faults of the presenter --------------------------------------------------------------------


def test_another_face_spliced_in_for_a_second_is_found(mara: Take, jun: Take):
    frames = mara.frames[1].copy()
    frames[AT : AT + 25] = jun.frames[1][AT : AT + 25]

    found = verdicts_of(mara.jobs[1], frames)

    assert abs(found["identity"].second - AT / FPS) <= 0.5


def test_a_second_face_is_found(mara: Take, jun: Take):
    frames = mara.frames[1].copy()
    small = [cv2.resize(frame[:, 64:320], (96, 96)) for frame in jun.frames[1][AT : AT + 50]]
    frames[AT : AT + 50, 8:104, 8:104] = np.stack(small)

    found = verdicts_of(mara.jobs[1], frames)

    assert abs(found["faces"].second - AT / FPS) <= 1.0
    assert found["faces"].words == "a second face"


def test_a_presenter_who_is_gone_is_found(mara: Take):
    frames = mara.frames[1].copy()
    wall = cv2.resize(frames[0][:40, :40], (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    frames[AT : AT + 50] = wall + np.arange(50, dtype=np.uint8)[:, None, None, None] % 2

    found = verdicts_of(mara.jobs[1], frames)

    assert abs(found["faces"].second - AT / FPS) <= 0.5


def test_a_dead_mouth_under_loud_speech_is_found(mara: Take):
    engine = PreviewEngine()
    job = mara.jobs[1]
    silent = replace(job, pcm=np.zeros_like(job.pcm), phonemes=None)
    frames = mara.frames[1].copy()
    frames[AT:] = np.concatenate(list(engine.render(silent)))[AT:]

    found = verdicts_of(job, frames)

    assert abs(found["life"].second - AT / FPS) <= 0.6
    assert "mouth hardly moves" in found["life"].words


@pytest.mark.parametrize(
    "shift_ms",
    [-80, 80, *(pytest.param(each, marks=pytest.mark.sweep) for each in (-200, -120, 120, 200))],
)
def test_sound_shifted_by_80_ms_or_more_is_found(shift_ms: int, mara: Take):
    figures = [
        measured(
            replace(job, pcm=np.roll(job.pcm, shift_ms * 16), handoff=job.handoff),
            made,
        )
        for job, made in zip(mara.jobs, mara.frames, strict=True)
    ]
    pcm = np.roll(mara.pcm, shift_ms * 16)

    found = [each for each in video_verdicts(figures, pcm, POLICY) if each.gate == "sync"]

    side = "early" if shift_ms > 0 else "late"
    assert found
    assert found[0].second == 0
    assert found[0].words.startswith(f"mouth {side} by ")
    assert abs(abs(found[0].value) - abs(shift_ms)) < 25


def test_another_recording_s_sound_is_found(mara: Take):
    job = mara.jobs[1]
    backwards = replace(job, pcm=job.pcm[::-1].copy())

    found = verdicts_of(backwards, mara.frames[1])

    assert found["sync"].words == "mouth does not follow the sound"


def test_a_slow_drift_of_colour_is_found_though_no_segment_shows_it(mara: Take):
    figures = [measured(job, made) for job, made in zip(mara.jobs, mara.frames, strict=True)]
    warmer = tuple((red + 3.5, green, blue) for red, green, blue in figures[1].colour)
    drifted = [figures[0], figures[1].model_copy(update={"colour": warmer})]

    found = video_verdicts(drifted, mara.pcm, POLICY)

    assert [(each.gate, each.second) for each in found] == [("drift", LENGTH / FPS)]


def test_the_same_frames_in_other_batches_give_the_same_figures(mara: Take):
    job, frames = mara.jobs[0], mara.frames[0]
    identity = PreviewEngine().identity
    watch = watch_of(job, reference_of(job.portrait, job.rig, WIDTH, HEIGHT, identity))
    for first in range(0, len(frames), 7):
        watch.look(frames[first : first + 7])

    assert watch.figures() == measured(job, frames)


def test_handoffs_are_what_seams_are_compared_with(mara: Take):
    assert isinstance(mara.jobs[1].handoff, Handoff)
    assert measured(mara.jobs[0], mara.frames[0]).seam is None
    assert measured(mara.jobs[1], mara.frames[1]).seam is not None
