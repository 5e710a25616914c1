"""Learns the net that hears closed lips in recordings, and measures it; needs torch to learn.

    python -m benchmarks.closures speak SPEECH.npz
    python -m benchmarks.closures learn SPEECH.npz NET.npz --without bm_george zf_xiaoxiao
    python -m benchmarks.closures measure SPEECH.npz --net NET.npz --voices bm_george zf_xiaoxiao

``speak`` lets the built-in voices say 34 sentences in part, with the times of their phones.
``learn`` makes the net that the preview engine ships from all of them; with ``--without``, voices
are left out, and half of the sentences with them. ``measure`` prints how many m, b and p close
(an opening below 0.06 within a frame), how often lips are pressed a second where none of these is
near, and how many vowels are pressed; ``--unlearnt`` keeps to the sentences that ``--without``
left out.
"""

import argparse
import copy
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from model.engine import ENGINE_SAMPLE_RATE_HZ, FPS, Phoneme, SegmentJob
from model.preview.motion import closures
from model.preview.motion.curves import CONTEXT_SAMPLES, levels_of, mouth_curves
from model.speech.utterance import Voice
from model.speech.voices import CARDS, load_voice

Sound = NDArray[np.float32]
Net = dict[str, NDArray[np.float32]]
ENGLISH = (
    "Before the big bus stops, please pick up both purple bags.",
    "My mother made a simple apple pie for lunch.",
    "Bob bought a cheap lamp and put it beside the bed.",
    "People may buy more when prices drop in September.",
    "We promise to ship the package by Monday morning.",
    "The camera has a bigger battery and a sharper picture.",
    "Come home early, because the baby has been asleep.",
    "Keep the cup on the table until the soup is warm enough.",
    "Number seven is the best example of modern Berlin.",
    "Maybe the members will accept a compromise about the budget.",
    "Imagine a market without pumpkins, bread or jam.",
    "A simple mop and a bucket help to keep the shop clean.",
    "The temple bell rang above the empty platform.",
    "Robin hopes to publish a book about Bombay and Lisbon.",
    "Every computer in the company has a problem with memory.",
    "He jumped up, grabbed my umbrella and climbed the steps.",
    "Subscribe below and never miss an important update.",
    "Small lamps in the museum make the marble paintings glow.",
    "The chef recommends baked potatoes, pepper and butter.",
    "Our new app maps the path to the nearest pharmacy.",
    "What did you do with the yellow chair in the kitchen?",
    "There are seven thousand students in the northern city.",
    "She has asked the teacher to show us the other road.",
    "I think that this is the third Thursday of the year.",
    "Lovely weather today, so we have lots of visitors here.",
    "The velvet jacket fits well and feels very soft.",
)
MANDARIN = (
    "我们明天早上把包裹寄到北京。",
    "妈妈买了苹果、面包和牛奶。",
    "便宜的票请马上预订，别忘了报名。",
    "这本书的背面有一幅漂亮的地图。",
    "爸爸每天跑步八公里，非常辛苦。",
    "他们的产品品质特别好，没有毛病。",
    "今天的天气真不错，大家一起去看海吧。",
    "朋友们，欢迎来到我们的美食频道。",
)
LEVEL_DBFS = -23.0  # of speech, as engines hear it
CLOSED, VOWELS = frozenset("mbp"), frozenset("aɑæAʌIWɛeiɪɔoɒOQYuʊəɐɜ")
MIX = "mix"  # the name of mixtures of voices


@dataclass(frozen=True)
class Spoken:
    """A sentence at 16 kHz and speech's level, with its phones: symbol, first and last sample."""

    voice: str
    text: str
    sound: Sound
    phones: tuple[tuple[str, int, int], ...]


# --- speech -------------------------------------------------------------------------------------


def said() -> Iterator[Spoken]:
    """What is learnt from, in this order."""
    hibari = load_voice("hibari")
    for text in ENGLISH:
        yield from spoken_by(hibari, "hibari", text)
    names = [name for name, card in CARDS.items() if card.engine == "kokoro"]
    english = [name for name in names if CARDS[name].language == "en"]
    mandarin = [name for name in names if CARDS[name].language == "zh"]
    for turn in range(13):
        for number, name in enumerate(english):
            text = ENGLISH[(turn * 2 + number) % 26] if turn < 12 else ENGLISH[20 + number]
            yield from spoken_by(load_voice(name), name, text, (1.0, 0.9, 1.12)[turn % 3])
        if turn < len(MANDARIN):
            for name in mandarin:
                yield from spoken_by(load_voice(name), name, MANDARIN[turn])
        first, second = english[turn % 4], english[(turn + 1 + turn // 4) % 4]
        if turn < 9 and first != second:
            share = 0.35 + 0.3 * ((turn * 7) % 3) / 2
            between = mixed(first, second, share)
            text = ENGLISH[(turn * 5 + 3) % 26]
            yield from spoken_by(between, MIX, text, (0.85, 1.0, 1.2)[turn % 3])


def mixed(first: str, second: str, share: float) -> Voice:
    """A voice between two; ``share`` is of the first."""
    between = copy.copy(load_voice(first))
    styles = [vars(load_voice(name))["_styles"] for name in (first, second)]
    vars(between)["_styles"] = share * styles[0] + (1 - share) * styles[1]
    return between


def spoken_by(voice: Voice, name: str, text: str, speed: float = 1.0) -> Iterator[Spoken]:
    """A sentence in a voice; nothing where it gives no phones."""
    said = voice.speak(text, speed=speed)
    if not said.phonemes:
        return
    rate = said.sample_rate_hz
    sound = signal.resample_poly(said.pcm.astype(np.float32), ENGINE_SAMPLE_RATE_HZ, rate)
    phones = tuple(
        (
            phone.symbol,
            int(phone.start_sample * ENGINE_SAMPLE_RATE_HZ / rate),
            int(phone.end_sample * ENGINE_SAMPLE_RATE_HZ / rate),
        )
        for phone in said.phonemes
    )
    yield Spoken(name, text, levelled(sound.astype(np.float32)), phones)


def levelled(sound: Sound) -> Sound:
    """At the level of speech as engines hear it."""
    parts = sound[: len(sound) // 400 * 400].reshape(-1, 400)
    levels = np.sqrt((parts**2).mean(1))
    speech = float(np.sqrt((levels[levels > levels.max() * 0.08] ** 2).mean()))
    return sound * (10 ** (LEVEL_DBFS / 20) / max(speech, 1e-6))


def write(path: Path, spoken: Sequence[Spoken]) -> None:
    """Keep speech in a file."""
    told = [{"voice": each.voice, "text": each.text, "phones": each.phones} for each in spoken]
    sounds = {f"sound{index}": each.sound for index, each in enumerate(spoken)}
    np.savez(path, told=np.array(json.dumps(told)), **sounds)


def read(path: Path) -> list[Spoken]:
    """The speech of a file."""
    with np.load(path) as file:
        return [
            Spoken(each["voice"], each["text"], file[f"sound{index}"], tuple(each["phones"]))
            for index, each in enumerate(json.loads(str(file["told"])))
        ]


def is_unlearnt(text: str) -> bool:
    """Whether a sentence is left out where voices are."""
    return zlib.crc32(text.encode()) % 2 == 0


def learnt_from(spoken: Sequence[Spoken], without: Sequence[str]) -> list[Spoken]:
    """What is left without some voices, mixtures, and half of what those voices say."""
    texts = {one.text for one in spoken if one.voice in without and is_unlearnt(one.text)}
    left_out = {*without, MIX}
    return [one for one in spoken if one.voice not in left_out and one.text not in texts]


# --- learning -----------------------------------------------------------------------------------


def versions(one: Spoken, num: int, rng: np.random.Generator) -> Iterator[Spoken]:
    """A sentence as it is, and with other formants, tilts, rooms and noises."""
    yield one
    for _ in range(num):
        up = int(100 * rng.uniform(0.86, 1.16))  # formants and pitch move with the speed
        sound = signal.resample_poly(one.sound, up, 100).astype(np.float32)
        phones = tuple(
            (symbol, int(start * (up / 100)), int(end * (up / 100)))
            for symbol, start, end in one.phones
        )
        tilt_db, corner_hz = rng.uniform(-6, 6), rng.uniform(800, 2500)
        low = signal.lfilter(*signal.butter(1, corner_hz / 8000), sound)
        sound = (low + (sound - low) * 10 ** (tilt_db / 20)).astype(np.float32)
        if rng.random() < 0.35:
            echo = rng.normal(0, 1, 2400) * np.exp(-np.arange(2400) / rng.uniform(200, 700))
            echo /= np.sqrt((echo**2).sum())
            wet = np.convolve(sound, echo)[: len(sound)]
            sound = (sound + rng.uniform(0.15, 0.5) * wet).astype(np.float32)
        sound = levelled(sound)
        if rng.random() < 0.65:
            sound = noisy(sound, rng.uniform(10, 35), int(rng.integers(1e9)))
        yield replace(one, sound=sound, phones=phones)


def noisy(sound: Sound, below_db: float, seed: int = 0) -> Sound:
    """With white noise ``below_db`` below the voice."""
    scale = 10 ** ((LEVEL_DBFS - below_db) / 20)
    return sound + np.random.default_rng(seed).normal(0, scale, len(sound)).astype(np.float32)


def examples(one: Spoken) -> tuple[Sound, Sound, Sound]:
    """What the net reads ``(T, F)``, whether lips are shut, and what each step counts ``(T,)``."""
    features = closures.closure_features(levels_of(_pcm(one.sound))).astype(np.float32)
    shut, counts = np.zeros(len(features), np.float32), np.ones(len(features), np.float32)
    sample = np.arange(len(features)) * 160 + 80
    for symbol, start, end in one.phones:
        if symbol not in CLOSED:
            continue
        is_shut = (sample >= start) & (sample < end)
        if not is_shut.any():
            is_shut[min(len(features) - 1, int((start + end) / 2 / 160))] = True
        is_near = (sample >= start - 400) & (sample < end + 400)
        counts[is_near & ~is_shut] *= 0.15
        shut[is_shut], counts[is_shut] = 1, 1
    return features, shut, counts


def _pcm(sound: Sound) -> NDArray[np.int16]:
    return np.clip(sound * 32768, -32768, 32767).astype(np.int16)


def learnt(spoken: Sequence[Spoken], num_versions: int, num_rounds: int, num_hidden: int) -> Net:
    """The net, on one thread, so that the same speech makes the same weights."""
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits

    torch.set_num_threads(1)
    rng = np.random.default_rng(5)
    made = [examples(each) for one in spoken for each in versions(one, num_versions, rng)]
    features, shut, counts = (np.concatenate(parts) for parts in zip(*made, strict=True))
    mean, scale = features.mean(0), features.std(0) + 1e-3
    inputs, wanted = torch.tensor((features - mean) / scale), torch.tensor(shut)
    weights = torch.tensor(counts * np.where(shut > 0, 2.0, 1))
    torch.manual_seed(0)
    hidden = torch.nn.Linear(features.shape[1], num_hidden)
    last = torch.nn.Linear(num_hidden, 1)
    parameters = [*hidden.parameters(), *last.parameters()]
    optimizer = torch.optim.AdamW(parameters, 3e-3, weight_decay=2e-2)
    num_steps = num_rounds * (len(features) // 512 + 1)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, num_steps)
    for _ in range(num_rounds):
        for part in torch.randperm(len(features)).split(512):
            unsharp = inputs[part] + 0.05 * torch.randn(len(part), features.shape[1])
            belief = last(torch.tanh(hidden(unsharp)))[:, 0]
            loss = binary_cross_entropy_with_logits(belief, wanted[part], reduction="none")
            loss = (loss * weights[part]).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    print(f"{len(features)} steps of 10 ms, {shut.mean():.1%} shut, loss {loss.item():.3f}")
    net = {"mean": mean, "scale": scale}
    for name, layer in (("1", hidden), ("2", last)):
        net |= {f"w{name}": layer.weight.detach().numpy(), f"b{name}": layer.bias.detach().numpy()}
    return {name: np.asarray(values, np.float32) for name, values in net.items()}


# --- measuring ----------------------------------------------------------------------------------


@dataclass
class Score:
    """Counts over sentences."""

    closures: int = 0
    closed: int = 0
    vowels: int = 0
    pressed: int = 0
    false_presses: int = 0
    seconds: float = 0.0

    def add(self, one: Spoken, told: Sequence[Phoneme] | None = None) -> None:
        """Count what the engine's curves do with a sentence, and with the phones it is ``told``."""
        curves = mouth_curves(_job(one.sound, told))
        num_frames, step = len(curves.opening), ENGINE_SAMPLE_RATE_HZ // FPS
        self.seconds += num_frames / FPS
        is_expected = np.zeros(num_frames, bool)
        for symbol, start, end in one.phones:
            frames = slice(max(start // step - 1, 0), end // step + 2)
            if symbol in CLOSED:
                self.closures += 1
                self.closed += curves.opening[frames].min(initial=1) < 0.06
                is_expected[slice(max(start // step - 2, 0), end // step + 3)] = True
            elif symbol in VOWELS and end - start > 960:
                middle = min((start + end) // 2 // step, num_frames - 1)
                self.vowels += 1
                self.pressed += curves.press[middle] > 0.5
        is_pressed = np.concatenate([[False], curves.press > 0.5])
        starts = np.flatnonzero(is_pressed[1:] & ~is_pressed[:-1])
        self.false_presses += int((~is_expected[starts]).sum())

    def row(self, name: str) -> str:
        """A line of the table."""
        return (
            f"| {name} | {self.closures} | {self.closed / max(self.closures, 1):.1%} | "
            f"{self.false_presses / max(self.seconds, 1e-6):.2f} | "
            f"{self.pressed / max(self.vowels, 1):.1%} |"
        )


def _job(sound: Sound, told: Sequence[Phoneme] | None) -> SegmentJob:
    num_frames = -(-len(sound) * FPS // ENGINE_SAMPLE_RATE_HZ)
    length = num_frames * ENGINE_SAMPLE_RATE_HZ // FPS
    pcm = np.zeros(length + 2 * CONTEXT_SAMPLES, np.int16)
    pcm[CONTEXT_SAMPLES : CONTEXT_SAMPLES + len(sound)] = _pcm(sound)
    return SegmentJob(
        key="closures",
        portrait=np.zeros((8, 8, 3), np.uint8),
        rig=None,
        handoff=None,
        pcm=pcm,
        left_context=CONTEXT_SAMPLES,
        right_context=CONTEXT_SAMPLES,
        phonemes=None if told is None else tuple(_later(phone) for phone in told),
        prompt="",
        seed=1,
        width=64,
        height=64,
        num_frames=num_frames,
        settings={},
    )


def _later(phone: Phoneme) -> Phoneme:
    """On the time of a job, whose sound begins with the context."""
    start, end = phone.start + CONTEXT_SAMPLES, phone.end + CONTEXT_SAMPLES
    return Phoneme(phone.symbol, start, end)


def measure(spoken: Sequence[Spoken], net_path: Path | None) -> None:
    """Print a table of voices, clean and in noise 15 dB below."""
    net = None
    if net_path is not None:
        with np.load(net_path) as file:
            net = {name: file[name].astype(np.float64) for name in file.files}
    print("| voice | m, b, p | closed | false presses a second | vowels pressed |")
    print("|---|---|---|---|---|")
    with patch.object(closures, "_net", (lambda: net) if net is not None else closures._net):
        for noise_db in (None, 15.0):
            total = Score()
            for voice in dict.fromkeys(one.voice for one in spoken):
                score = Score()
                for one in (one for one in spoken if one.voice == voice):
                    heard = one
                    if noise_db is not None:
                        heard = replace(one, sound=noisy(one.sound, noise_db))
                    score.add(heard)
                    total.add(heard)
                print(score.row(voice if noise_db is None else f"{voice}, noise"), flush=True)
            print(total.row("in all" if noise_db is None else "in all, noise"), flush=True)


def main() -> None:
    """Speak, learn or measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("step", choices=("speak", "learn", "measure"))
    parser.add_argument("speech", type=Path)
    parser.add_argument("net_path", nargs="?", type=Path, help="Where the learnt net is written.")
    parser.add_argument("--without", nargs="*", default=[], help="Voices to learn nothing from.")
    parser.add_argument("--voices", nargs="*", default=[], help="Measure these alone.")
    parser.add_argument("--unlearnt", action="store_true", help="Measure left-out sentences alone.")
    parser.add_argument("--net", type=Path, help="Measure this net, not the shipped one.")
    wanted = parser.parse_args()
    if wanted.step == "speak":
        write(wanted.speech, list(said()))
        return
    spoken = read(wanted.speech)
    if wanted.step == "learn":
        if wanted.net_path is None:
            parser.error("learn needs a place for the net: learn SPEECH.npz NET.npz")
        if wanted.without:
            spoken = learnt_from(spoken, wanted.without)
        np.savez(wanted.net_path, **learnt(spoken, num_versions=4, num_rounds=8, num_hidden=48))
        return
    if wanted.voices:
        spoken = [one for one in spoken if one.voice in wanted.voices]
    if wanted.unlearnt:
        spoken = [one for one in spoken if is_unlearnt(one.text)]
    measure(spoken, wanted.net)


if __name__ == "__main__":
    main()
