"""Learns the first net that hears closed lips, from speech with the times of its phones.

``benchmarks/closures_recordings.py`` learns the second one, with people; both need torch.

Each sentence is heard as it is, and as others would say, record and send it: other formants, tilts,
rooms, noises, voices and music behind it, clipped, cut to a telephone's band, through codecs. The
net is taught to tell kinds of phones, too, which keeps it from taking an n or a d for an m or a b;
what it says of them is not shipped.

    python -m benchmarks.closures_learning SPEECH.npz NET.npz --without bm_george zf_xiaoxiao

With ``--without``, voices are left out, and half of the sentences that they say.
"""

import argparse
import subprocess
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import signal
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from benchmarks.closures import CLOSED, LEVEL_DBFS, Sound, Spoken, learnt_from, levelled, read
from model.alignment.phone_net import KIND_OF, NET_PATH, NUM_KINDS, PAUSE
from model.preview.motion.closures import DILATIONS, band_levels, closure_features, reach
from tasks.processes.ffmpeg import ffmpeg_path

Net = dict[str, NDArray[np.float32]]
RATE_HZ, HOP, WINDOW, FFT = 16_000, 160, 640, 1024
REACH = reach(DILATIONS)
UNKNOWN = -100  # torch's number for kinds that are not learnt from
NUM_VERSIONS = 3
NUM_CHANNELS, NUM_ROUNDS = 48, 8
STRETCH, BATCH = 192, 48  # steps of a stretch, and stretches at a time
CODECS = (
    ("-c:a", "libmp3lame", "-b:a", "24k", "-f", "mp3"),
    ("-c:a", "libmp3lame", "-b:a", "40k", "-f", "mp3"),
    ("-c:a", "libopus", "-b:a", "10k", "-f", "ogg"),
    ("-c:a", "libopus", "-b:a", "20k", "-f", "ogg"),
    ("-c:a", "libopencore_amrnb", "-ar", "8000", "-b:a", "7.95k", "-f", "amr"),
    ("-c:a", "aac", "-b:a", "24k", "-f", "adts"),
)


@dataclass(frozen=True)
class Example:
    """What the net reads of a sentence ``(T, 2 * B)``, and what it is to say at each step.

    ``shut`` is 1 within m, b and p; ``counts`` is how much a step counts; ``kinds`` are of phones.
    """

    features: NDArray[np.float32]
    shut: NDArray[np.float32]
    counts: NDArray[np.float32]
    kinds: NDArray[np.int64]


# --- versions of a sentence ---------------------------------------------------------------------


def examples(one: Spoken, others: Sequence[Spoken]) -> Iterator[Example]:
    """A sentence as it is, and in other versions, which depend on nothing but it and ``others``."""
    rng = np.random.default_rng(zlib.crc32(f"{one.voice} {one.text}".encode()))
    yield example(one)
    for _ in range(NUM_VERSIONS):
        yield example(version(one, rng, others), rng.uniform(0.88, 1.14))


def version(one: Spoken, rng: np.random.Generator, others: Sequence[Spoken]) -> Spoken:
    """A sentence as somebody else might say, record and send it."""
    up = int(100 * rng.uniform(0.82, 1.22))  # formants and pitch move with the speed
    sound = signal.resample_poly(one.sound, up, 100)
    phones = tuple((s, int(start * up / 100), int(end * up / 100)) for s, start, end in one.phones)
    tilt_db, corner_hz = rng.uniform(-8, 8), rng.uniform(600, 2500)
    low = signal.lfilter(*signal.butter(1, corner_hz / 8000), sound)
    sound = low + (sound - low) * 10 ** (tilt_db / 20)
    if rng.random() < 0.35:  # a room
        echo = rng.normal(0, 1, 3200) * np.exp(-np.arange(3200) / rng.uniform(200, 900))
        echo /= np.sqrt((echo**2).sum())
        sound = sound + rng.uniform(0.1, 0.5) * signal.fftconvolve(sound, echo)[: len(sound)]
    sound = levelled(sound.astype(np.float32))
    if rng.random() < 0.7:
        sound = sound + background(len(sound), rng, others)
    if rng.random() < 0.1:  # too loud for the microphone
        limit = np.abs(sound).max() * rng.uniform(0.25, 0.7)
        sound = np.clip(sound, -limit, limit)
    if rng.random() < 0.2:  # a telephone, or a file of a low rate
        edges = [rng.uniform(60, 300), rng.uniform(3300, 7000)]
        sound = signal.sosfilt(signal.butter(3, edges, "bandpass", fs=RATE_HZ, output="sos"), sound)
    if rng.random() < 0.12:
        sound = sent(sound.astype(np.float32), CODECS[rng.integers(len(CODECS))])
    return replace(one, sound=levelled(sound.astype(np.float32)), phones=phones)


def background(num: int, rng: np.random.Generator, others: Sequence[Spoken]) -> Sound:
    """White noise, coloured noise, people who talk, a hum, or chords."""
    kind = rng.choice(
        ["white", "coloured", "people", "hum", "chords"], p=[0.45, 0.25, 0.15, 0.05, 0.1]
    )
    loudest_db = -8
    time_s = np.arange(num) / RATE_HZ
    if kind == "white":
        noise = rng.normal(0, 1, num)
    elif kind == "coloured":
        noise = signal.lfilter([1], [1, -rng.uniform(0.5, 0.97)], rng.normal(0, 1, num))
    elif kind == "people":
        loudest_db = -14
        picked = rng.integers(0, len(others), rng.integers(1, 5))
        noise = np.sum([np.resize(others[i].sound, num) for i in picked], 0)
    elif kind == "hum":
        hertz = rng.choice([50, 60]) * (1 + np.arange(6))
        noise = np.sum(np.sin(2 * np.pi * hertz[:, None] * time_s) / (1 + np.arange(6))[:, None], 0)
    else:
        loudest_db = -12
        beat = rng.integers(3000, 9000)
        root = np.repeat(110 * 2 ** (rng.integers(0, 24, num // beat + 1) / 12), beat)[:num]
        phase = np.cumsum(root / RATE_HZ)
        fade = np.exp(-(np.arange(num) % beat) / rng.uniform(3000, 20000))
        noise = fade * np.sum([signal.sawtooth(2 * np.pi * r * phase) for r in (1, 1.26, 1.5)], 0)
    noise = noise / max(float(np.sqrt((noise**2).mean())), 1e-6)
    return (noise * 10 ** ((LEVEL_DBFS + rng.uniform(-32, loudest_db)) / 20)).astype(np.float32)


def sent(sound: Sound, codec: Sequence[str]) -> Sound:
    """What a codec leaves of a sound, at the same times."""
    raw = ("-f", "f32le", "-ar", str(RATE_HZ), "-ac", "1")
    quiet = (ffmpeg_path(), "-v", "error", "-threads", "1")
    packed = subprocess.run(
        [*quiet, *raw, "-i", "-", *codec, "-"],
        input=sound.tobytes(),
        capture_output=True,
        check=True,
    ).stdout
    found = subprocess.run(
        [*quiet, "-i", "-", *raw, "-"], input=packed, capture_output=True, check=True
    ).stdout
    heard = np.frombuffer(found, np.float32)
    heard = np.pad(heard, (0, max(0, len(sound) + RATE_HZ // 4 - len(heard))))
    window = heard[: len(sound) + RATE_HZ // 4]  # an encoder's delay is at most a tenth of a second
    lag = int(signal.correlate(window, sound, "valid", method="fft").argmax())
    return heard[lag : lag + len(sound)]


def example(one: Spoken, warp: float = 1.0) -> Example:
    """What the net reads and is to say, in the voice of a throat that is ``warp`` as long."""
    pcm = np.clip(one.sound * 32768, -32768, 32767).astype(np.int16)
    num_steps = -(-len(pcm) // HOP)
    lead = (WINDOW - HOP) // 2
    padded = np.zeros(num_steps * HOP + WINDOW, np.int16)
    padded[lead : lead + len(pcm)] = pcm
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP][:num_steps]
    taper = np.hanning(WINDOW)
    power = np.abs(np.fft.rfft(frames * (taper / 32768), FFT)) ** 2
    power /= FFT / 2 * float((taper**2).sum())
    hertz = np.fft.rfftfreq(FFT, 1 / RATE_HZ)
    features = closure_features(band_levels(power, hertz * warp)).astype(np.float32)
    return Example(features, *wanted(one, num_steps))


def wanted(
    one: Spoken, num_steps: int
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]:
    """Whether lips are shut, how much each step counts, and the kind of its phone."""
    shut, counts = np.zeros(num_steps, np.float32), np.ones(num_steps, np.float32)
    kinds = np.full(num_steps, PAUSE)
    sample = np.arange(num_steps) * HOP + HOP // 2
    for symbol, start, end in one.phones:
        is_here = (sample >= start) & (sample < end)
        kinds[is_here] = KIND_OF.get(symbol, UNKNOWN)
        if symbol not in CLOSED:
            continue
        if not is_here.any():
            is_here[min(num_steps - 1, int((start + end) / 2 / HOP))] = True
        is_near = (sample >= start - 400) & (sample < end + 400)
        counts[is_near & ~is_here] *= 0.15
        shut[is_here], counts[is_here] = 1, 2
    return shut, counts, kinds


# --- learning -----------------------------------------------------------------------------------


class ClosuresNet(nn.Module):
    """What is shipped, as torch sees it, and a last layer that tells kinds of phones apart."""

    def __init__(self, num_inputs: int) -> None:
        super().__init__()
        wide = [(num_inputs, 5), *((NUM_CHANNELS, 3) for _ in DILATIONS[1:])]
        self.layers = nn.ModuleList(
            nn.Conv1d(channels, NUM_CHANNELS, moments, dilation=dilation)
            for (channels, moments), dilation in zip(wide, DILATIONS, strict=True)
        )
        self.last, self.kind = nn.Linear(NUM_CHANNELS, 1), nn.Linear(NUM_CHANNELS, NUM_KINDS)
        self.drop = nn.Dropout(0.1)

    def forward(self, heard: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Whether lips are shut ``(N, T)``, and kinds ``(N, T, K)``, of ``(N, 2 * B, T + 32)``."""
        for number, layer in enumerate(self.layers):
            seen = self.drop(torch.relu(layer(heard)))
            margin = (heard.shape[2] - seen.shape[2]) // 2
            heard = seen if number == 0 else seen + heard[:, :, margin:-margin]
        heard = heard.transpose(1, 2)
        return self.last(heard)[..., 0], self.kind(heard)

    def shipped(self) -> Net:
        """The weights that :mod:`model.preview.motion.closures` reads."""
        values = {"w": self.last.weight.detach()[0], "b": self.last.bias.detach()[0]}
        for number, layer in enumerate(self.layers, 1):
            values[f"w{number}"] = layer.weight.detach().permute(2, 1, 0)
            values[f"b{number}"] = layer.bias.detach()
        return {name: np.asarray(each, np.float32) for name, each in values.items()}


def learnt(made: Sequence[Example]) -> Net:
    """The net, on one thread, so that the same speech makes the same weights."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    every = np.concatenate([each.features for each in made])
    mean, scale = every.mean(0), every.std(0) + 1e-3
    padded = [np.pad((e.features - mean) / scale, ((REACH, REACH), (0, 0)), "edge") for e in made]
    starts = [(i, at) for i, each in enumerate(made) for at in range(0, len(each.shut), STRETCH)]
    net = ClosuresNet(len(mean))
    optimizer = torch.optim.AdamW(net.parameters(), 2e-3, weight_decay=2e-2)
    num_steps = NUM_ROUNDS * (len(starts) // BATCH + 1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 5e-3, total_steps=num_steps)
    rng = np.random.default_rng(7)
    for turn in range(NUM_ROUNDS):
        losses: list[float] = []
        order = rng.permutation(len(starts))
        for first in range(0, len(order), BATCH):
            picked = [starts[i] for i in order[first : first + BATCH]]
            parts = [torch.tensor(each) for each in _batch(picked, made, padded, rng)]
            heard, shut, counts, kinds = parts
            belief, kind = net(heard + 0.05 * torch.randn_like(heard))
            loss = binary_cross_entropy_with_logits(belief, shut, reduction="none")
            loss = (loss * counts).mean()
            losses.append(loss.item())
            loss = loss + 0.1 * cross_entropy(kind.flatten(0, 1), kinds.flatten())
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            schedule.step()
        print(f"round {turn}: loss {np.mean(losses):.4f}", flush=True)
    return {"mean": mean, "scale": scale, **net.shipped()}


def phones_net() -> dict[str, NDArray[np.float16]]:
    """A copy of the alignment's network, beside which the other one is heard."""
    with np.load(NET_PATH) as file:
        return {f"phones_{name}": file[name] for name in file.files if name != "prior"}


def _batch(
    picked: Sequence[tuple[int, int]],
    made: Sequence[Example],
    padded: Sequence[NDArray[np.float32]],
    rng: np.random.Generator,
) -> tuple[NDArray[np.float32], ...]:
    """Stretches ``(N, 2 * B, T + 32)``, in some of which bands are silenced, and the rest."""
    num_inputs = padded[0].shape[1]
    heard = np.zeros((len(picked), num_inputs, STRETCH + 2 * REACH), np.float32)
    shut, counts = np.zeros((2, len(picked), STRETCH), np.float32)
    kinds = np.full((len(picked), STRETCH), UNKNOWN)
    for row, (index, start) in enumerate(picked):
        end = min(start + STRETCH, len(made[index].shut))
        there = slice(0, end - start)
        heard[row, :, : end - start + 2 * REACH] = padded[index][start : end + 2 * REACH].T
        shut[row, there] = made[index].shut[start:end]
        counts[row, there] = made[index].counts[start:end]
        kinds[row, there] = made[index].kinds[start:end]
        if rng.random() < 0.3:
            band, width = rng.integers(0, num_inputs // 2 - 3), rng.integers(1, 4)
            for half in (0, num_inputs // 2):
                heard[row, half + band : half + band + width] = 0
    return heard, shut, counts, kinds


def main() -> None:
    """Learn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("speech", type=Path)
    parser.add_argument("net_path", type=Path, help="Where the learnt net is written.")
    parser.add_argument("--without", nargs="*", default=[], help="Voices to learn nothing from.")
    wanted = parser.parse_args()
    spoken = read(wanted.speech)
    if wanted.without:
        spoken = learnt_from(spoken, wanted.without)
    made = [each for one in spoken for each in examples(one, spoken)]
    num_steps = sum(len(each.shut) for each in made)
    print(f"{len({one.voice for one in spoken})} voices, {num_steps} steps of 10 ms", flush=True)
    np.savez(wanted.net_path, **learnt(made), **phones_net())


if __name__ == "__main__":
    main()
