"""Learns the second net that hears closed lips, from voices and from people; needs torch.

    python -m benchmarks.closures_recordings label SOUNDS PEOPLE.npz
    python -m benchmarks.closures_recordings learn SPEECH.npz PEOPLE.npz NET.npz --without real_en

``label`` lays the phones of their texts, as espeak-ng reads them, into the prompts of Asterisk Core
Sounds 1.6.1: SOUNDS is the folder that Debian's packages asterisk-core-sounds-{en,es,fr,it,ru} and
the same with -g722 were unpacked into. ``learn`` learns from these and from the speech of
``benchmarks.closures_voices``, and adds the net to NET.npz as it is shipped; ``--without`` leaves
voices out.
"""

import argparse
import gzip
import re
import subprocess
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from benchmarks.alignment import laid
from benchmarks.closures import Sound, Spoken, levelled, read, write
from benchmarks.closures_learning import HOP, RATE_HZ, UNKNOWN, Net, version, wanted
from model.alignment.phone_net import KIND_OF, NUM_KINDS
from model.preview.motion.closures import PEOPLE_DILATIONS, people_features, reach
from model.preview.motion.lip_phones import band_levels
from tasks.processes.ffmpeg import ffmpeg_path

VOICES = {
    "en": ("en_US_f_Allison", "en-us"),
    "es": ("es_MX_f_Allison", "es-419"),
    "fr": ("fr_CA_f_June", "fr"),
    "it": ("it_IT_m_Carlo", "it"),
    "ru": ("ru_RU_f_IvrvoiceRU", "ru"),
}
"""Folder of the prompts, and what espeak-ng calls the language."""
_SAME_SOUND = str.maketrans("ʁɫɭʎg", "ɣlljɡ")
_SECONDS_OF_A_VOICE = 600.0
_SHORTEST_S, _LONGEST_S = 1.2, 14.0
NUM_VERSIONS = 2
NUM_CHANNELS, NUM_ROUNDS = 64, 7
STRETCH, BATCH = 192, 32
REACH = reach(PEOPLE_DILATIONS)
_WINDOW, _FFT = 400, 512


# --- people -------------------------------------------------------------------------------------


def labelled(sounds: Path, language: str) -> Iterator[Spoken]:
    """Ten minutes of the prompts whose text is likely what is said."""
    folder, espeak = VOICES[language]
    name = f"core-sounds-{language}"
    packed = sounds / f"usr/share/doc/asterisk-{name}/{name}.txt.gz"
    lines = gzip.decompress(packed.read_bytes()).decode("utf-8", "replace").splitlines()
    found = [line.partition(":") for line in lines if not line.startswith(";")]
    prompts = [(key.strip(), " ".join(text.split()).strip('“”"')) for key, _, text in found]
    prompts.sort(key=lambda prompt: zlib.crc32(prompt[0].encode()))
    seconds, seen = 0.0, set[str]()
    for key, text in prompts:
        path = sounds / f"usr/share/asterisk/sounds/{folder}/{key}.g722"
        is_odd = bool(set(text) & set("[<(\ufffd")) or "?" in text.rstrip("?")  # or garbled
        if not text or text in seen or is_odd or not path.exists():
            continue
        if not _SHORTEST_S < path.stat().st_size / 8000 < _LONGEST_S:
            continue
        seen.add(text)
        sound = levelled(decoded(path))
        laid_line = laid(sound, espeak_phones(text, espeak))
        least = 0.10 + 0.09 / np.sqrt(max(len(sound) / RATE_HZ, 1))
        if laid_line is None or laid_line.likeness - laid_line.other_likeness < least:
            continue
        phones = tuple((each.symbol, each.start, each.end) for each in laid_line.lines[0].phones)
        yield Spoken(f"real_{language}", text, sound, phones)
        seconds += len(sound) / RATE_HZ
        if seconds > _SECONDS_OF_A_VOICE:
            return


def decoded(path: Path) -> Sound:
    """A prompt at 16 kHz."""
    raw = ("-ac", "1", "-ar", str(RATE_HZ), "-f", "f32le", "-")
    command = [ffmpeg_path(), "-v", "error", "-f", "g722", "-i", str(path), *raw]
    done = subprocess.run(command, capture_output=True, check=True)
    return np.frombuffer(done.stdout, np.float32).copy()


def espeak_phones(text: str, language: str) -> str:
    """The phones of a text that the alignment knows."""
    command = ["espeak-ng", "-q", "--ipa", "-v", language, text]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    told = re.sub(r"\([a-z-]+\)", "", " ".join(told.split())).translate(_SAME_SOUND)
    return "".join(sign for sign in told if sign in KIND_OF or sign == " ")


# --- learning -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Example:
    """What the net reads of a sentence, between its margins, and what it is to say."""

    features: NDArray[np.float32]
    shut: NDArray[np.float32]
    counts: NDArray[np.float32]
    kinds: NDArray[np.int64]


def examples(one: Spoken, others: Sequence[Spoken]) -> Iterator[Example]:
    """A sentence as it is, and in other versions."""
    rng = np.random.default_rng(zlib.crc32(f"{one.voice} {one.text} 6".encode()))
    yield example(one, 1.0)
    for _ in range(NUM_VERSIONS):
        yield example(version(one, rng, others), rng.uniform(0.88, 1.14))


def example(one: Spoken, warp: float) -> Example:
    """In the voice of a throat that is ``warp`` as long."""
    num_steps = -(-len(one.sound) // HOP)
    lead = (_WINDOW - HOP) // 2
    padded = np.zeros(num_steps * HOP + _WINDOW)
    padded[lead : lead + len(one.sound)] = np.clip(one.sound, -1, 1)
    frames = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::HOP][:num_steps]
    power = np.abs(np.fft.rfft(frames * np.hanning(_WINDOW), _FFT)) ** 2
    levels = band_levels(power, np.fft.rfftfreq(_FFT, 1 / RATE_HZ) * warp)
    return Example(people_features(levels).astype(np.float32), *wanted(one, num_steps))


class PeopleNet(nn.Module):
    """What is shipped, with the normalisation that is folded into it, and a layer for kinds."""

    def __init__(self, num_inputs: int) -> None:
        super().__init__()
        wide = [(num_inputs, 5), *((NUM_CHANNELS, 3) for _ in PEOPLE_DILATIONS[1:])]
        self.layers = nn.ModuleList(
            nn.Conv1d(channels, NUM_CHANNELS, moments, dilation=dilation, bias=False)
            for (channels, moments), dilation in zip(wide, PEOPLE_DILATIONS, strict=True)
        )
        self.norms = nn.ModuleList(nn.BatchNorm1d(NUM_CHANNELS) for _ in PEOPLE_DILATIONS)
        self.last, self.kind = nn.Linear(NUM_CHANNELS, 1), nn.Linear(NUM_CHANNELS, NUM_KINDS)
        self.drop = nn.Dropout(0.1)

    def forward(self, heard: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Whether lips are shut ``(N, T)``, and kinds ``(N, T, K)``, of ``(N, I, T + 34)``."""
        for number, (layer, norm) in enumerate(zip(self.layers, self.norms, strict=True)):
            seen = self.drop(torch.relu(norm(layer(heard))))
            margin = (heard.shape[2] - seen.shape[2]) // 2
            heard = seen if number == 0 else seen + heard[:, :, margin:-margin]
        heard = heard.transpose(1, 2)
        return self.last(heard)[..., 0], self.kind(heard)

    def shipped(self) -> dict[str, NDArray[np.floating]]:
        """The weights that :mod:`model.preview.motion.closures` reads."""
        values = {"w": self.last.weight[0], "b": self.last.bias[0]}
        for number, (layer, norm) in enumerate(zip(self.layers, self.norms, strict=True), 1):
            gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
            values[f"w{number}"] = (layer.weight * gain[:, None, None]).permute(2, 1, 0)
            values[f"b{number}"] = norm.bias - norm.running_mean * gain
        told = {name: np.asarray(each.detach(), np.float32) for name, each in values.items()}
        return {n: each.astype(np.float16) if each.ndim > 1 else each for n, each in told.items()}


def learnt(made: Sequence[Example]) -> dict[str, NDArray[np.floating]]:
    """The net, on one thread; each round reads half of the stretches."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    every = np.concatenate([each.features for each in made[::7]])
    mean, scale = every.mean(0), every.std(0) + 1e-3
    padded = [
        np.pad((each.features - mean) / scale, ((REACH, REACH), (0, 0)), "edge") for each in made
    ]
    starts = [(i, at) for i, each in enumerate(made) for at in range(0, len(each.shut), STRETCH)]
    net, rng = PeopleNet(len(mean)), np.random.default_rng(7)
    optimizer = torch.optim.AdamW(net.parameters(), 2e-3, weight_decay=2e-2)
    num_steps = NUM_ROUNDS * (len(starts) // 2 // BATCH + 1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 5e-3, total_steps=num_steps)
    for turn in range(NUM_ROUNDS):
        losses: list[float] = []
        order = rng.permutation(len(starts))[: len(starts) // 2]
        for first in range(0, len(order), BATCH):
            picked = [starts[i] for i in order[first : first + BATCH]]
            heard, shut, counts, kinds = map(torch.tensor, _batch(picked, made, padded, rng))
            belief, kind = net(heard + 0.1 * torch.randn_like(heard))
            loss = binary_cross_entropy_with_logits(belief, shut, reduction="none")
            loss = (loss * counts).mean()
            losses.append(loss.item())
            of_kinds = cross_entropy(
                kind.flatten(0, 1), kinds.flatten(), label_smoothing=0.05, ignore_index=UNKNOWN
            )
            optimizer.zero_grad()
            (loss + 0.3 * of_kinds).backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            schedule.step()
        print(f"round {turn}: loss {np.mean(losses):.4f}", flush=True)
    return {"mean": mean, "scale": scale, **net.eval().shipped()}


def _batch(
    picked: Sequence[tuple[int, int]],
    made: Sequence[Example],
    padded: Sequence[NDArray[np.float32]],
    rng: np.random.Generator,
) -> tuple[NDArray, ...]:
    """Stretches, half of them moved, of which a third lack a few bands."""
    num_inputs = padded[0].shape[1]
    num_bands = num_inputs // 3
    heard = np.zeros((len(picked), num_inputs, STRETCH + 2 * REACH), np.float32)
    shut = np.zeros((len(picked), STRETCH), np.float32)
    counts, kinds = shut.copy(), np.full(shut.shape, UNKNOWN)
    for row, (index, at) in enumerate(picked):
        one = made[index]
        is_moved = rng.random() < 0.5 and at + STRETCH < len(one.shut)
        late = int(rng.integers(0, STRETCH)) if is_moved else 0
        start = min(at + late, max(0, len(one.shut) - STRETCH))
        end = min(start + STRETCH, len(one.shut))
        there = slice(0, end - start)
        heard[row, :, : end - start + 2 * REACH] = padded[index][start : end + 2 * REACH].T
        shut[row, there], counts[row, there] = one.shut[start:end], one.counts[start:end]
        kinds[row, there] = one.kinds[start:end]
        if rng.random() < 0.3:
            band, width = rng.integers(0, num_bands - 3), rng.integers(1, 5)
            for third in range(3):
                heard[row, third * num_bands + band : third * num_bands + band + width] = 0
    return heard, shut, counts, kinds


def learn(speech: Path, people: Path, net_path: Path, without: Sequence[str]) -> None:
    """Learn, and add the net to those of a file."""
    spoken = [*read(people), *read(speech)]
    spoken = [one for one in spoken if one.voice not in without]
    made = [each for one in spoken for each in examples(one, spoken)]
    print(f"{sum(len(each.shut) for each in made)} steps of 10 ms", flush=True)
    kept: dict[str, NDArray[np.floating]] = {}
    if net_path.exists():
        with np.load(net_path) as file:
            kept = {name: file[name] for name in file.files}
    net: Net = {f"people_{name}": each for name, each in learnt(made).items()}
    np.savez(net_path, **kept | net)


def main() -> None:
    """Label or learn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("step", choices=("label", "learn"))
    parser.add_argument("source", type=Path, help="The sounds, or the speech of voices.")
    parser.add_argument("people", type=Path)
    parser.add_argument("net_path", type=Path, nargs="?", help="What the net is added to.")
    parser.add_argument("--without", nargs="*", default=[], help="Voices to learn nothing from.")
    wanted = parser.parse_args()
    if wanted.step == "label":
        write(wanted.people, [one for each in VOICES for one in labelled(wanted.source, each)])
    elif wanted.net_path is None:
        parser.error("learn needs a file that the net is added to: learn SPEECH PEOPLE NET.npz")
    else:
        learn(wanted.source, wanted.people, wanted.net_path, wanted.without)


if __name__ == "__main__":
    main()
