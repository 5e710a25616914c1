"""What a segment's window hears, beside the features of the whole file; a random tiny wav2vec.

    OMP_NUM_THREADS=1 .venv/bin/python benchmarks/live_avatar_audio_window.py [--seconds 75]

Eight seconds in the middle of a track, spoken by a built-in voice, are heard with some context on
each side: once normalised by the level of the whole track, once by the window's own, which is what
segments do. Compared are the features of all hidden states with those of the whole file at the
same times: root mean square of the difference, in per cent of that of the features.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from model.engine import ENGINE_SAMPLE_RATE_HZ, FPS
from model.live_avatar.assembly.random_weights import untrained
from model.live_avatar.encoders.audio import Level, Samples, frame_features, window_features
from model.speech.voices import load_voice
from tasks.speech.timeline import resampled

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "manifests" / "scripts" / "long-video.txt"
VOICE = "hibari"
CONTEXTS_S = (0, 1, 3, 10)
SEGMENT_S = 8
FRAMES = SEGMENT_S * FPS
NUM_PLACES = 3


def track(seconds: int) -> Samples:
    """So much of the script, sentence by sentence with pauses, 16 kHz."""
    voice, parts, left = load_voice(VOICE), [], seconds * ENGINE_SAMPLE_RATE_HZ
    for sentence in SCRIPT.read_text(encoding="utf-8").replace("\n", " ").split(". "):
        spoken = voice.speak(sentence.strip().rstrip(".") + ".")
        pcm = resampled(spoken.pcm, spoken.sample_rate_hz, ENGINE_SAMPLE_RATE_HZ)
        parts += [pcm, np.zeros(ENGINE_SAMPLE_RATE_HZ // 3, np.float32)]
        left -= sum(map(len, parts[-2:]))
        if left <= 0:
            break
    whole = np.concatenate(parts)[: seconds * ENGINE_SAMPLE_RATE_HZ]
    return (whole * 32_767).clip(-32_768, 32_767).astype(np.int16)


def percent(ours: Tensor, theirs: Tensor) -> float:
    return float((ours - theirs).square().mean().sqrt() / theirs.square().mean().sqrt()) * 100


def span(values: list[float]) -> str:
    return f"{min(values):.2f}-{max(values):.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=75)
    wanted = parser.parse_args()
    torch.set_num_threads(1)
    speech = untrained("tiny", torch.float32, "cpu").speech
    pcm = track(wanted.seconds)
    level = Level.of(pcm)
    states = speech.states(level.normalised(pcm))
    last = len(pcm) - (SEGMENT_S + CONTEXTS_S[-1] + 1) * ENGINE_SAMPLE_RATE_HZ
    first = CONTEXTS_S[-1] * ENGINE_SAMPLE_RATE_HZ
    unit = ENGINE_SAMPLE_RATE_HZ // FPS
    starts = [int(at) // unit * unit for at in np.linspace(first, last, NUM_PLACES)]
    wholes = {start: window_features(states, start, FRAMES) for start in starts}
    print(
        f"{len(pcm) / ENGINE_SAMPLE_RATE_HZ:.0f} s of the voice {VOICE}, {NUM_PLACES} windows of "
        f"{SEGMENT_S} s, features {tuple(wholes[starts[0]].shape)}\n"
    )
    print("| context, s each side | the track's level, % | the window's own level, % |")
    print("|---|---|---|")
    for seconds in CONTEXTS_S:
        context = seconds * ENGINE_SAMPLE_RATE_HZ
        found: tuple[list[float], list[float]] = ([], [])
        for start, whole in wholes.items():
            end = start + SEGMENT_S * ENGINE_SAMPLE_RATE_HZ + context
            window = pcm[start - context : end]
            for values, by in zip(found, (level, Level.of(window)), strict=True):
                heard = speech.segment_features(window, context, FRAMES, by)
                values.append(percent(heard, whole))
        print(f"| {seconds} | {span(found[0])} | {span(found[1])} |", flush=True)
    num_frames = starts[-1] // unit + FRAMES
    stretched = frame_features(speech.file_features(pcm), num_frames)
    by_time = [
        percent(stretched[..., start // unit : start // unit + FRAMES], whole)
        for start, whole in wholes.items()
    ]
    spread = [
        percent(whole.mean(-1, keepdim=True).expand_as(whole), whole) for whole in wholes.values()
    ]
    print(
        f"\nwhole file, the reference's stretching against exact times: {span(by_time)} %; "
        f"what a feature moves around its own mean: {span(spread)} %"
    )


if __name__ == "__main__":
    main()
