"""Whether English voices are understood: `python benchmarks/round_trip.py`, with the extra `bench`.

Every English voice speaks product sentences, pocketsphinx writes down what it hears in the engine's
copy, and the words are compared with the spoken form: word error rate per voice. pocketsphinx is
small and old; what counts is the difference between voices and between releases, not the height.
"""

import re
import resource
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import soundfile
from pocketsphinx import Decoder

from model.speech.voices import CARDS
from tasks.reading.english.reader import english_tokens
from tasks.reading.tokens import spoken_form
from tasks.speech.speech import SpeechRequest, make_speech

PLAIN = (
    "The lamp is made of oak and steel, and it turns on with a touch of your hand.",
    "Press the button once, wait for the green light, and turn the dial.",
    "We give you your money back if you do not like what you have bought.",
    "Please write to us or call our service, and we will help you today.",
)
WRITTEN = (
    "The lamp costs $1,999 today, and you save 10-15% on the second one.",
    "We are open from 9:00am to 5:30pm, Monday to Friday, until 11/29/2026.",
    "It weighs 5 kg, is 120 cm tall and works at up to 35°C.",
    "Call 1-800-555-0199, and ask for room 1203 and order no. 4471.",
)


def main() -> None:
    """Measure and print one table."""
    print(f"pocketsphinx {version('pocketsphinx')}, hibari-tts {version('hibari-tts')}")
    print("voice | words | errors, plain | errors, numbers and signs | CPU s")
    print("---|---|---|---|---")
    voices = sys.argv[1:] or [name for name, card in CARDS.items() if card.language == "en"]
    with tempfile.TemporaryDirectory() as scratch:
        for voice in voices:
            print(row(voice, Path(scratch)), flush=True)


def row(voice: str, folder: Path) -> str:
    """One line of the table."""
    begun = _cpu_s()
    plain = [error_count(voice, text, folder) for text in PLAIN]
    written = [error_count(voice, text, folder) for text in WRITTEN]
    num_words = sum(words for _, words in (*plain, *written))
    return f"{voice} | {num_words} | {_rate(plain)} | {_rate(written)} | {_cpu_s() - begun:.0f}"


def error_count(voice: str, text: str, folder: Path) -> tuple[int, int]:
    """Words that were heard otherwise, missed or added, and how many were spoken."""
    speech = make_speech(SpeechRequest(text=text, voice=voice), folder)
    spoken = words_of(spoken_form(text, english_tokens(text)))
    return edits(spoken, words_of(heard(folder / f"{speech.speech_id}.16k.wav"))), len(spoken)


def heard(wav: Path) -> str:
    """What pocketsphinx, with its own model, writes down."""
    pcm, rate = soundfile.read(wav, dtype="int16")
    decoder = Decoder(samprate=float(rate), loglevel="FATAL")
    decoder.start_utt()
    decoder.process_raw(pcm.tobytes(), full_utt=True)
    decoder.end_utt()
    hypothesis = decoder.hyp()
    return hypothesis.hypstr if hypothesis else ""


def words_of(text: str) -> list[str]:
    """Words in small letters, parts of hyphenated ones by themselves."""
    return re.findall(r"[a-z']+", text.lower().replace("-", " "))


def edits(spoken: list[str], written: list[str]) -> int:
    """The fewest words to change, add and remove that make one list the other."""
    last = list(range(len(written) + 1))
    for index, word in enumerate(spoken, 1):
        row_ = [index]
        for place, other in enumerate(written, 1):
            row_.append(min(last[place] + 1, row_[-1] + 1, last[place - 1] + (word != other)))
        last = row_
    return last[-1]


def _rate(counts: list[tuple[int, int]]) -> str:
    wrong, words = sum(each for each, _ in counts), sum(each for _, each in counts)
    return f"{100 * wrong / words:.1f} %"


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
