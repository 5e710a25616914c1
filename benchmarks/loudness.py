"""How loud voices and recordings become: `python benchmarks/loudness.py [RECORDING ...]`.

Every voice speaks two scripts; each sound is encoded as the sound of a finished video is, and
measured by ffmpeg's ebur128 before and after.
"""

import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import soundfile

from model.speech.voices import CARDS
from tasks.media.sound import DEFAULT_LUFS, encode_sound, measure_loudness
from tasks.processes.ffmpeg import ffmpeg_version
from tasks.speech.speech import SpeechRequest, make_speech

FPS = 25
SCRIPTS = {
    "en": (
        "Welcome to Fernlight. Press the button once, wait for the green light, and turn the dial "
        "until the room is as bright as you like. If anything is unclear, write to us.",
        "Good evening. Tonight we look at three small changes that save time every week. First, "
        "write down what is done and not what is planned. Second, ask one question at a time.",
    ),
    "zh": (
        "大家好，欢迎来到今天的节目。先按一下按钮，等绿灯亮起，再转动旋钮，直到房间的亮度让你满意为止。",
        "晚上好。今晚我们来看三个每周都能省时间的小办法。第一，写下已经做完的事，而不是打算要做的事。",
    ),
}


def main() -> None:
    """Measure and print one table."""
    print(ffmpeg_version())
    print("sound | seconds | LUFS before | dBTP before | LUFS | dBTP | gain dB | CPU share")
    print("---|---|---|---|---|---|---|---")
    with tempfile.TemporaryDirectory() as scratch:
        for name, wav in sounds(Path(scratch), [Path(text) for text in sys.argv[1:]]):
            print(row(name, wav, Path(scratch) / "sound.m4a"))


def sounds(folder: Path, recordings: list[Path]) -> Iterator[tuple[str, Path]]:
    """Names and viewers' copies."""
    requests = [
        (f"{name} {number}", SpeechRequest(text=text, voice=name, language=card.language))
        for name, card in CARDS.items()
        for number, text in enumerate(SCRIPTS[card.language], 1)
    ]
    requests += [(path.name, SpeechRequest(audio_path=path)) for path in recordings]
    for name, request in requests:
        yield name, folder / f"{make_speech(request, folder).speech_id}.wav"


def row(name: str, wav: Path, output: Path) -> str:
    """One line of the table."""
    seconds = float(soundfile.info(wav).duration)
    before = measure_loudness(wav, None, seconds=seconds)
    started = cpu_s()
    told = encode_sound(
        wav, output, num_frames=int(seconds * FPS), fps=FPS, target_lufs=DEFAULT_LUFS
    )
    share = (cpu_s() - started) / seconds
    after = measure_loudness(output, None, seconds=seconds)
    return (
        f"{name} | {seconds:.1f} | {before.integrated_lufs} | {before.true_peak_dbtp} | "
        f"{after.integrated_lufs} | {after.true_peak_dbtp} | {told.gain_db:+.1f} | {share:.3f}"
    )


def cpu_s() -> float:
    """CPU seconds of this process and of those it ran."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
