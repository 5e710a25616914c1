"""Clean and doctored videos, and what `nightshoot judge` says of each; one table.

    .venv/bin/python benchmarks/judged_cases.py [--samples ../shared/samples] [--people DIR]
        [--animals DIR] [--out DIR]

Clean videos are renders of the preview engine, as it is. A doctored one has a fault that viewers
see at once: an animal is animated, a moustache moves in place of the lips, lids are stickers, the
picture is continued by its mirror image (as the engine does by itself where nobody frames a
portrait for it), a small second face or another presenter appears. Portraits of third parties are
no part of the repository; without the folders, presenters alone are judged.
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from model.engine import Pixels, SegmentJob
from model.preview.engine import SETTINGS, PreviewEngine
from model.preview.face import Landmarks, refine
from model.preview.features import features_of_landmarks, locate, rig_of_features
from model.preview.fit import choose_view
from model.preview.motion.life import blink
from model.preview.person import person_mask
from tasks.media.encode import encode_segment
from tasks.media.stitch import stitch_video
from tasks.plan.audio_window import EngineTrack
from tasks.portrait.faces import faces_of
from tasks.portrait.framed import frame_portrait
from tasks.portrait.picture import read_portrait
from tasks.portrait.portrait import read_rig, rig_path_of
from tasks.quality.judgement import VideoJudgement, judge_video
from tasks.records import EncodeProfile
from tasks.speech.speech import SpeechRequest, make_speech

ROOT = Path(__file__).parents[1]
PRESENTERS = ROOT / "manifests" / "portraits"
WELCOME = ROOT / "manifests" / "recordings" / "otto-welcome.wav"
DWARF_RIG = ROOT / "tests" / "rigs" / "dwarven_blacksmith.rig.json"
WIDE, SMALL = (704, 384), (256, 256)
_SHOWN_BESIDE, _SHOWN_PERSON = 0.15, 0.2  # of the frame, and of what is mirrored
NUM_FRAMES, AT, SEED = 204, 100, 3

Rig = Mapping[str, object] | None


@dataclass(frozen=True)
class Take:
    """Raw frames of one render, and what it was made of.

    Attributes:
        name: of the portrait.
        frames: ``(F, H, W, 3)``.
        portrait: ``(H, W, 3)``, what the engine was given.
        rig: the face placed in it.
        wav: what is heard.
    """

    name: str
    frames: Pixels
    portrait: Pixels
    rig: Rig
    wav: Path

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.frames.shape[2], self.frames.shape[1]


@dataclass(frozen=True)
class Case:
    """A finished video with the portrait that it is judged by, and what is wrong with it."""

    name: str
    fault: str
    video: Path
    portrait: Path
    rig: Rig
    size: tuple[int, int]


class Studio:
    """Renders, doctors and encodes."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._engine = folder, PreviewEngine()

    def take(
        self,
        picture: Path,
        recording: Path,
        size: tuple[int, int] = WIDE,
        rig: Rig = None,
        *,
        is_framed: bool = True,
        moved_rig: Callable[[Rig, Pixels], Rig] | None = None,
    ) -> Take:
        """Render a portrait with a recording; ``moved_rig`` is what the engine is given instead."""
        pixels = read_portrait(picture)
        framed = frame_portrait(pixels, rig, size, "auto") if is_framed else None
        if framed is not None:
            pixels, rig = framed.pixels, framed.rig
        given = moved_rig(rig, pixels) if moved_rig else rig
        speech = make_speech(SpeechRequest(audio_path=recording), self._folder / "speech")
        wav = self._folder / "speech" / f"{speech.speech_id}.wav"
        track = EngineTrack(wav.with_suffix(".16k.wav"), speech.phonemes)
        window = track.window(0, NUM_FRAMES, self._engine.identity)
        job = SegmentJob(
            key=picture.stem,
            portrait=pixels,
            rig=given,
            handoff=None,
            pcm=window.pcm,
            left_context=window.left_context,
            right_context=window.right_context,
            phonemes=window.phonemes,
            prompt="",
            seed=SEED,
            width=size[0],
            height=size[1],
            num_frames=NUM_FRAMES,
            settings=dict(SETTINGS),
        )
        frames = np.concatenate(list(self._engine.render(job)))
        return Take(picture.stem, frames, pixels, rig, wav)

    def case(self, take: Take, fault: str, frames: Pixels | None = None) -> Case:
        """Encode a take, or its doctored ``frames``."""
        width, height = take.size
        name = f"{take.name}-{width}x{height}-{fault or 'clean'}".replace(" ", "-")
        folder = self._folder / name
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / "segment.mp4"
        part.unlink(missing_ok=True)
        encoded = encode_segment(
            [take.frames if frames is None else frames],
            width=width,
            height=height,
            num_frames=len(take.frames),
            profile=EncodeProfile(),
            part=part,
        )
        video = self._folder / f"{name}.mp4"
        stitch_video(
            [(part, encoded.media)],
            take.wav,
            num_frames=len(take.frames),
            profile=EncodeProfile(),
            output=video,
            metadata={},
            scratch=folder,
            loudness_lufs=-16,
        )
        portrait = self._folder / f"{name}.png"
        cv2.imwrite(str(portrait), take.portrait[..., ::-1])
        return Case(take.name, fault, video, portrait, take.rig, take.size)


# --- faults -------------------------------------------------------------------------------------


def on_the_moustache(rig: Rig, pixels: Pixels) -> Rig:
    """A rig whose mouth lies between the lips and the nose."""
    features = locate(pixels, rig)
    assert features is not None
    height, width = pixels.shape[:2]
    moved = dict(rig or rig_of_features(features, width, height))
    down = float(features.upper_inner[:, 1].mean() - features.nose[1])
    for name in ("mouth_left", "mouth_right"):
        x, y = np.array(moved[name]).tolist()
        moved[name] = [round(x), round(y - 0.62 * down)]
    moved["nose"] = [round(float(features.nose[0])), round(float(features.nose[1] - 0.3 * down))]
    return moved


def sticker_lids(take: Take) -> Pixels:
    """Flat ovals of the skin's colour over the eyes in every blink."""
    frames = take.frames.copy()
    landmarks: Landmarks = faces_of(take.frames[0])[0].landmarks
    for index, frame in enumerate(frames):
        landmarks, _ = refine(take.frames[index], landmarks)
        if blink(SEED, index) < 0.5:
            continue
        for corners in ((33, 133), (362, 263)):
            ends = landmarks[list(corners), :2].astype(np.float64)
            middle, span = ends.mean(0), float(np.hypot(*(ends[1] - ends[0])))
            below = np.rint(middle + np.array([0, 0.62 * span])).astype(int)
            skin = frame[below[1] - 2 : below[1] + 3, below[0] - 3 : below[0] + 4].mean((0, 1))
            axes = (max(2, round(0.62 * span)), max(2, round(0.36 * span)))
            centre = np.rint(middle - np.array([0, 0.04 * span])).astype(int)
            cv2.ellipse(
                frame, centre.tolist(), axes, 0, 0, 360, skin.tolist(), -1, lineType=cv2.LINE_AA
            )
    return frames


def with_second_face(take: Take, other: Take) -> Pixels:
    """Another head, a quarter of the frame high, in the corner for two seconds."""
    frames = take.frames.copy()
    height, width = frames.shape[1:3]
    side = height // 4
    for index in range(AT, AT + 50):
        head = other.frames[index]
        left = (width - height) // 2
        small = cv2.resize(
            head[:, left : left + height], (side, side), interpolation=cv2.INTER_AREA
        )
        frames[index, 4 : 4 + side, 4 : 4 + side] = small
    return frames


def with_another_presenter(take: Take, other: Take) -> Pixels:
    """A second of another video."""
    frames = take.frames.copy()
    frames[AT : AT + 25] = other.frames[AT : AT + 25]
    return frames


# --- the cases ----------------------------------------------------------------------------------


def sample_takes(studio: Studio, samples: Path) -> Iterator[Take]:
    """The samples, each with its own or another's recording."""
    for picture, recording in (
        ("boy.jpg", "fashion_blogger"),
        ("fashion_blogger.jpg", "fashion_blogger"),
        ("kitchen_grandmother.jpg", "kitchen_grandmother"),
        ("livestream_1.png", "kitchen_grandmother"),
    ):
        yield studio.take(samples / picture, samples / f"{recording}.wav")
    dwarf, sound = samples / "dwarven_blacksmith.jpg", samples / "dwarven_blacksmith.wav"
    yield studio.take(dwarf, sound, rig=read_rig(DWARF_RIG))


def presenter_take(
    studio: Studio,
    name: str,
    size: tuple[int, int],
    moved_rig: Callable[[Rig, Pixels], Rig] | None = None,
) -> Take:
    """A presenter of the demo, with the demo's recording."""
    picture = PRESENTERS / f"{name}.png"
    rig = read_rig(rig_path_of(picture))
    return studio.take(picture, WELCOME, size, rig, moved_rig=moved_rig)


def cases(
    studio: Studio, samples: Path | None, people: list[Path], animals: list[Path]
) -> Iterator[Case]:
    """All of them, clean ones first."""
    names = ("mara", "jun", "otto")
    wide = [presenter_take(studio, name, WIDE) for name in names]
    small = [presenter_take(studio, name, SMALL) for name in names]
    sampled = list(sample_takes(studio, samples)) if samples else []
    for take in (*wide, *small, *sampled):
        yield studio.case(take, "")
    for one, other in zip(small, (*small[1:], small[0]), strict=True):
        yield studio.case(one, "another presenter", with_another_presenter(one, other))
        yield studio.case(one, "second face", with_second_face(one, other))
    for one, other in zip(wide, (*wide[1:], wide[0]), strict=True):
        yield studio.case(one, "second face", with_second_face(one, other))
    for take in (*wide, *(each for each in sampled if each.name in ("boy", "livestream_1"))):
        yield studio.case(take, "sticker lids", sticker_lids(take))
    for name in names:
        moved = presenter_take(studio, name, WIDE, moved_rig=on_the_moustache)
        yield studio.case(moved, "moustache")
    yield from other_cases(studio, samples, people, animals)


def other_cases(
    studio: Studio, samples: Path | None, people: list[Path], animals: list[Path]
) -> Iterator[Case]:
    """Those of samples' moustaches and of the folders."""
    if samples:
        for picture in ("boy.jpg", "fashion_blogger.jpg", "livestream_1.png"):
            moved = studio.take(
                samples / picture, samples / "fashion_blogger.wav", moved_rig=on_the_moustache
            )
            yield studio.case(moved, "moustache")
        dwarf, sound = samples / "dwarven_blacksmith.jpg", samples / "dwarven_blacksmith.wav"
        yield studio.case(studio.take(dwarf, sound), "moustache")
    for picture in people:
        yield studio.case(studio.take(picture, WELCOME), "")
    for picture in filter(is_mirrored, people):
        yield studio.case(studio.take(picture, WELCOME, is_framed=False), "mirrored")
    for picture in animals:
        yield studio.case(studio.take(picture, WELCOME), "animal")


def is_mirrored(picture: Path) -> bool:
    """Whether the engine, left alone, shows a presenter beside himself."""
    pixels = read_portrait(picture)
    height, width = pixels.shape[:2]
    features = features_of_landmarks(faces_of(pixels)[0].landmarks)
    view = choose_view(width, height, features, *WIDE)
    beside = max(0, -view.left), max(0, round(view.left + WIDE[0] - width * view.scale))
    person = person_mask(pixels) > 0.5
    strips = [max(1, round(side / view.scale)) for side in beside]
    shown = max(person[:, : strips[0]].mean(), person[:, -strips[1] :].mean())
    return max(beside) > _SHOWN_BESIDE * WIDE[0] and bool(shown > _SHOWN_PERSON)


def judged(case: Case) -> VideoJudgement:
    """What the command says of a case."""
    return judge_video(case.video, portrait=case.portrait, rig=case.rig)


def table_row(case: Case, found: VideoJudgement) -> str:
    """One line of the table."""
    told = "; ".join(f"{each.words} ({each.second:.1f} s)" for each in found.faults)
    return (
        f"| {case.name} | {case.size[0]}x{case.size[1]} | {case.fault or 'clean'} | {told or '-'} |"
    )


def pictures_of(folder: Path | None) -> list[Path]:
    """All files of a folder; none without one."""
    return sorted(folder.iterdir()) if folder else []


def main() -> None:
    """Make, judge and count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=Path, default=ROOT.parent / "shared" / "samples")
    parser.add_argument("--people", type=Path, help="Folder of portraits of people.")
    parser.add_argument("--animals", type=Path, help="Folder of pictures of animals.")
    parser.add_argument("--out", type=Path, help="Keep the videos here.")
    wanted = parser.parse_args()
    samples = wanted.samples if wanted.samples.is_dir() else None
    right = wrong = 0
    print("| portrait | size | what it is | found |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        studio = Studio(wanted.out or Path(name))
        people, animals = pictures_of(wanted.people), pictures_of(wanted.animals)
        for case in cases(studio, samples, people, animals):
            found = judged(case)
            print(table_row(case, found), flush=True)
            is_right = bool(found.faults) == bool(case.fault)
            right, wrong = right + is_right, wrong + (not is_right)
    print(f"\n{right} right, {wrong} wrong.")


if __name__ == "__main__":
    main()
