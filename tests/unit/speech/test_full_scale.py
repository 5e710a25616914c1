"""A voice that is louder than full scale is brought below it, not cut off; what is stored stays."""

import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tasks.speech.speech import SpeechRequest, VoiceSettings, make_speech, speech_ids_of
from tasks.speech_records import Speech
from tasks.store.record_json import read_record, record_bytes

PROGRAM = """
import math, struct, sys
rate, peak = 24000, float(sys.argv[1])
pcm = [peak * math.sin(2 * math.pi * 200 * i / rate) for i in range(rate)]
data = struct.pack(f"<{rate}f", *pcm)
form = struct.pack("<HHIIHH", 3, 1, rate, rate * 4, 4, 32)
chunks = b"fmt " + struct.pack("<I", len(form)) + form
chunks += b"data" + struct.pack("<I", len(data)) + data
open(sys.argv[2], "wb").write(b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks)
"""


def request(folder: Path, peak: float) -> SpeechRequest:
    program = folder / "voice.py"
    program.write_text(PROGRAM)
    command = f"'{sys.executable}' '{program}' {peak} {{out}} {{text_file}}"
    return SpeechRequest(text="Hello.", voice="command:x", settings=VoiceSettings(command=command))


def viewer(folder: Path, speech_id: str) -> np.ndarray:
    pcm, _ = soundfile.read(folder / f"{speech_id}.wav", dtype="int16")
    return pcm


def test_a_peak_above_full_scale_is_scaled_and_not_cut_off(tmp_path: Path) -> None:
    asked = request(tmp_path, 1.3)

    speech = make_speech(asked, tmp_path)

    pcm = viewer(tmp_path, speech.speech_id)
    sine = pcm[np.abs(pcm) > 0] / 32767
    assert np.abs(pcm).max() == 32767
    assert np.count_nonzero(np.abs(pcm) >= 32766) < 0.03 * len(sine)  # a cut one: 44 %
    assert np.sqrt(np.mean(sine**2)) == pytest.approx(0.5**0.5, abs=0.01)
    assert speech.speech_id == speech_ids_of(asked)[-2]


def test_a_voice_below_full_scale_keeps_its_bytes_and_its_id(tmp_path: Path) -> None:
    asked = request(tmp_path, 1.0)

    speech = make_speech(asked, tmp_path)

    assert speech.speech_id == speech_ids_of(asked)[-1]
    assert np.abs(viewer(tmp_path, speech.speech_id)).max() == 32767


def test_the_engine_hears_a_loud_voice_as_every_release_gave_it(tmp_path: Path) -> None:
    """A command's gain follows its level, so that both tracks come to the same for engines."""
    heard = []
    for peak in (0.9, 1.3):
        folder = tmp_path / str(peak)
        folder.mkdir()
        speech = make_speech(request(folder, peak), folder)
        pcm, _ = soundfile.read(folder / f"{speech.speech_id}.16k.wav")
        heard.append(float(np.sqrt(np.mean(pcm**2))))
        loud = viewer(folder, speech.speech_id) / 32767
        gain = 10 ** (speech.engine_gain_db / 20)
        assert np.abs(loud).max() * gain == pytest.approx(np.abs(pcm).max(), rel=0.02)
    assert heard[0] == pytest.approx(heard[1], rel=0.01)


def test_speech_that_an_earlier_release_cut_off_is_not_spoken_again(tmp_path: Path) -> None:
    asked = request(tmp_path, 1.3)
    speech = make_speech(asked, tmp_path)
    *_, mended, plain = speech_ids_of(asked)
    for path in tmp_path.glob(f"{mended}*"):
        path.rename(path.with_name(path.name.replace(mended, plain)))
    receipt = tmp_path / f"{plain}.json"
    _rename_in(receipt, speech.speech_id, plain)
    (tmp_path / "voice.py").unlink()  # whoever speaks again fails

    assert make_speech(asked, tmp_path).speech_id == plain


def _rename_in(receipt: Path, old: str, new: str) -> None:
    speech = read_record(receipt.name, receipt.read_bytes(), Speech)
    assert speech.speech_id == old
    receipt.write_bytes(record_bytes(speech.model_copy(update={"speech_id": new})))
