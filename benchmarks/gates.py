"""False alarms and cost of the gates on clean renders of the preview engine.

    python -m benchmarks.gates --minutes 60 --size 256x256
    python -m benchmarks.gates --minutes 5 --size 688x368 --portraits FOLDER

Every shipped presenter (and every picture in FOLDER) speaks scripts of both languages in every
built-in voice under changing seeds, segment by segment as a campaign would. Prints the worst of
every figure, every verdict (each a false alarm), and the CPU time of gates over the engine's.
"""

import argparse
import itertools
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from model.engine import FPS, Pixels, SegmentJob
from model.preview.engine import SETTINGS, PreviewEngine
from tasks.gate_records import GateFigures, GatePolicy
from tasks.plan.audio_window import EngineTrack
from tasks.plan.plan import choose_cuts, cut_settings_for
from tasks.portrait.picture import read_portrait
from tasks.portrait.portrait import read_rig, rig_path_of
from tasks.quality.gates.limits import limits_of
from tasks.quality.gates.reference import reference_of
from tasks.quality.gates.segment_watch import watch_of
from tasks.quality.gates.video_verdicts import video_verdicts
from tasks.quality.gates.words import told_verdict
from tasks.speech.speech import SpeechRequest, make_speech
from tasks.speech.voices import voices

PORTRAITS = Path(__file__).parents[1] / "manifests" / "portraits"
_TOLD_FRAMES = 5 * 60 * FPS
SCRIPTS = {
    "en": (
        "Meet Fernlight, the desk lamp that follows the sun. In the morning it wakes you with a "
        "cool, clear white, and by evening it settles into a warm amber glow. Plug it in once.",
        "Before we begin, please switch off your phone. Bob bought a big blue balloon, and maybe "
        "his mother might pop it. We will meet again on Monday at nine, in room four.",
    ),
    "zh": (
        "这是晨叶台灯，一盏懂得时间的灯。早晨它用清亮的白光叫醒你，傍晚再慢慢变成温暖的琥珀色。",
        "大家好，欢迎来到我们的直播间。今天给大家介绍一款新产品，它轻便、安静，而且非常省电。",
    ),
}


def takes(portraits: list[Path]) -> Iterator[tuple[Path, str, str, int]]:
    """Portrait, voice, script and seed, for ever."""
    spoken = [(voice.name, text) for voice in voices() for text in SCRIPTS.get(voice.language, ())]
    pairs = list(itertools.product(portraits, spoken))
    for seed in itertools.count():
        for portrait, (voice, text) in pairs:
            yield portrait, voice, text, seed


class Totals:
    """What was seen in all takes."""

    def __init__(self) -> None:
        self.frames, self.engine_s, self.gates_s = 0, 0.0, 0.0
        self.worst: dict[str, float] = {}
        self.alarms: Counter[str] = Counter()

    def sentence(self, size: str) -> str:
        """How much was seen, and how often a clean video was not passed."""
        minutes = self.frames / FPS / 60
        by_gate = ", ".join(f"{gate} {count}" for gate, count in self.alarms.most_common())
        told = f" ({by_gate})" if by_gate else ""
        return f"{minutes:.1f} minutes at {size}, {sum(self.alarms.values())} false alarms{told}"

    def note(self, name: str, value: float, *, is_low: bool) -> None:
        known = self.worst.get(name)
        if known is None or (value < known if is_low else value > known):
            self.worst[name] = round(value, 3)

    def note_figures(self, found: GateFigures) -> None:
        motion, speech = np.array(found.motion), np.array(found.speech)
        known = [each for each in found.likeness if each is not None]
        colour = np.array(found.colour)
        self.note("least contrast", min(found.contrast), is_low=True)
        self.note("least step", min(found.step[1:]), is_low=True)
        self.note("least texture", min(found.texture), is_low=True)
        self.note("most texture", max(found.texture), is_low=False)
        self.note("most colour off", float(np.abs(colour).max()), is_low=False)
        steps = float(np.abs(np.diff(colour, axis=0)).max())
        self.note("most colour step", steps, is_low=False)
        if known:
            self.note("least median likeness", float(np.median(known)), is_low=True)
            pairs = [max(pair) for pair in itertools.pairwise(known)]
            self.note("least likeness of two looks", min(pairs), is_low=True)
        eyes = [each for each in found.eyes if each is not None]
        self.note("least eyes", min(eyes, default=1.0), is_low=True)
        heads = [each for each in found.head if each is not None]
        for before, after in itertools.pairwise(heads):
            move = float(np.hypot(after[0] - before[0], after[1] - before[1]))
            self.note("most head move", move, is_low=False)
        for start in range(0, max(1, len(motion) - 49), 5):
            if (speech[start : start + 50] > 0.35).mean() >= 0.5:
                change = float(np.abs(np.diff(motion[start : start + 50])).mean())
                self.note("least motion", change, is_low=True)
        if found.sync is not None:
            if found.sync.speech_s >= 2:
                self.note("least r", found.sync.r, is_low=True)
                self.note("least lag", found.sync.lag_ms, is_low=True)
                self.note("most lag", found.sync.lag_ms, is_low=False)
            if found.sync.open_in_silence is not None:
                self.note("most open in silence", found.sync.open_in_silence, is_low=False)
        if found.seam is not None:
            beyond = found.seam.unexplained_step - found.seam.unexplained_beside
            beyond = min(beyond, found.step[0] - max(found.step[1:], default=0.0))
            self.note("most seam step", beyond, is_low=False)


def judge(
    engine: PreviewEngine,
    take: tuple[Path, str, str, int],
    size: tuple[int, int],
    folder: Path,
    totals: Totals,
) -> None:
    """Render one take, measure and judge it."""
    path, voice, text, seed = take
    language = "en" if text in SCRIPTS["en"] else "zh"
    speech = make_speech(SpeechRequest(text=text, voice=voice, language=language), folder)
    track = EngineTrack(folder / f"{speech.speech_id}.16k.wav", speech.phonemes)
    num_frames = speech.num_samples * FPS // speech.sample_rate_hz
    cuts = choose_cuts(speech.grid_levels_db, num_frames, cut_settings_for(3, 48))
    rig_path = rig_path_of(path)
    portrait, rig = read_portrait(path), read_rig(rig_path) if rig_path.exists() else None
    reference = reference_of(portrait, rig, *size, engine.identity)
    handoff, figures = None, []
    for start, end in itertools.pairwise(cuts):
        window = track.window(start, end, engine.identity)
        job = SegmentJob(
            key=str(start),
            portrait=portrait,
            rig=rig,
            handoff=handoff,
            pcm=window.pcm,
            left_context=window.left_context,
            right_context=window.right_context,
            phonemes=window.phonemes,
            prompt="",
            seed=seed,
            width=size[0],
            height=size[1],
            num_frames=end - start,
            settings=dict(SETTINGS),
        )
        rendering, watch = engine.render(job), watch_of(job, reference)
        while True:
            began = time.process_time()
            chunk: Pixels | None = next(rendering, None)
            totals.engine_s += time.process_time() - began
            if chunk is None:
                break
            began = time.process_time()
            watch.look(chunk)
            totals.gates_s += time.process_time() - began
        began = time.process_time()
        figures.append(watch.figures())
        totals.gates_s += time.process_time() - began
        totals.note_figures(figures[-1])
        handoff = rendering.handoff
    totals.frames += num_frames
    window = track.window(0, num_frames, engine.identity)
    pcm = window.pcm[window.left_context : len(window.pcm) - window.right_context]
    policy = GatePolicy(limits=limits_of("preview"))
    for verdict in video_verdicts(figures, pcm, policy):
        totals.alarms[verdict.gate] += 1
        print(f"  {path.name} {voice} seed {seed}: {told_verdict(verdict)} ({verdict.value})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0, help="of video")
    parser.add_argument("--size", default="256x256")
    parser.add_argument("--portraits", type=Path, help="a folder with more pictures")
    parser.add_argument("--seconds", type=float, default=1e9, help="stop after so long")
    asked = parser.parse_args()
    width, height = (int(side) for side in asked.size.split("x"))
    pictures = sorted(PORTRAITS.glob("*.png"))
    if asked.portraits:
        pictures += sorted(p for p in asked.portraits.iterdir() if p.suffix in (".jpg", ".png"))
    totals, engine, began, told = Totals(), PreviewEngine(), time.monotonic(), 0
    with tempfile.TemporaryDirectory() as folder:
        for take in takes(pictures):
            judge(engine, take, (width, height), Path(folder), totals)
            if totals.frames // _TOLD_FRAMES > told:
                told = totals.frames // _TOLD_FRAMES
                print(f"so far {totals.sentence(asked.size)}", flush=True)
            is_late = time.monotonic() - began > asked.seconds
            if is_late or totals.frames / FPS / 60 >= asked.minutes:
                break
    print(totals.sentence(asked.size))
    print(f"gates {totals.gates_s / totals.engine_s:.1%} of the engine's CPU time")
    for name, value in sorted(totals.worst.items()):
        print(f"{name:30s} {value}")


if __name__ == "__main__":
    main()
