"""Labels recordings of people with the phones of their script, as the shipped alignment lays them.

    python -m benchmarks.closures_people FOLDER PEOPLE.npz

Every ``<speaker>_<number>.wav``, ``.flac`` or ``.mp3`` of the folder needs a ``.txt`` of what is
said in it, in English or Mandarin. The likeness of each to its sound is printed: a text that is not
said, or is said too freely to be labelled, is left out by hand.
"""

import argparse
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.alignment import laid
from benchmarks.closures import Spoken, levelled, write
from model.engine import ENGINE_SAMPLE_RATE_HZ
from model.speech.voices import load_voice
from tasks.processes.ffmpeg import ffmpeg_path


def labelled(folder: Path) -> Iterator[Spoken]:
    """Every recording that has a text and room for it."""
    for text_path in sorted(folder.glob("*.txt")):
        path = next(
            each
            for end in (".wav", ".flac", ".mp3")
            if (each := text_path.with_suffix(end)).exists()
        )
        format_args = ("-ac", "1", "-ar", str(ENGINE_SAMPLE_RATE_HZ), "-f", "f32le")
        command = [ffmpeg_path(), "-v", "error", "-i", str(path), *format_args, "-"]
        raw = subprocess.run(command, capture_output=True, check=True).stdout
        sound = levelled(np.frombuffer(raw, np.float32).copy())
        text = text_path.read_text().strip().replace("\n", " ")
        text = text.lower() if text.isupper() else text
        reader = "zf_xiaoxiao" if text[0] > "\u3000" else "af_heart"
        found = laid(sound, load_voice(reader).read((text,)).symbols)
        if found is None:
            print(f"{path.name}: the text has no room in the recording")
            continue
        print(f"{path.name}: likeness {found.likeness:.2f}, of others {found.other_likeness:.2f}")
        phones = tuple((each.symbol, each.start, each.end) for each in found.lines[0].phones)
        yield Spoken(path.stem.rpartition("_")[0], text, sound, phones)


def main() -> None:
    """Label a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("speech", type=Path)
    wanted = parser.parse_args()
    write(wanted.speech, list(labelled(wanted.folder)))


if __name__ == "__main__":
    main()
