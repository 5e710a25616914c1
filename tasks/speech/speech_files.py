"""A speech that was made: its files, found and verified."""

from dataclasses import dataclass
from pathlib import Path

from tasks.errors import DamagedError
from tasks.speech_records import Speech
from tasks.store.files import sha256_of_file
from tasks.store.record_json import read_record


@dataclass(frozen=True)
class SpeechFiles:
    """What viewers hear, what engines hear, the receipt."""

    viewer: Path
    engine: Path
    receipt: Path


def speech_files(speech_id: str, folder: Path) -> SpeechFiles:
    """Paths of a speech in its folder."""
    return SpeechFiles(
        folder / f"{speech_id}.wav", folder / f"{speech_id}.16k.wav", folder / f"{speech_id}.json"
    )


def load_speech(speech_id: str, folder: Path) -> Speech | None:
    """The speech called ``speech_id``, if its receipt is there and both files match it.

    Raises:
        NewerRecordError: a later release wrote the receipt.
    """
    files = speech_files(speech_id, folder)
    try:
        speech = read_record(f"speech/{speech_id}.json", files.receipt.read_bytes(), Speech)
        whole = (
            speech.speech_id == speech_id
            and sha256_of_file(files.viewer) == speech.file_sha256
            and sha256_of_file(files.engine) == speech.engine_file_sha256
        )
    except (FileNotFoundError, DamagedError):
        return None
    return speech if whole else None
