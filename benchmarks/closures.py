"""Measures how many closed lips are heard in recordings, and how many that are none.

    python -m benchmarks.closures speak SPEECH.npz
    python -m benchmarks.closures measure SPEECH.npz --net NET.npz --voices bm_george zf_xiaoxiao

``speak`` lets the built-in voices say 34 sentences in part, with the times of their phones;
``benchmarks.closures_voices`` lets many others speak, ``benchmarks.closures_people`` listens to
people, and ``benchmarks.closures_learning`` learns the net that the preview engine ships.
``measure`` prints how many m, b and p close (an opening below 0.06 within a frame), how often lips
are pressed a second where none of these is near, and how many vowels are pressed; ``--unlearnt``
keeps to the sentences that ``--without`` of the learning left out.
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
from model.preview.motion.curves import CONTEXT_SAMPLES, mouth_curves
from model.speech.utterance import Voice
from model.speech.voices import CARDS, load_voice

Sound = NDArray[np.float32]
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


def noisy(sound: Sound, below_db: float, seed: int = 0) -> Sound:
    """With white noise ``below_db`` below the voice."""
    scale = 10 ** ((LEVEL_DBFS - below_db) / 20)
    return sound + np.random.default_rng(seed).normal(0, scale, len(sound)).astype(np.float32)


def _pcm(sound: Sound) -> NDArray[np.int16]:
    return np.clip(sound * 32768, -32768, 32767).astype(np.int16)


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
    """Speak or measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("step", choices=("speak", "measure"))
    parser.add_argument("speech", type=Path)
    parser.add_argument("--voices", nargs="*", default=[], help="Measure these alone.")
    parser.add_argument("--unlearnt", action="store_true", help="Measure left-out sentences alone.")
    parser.add_argument("--net", type=Path, help="Measure this net, not the shipped one.")
    wanted = parser.parse_args()
    if wanted.step == "speak":
        write(wanted.speech, list(said()))
        return
    spoken = read(wanted.speech)
    if wanted.voices:
        spoken = [one for one in spoken if one.voice in wanted.voices]
    if wanted.unlearnt:
        spoken = [one for one in spoken if is_unlearnt(one.text)]
    measure(spoken, wanted.net)


if __name__ == "__main__":
    main()
