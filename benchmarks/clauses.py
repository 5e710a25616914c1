"""What rows cost to speak that share nine clauses of ten, beside speaking each of them whole.

    .venv/bin/python benchmarks/clauses.py [--rows 200] [--whole 8] [--voices hibari af_heart]

Seconds are those that cores computed in this process; a few rows are spoken whole, in between. Each
time a script is read, too.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # the benchmark of a test too

from tasks.speech.speech import SpeechRequest, make_speech
from tasks.speech.spoken_script import spoken_script
from tasks.store.shared_files import LocalFiles

CLAUSES = (
    "Meet the lamp that follows the sun.",
    "In the morning it wakes you with a cool, clear white.",
    "By evening it settles into a warm glow.",
    "Plug it in once.",
    "It learns the rest.",
    "The arm is made of ash wood.",
    "The shade stays cool.",
    "It draws nine watts.",
    "Order it today.",
)


def script(number: int) -> str:
    """Ten clauses; the second is this row's own."""
    return " ".join((CLAUSES[0], f"This one is for guest number {number}.", *CLAUSES[1:]))


def cost_s(request: SpeechRequest, folder: Path, shared: LocalFiles | None) -> float:
    """Seconds of cores to make a speech, its script read anew."""
    spoken_script.cache_clear()
    before = time.process_time()
    make_speech(request, folder, shared)
    return time.process_time() - before


def measured(voice: str, num_rows: int, num_whole: int, folder: Path) -> tuple[float, float]:
    """Seconds of cores a row: with shared clauses, and whole."""
    warm = SpeechRequest(text="Ready.", voice=voice)
    make_speech(warm, folder / "warm")  # the voice is loaded once, whatever is said
    shared = LocalFiles(folder)
    together, whole = 0.0, 0.0
    every = max(1, num_rows // num_whole)
    for number in range(num_rows):
        request = SpeechRequest(text=script(number), voice=voice)
        together += cost_s(request, folder / "rows", shared)
        if number % every == 0 and number // every < num_whole:
            whole += cost_s(request, folder / "whole", None)
    return together / num_rows, whole / num_whole


def lines(num_rows: int, num_whole: int, voices: list[str]) -> Iterator[str]:
    """Of the table."""
    for voice in voices:
        with tempfile.TemporaryDirectory() as name:
            together, whole = measured(voice, num_rows, num_whole, Path(name))
        yield f"| {voice} | {num_rows} | {together:.3f} | {whole:.3f} | {together / whole:.1%} |"


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200)
    parser.add_argument("--whole", type=int, default=8, help="How many are spoken whole, too.")
    parser.add_argument("--voices", nargs="+", default=["hibari", "af_heart"])
    wanted = parser.parse_args()
    print("| voice | rows | a row, cores' s | whole, cores' s | of it |\n|---|---|---|---|---|")
    for line in lines(wanted.rows, wanted.whole, wanted.voices):
        print(line, flush=True)


if __name__ == "__main__":
    main()
