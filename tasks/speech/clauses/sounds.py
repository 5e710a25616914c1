"""The sounds of clauses, kept for all campaigns of one ``--out``: what is spoken once is kept.

A sound is a WAV file of 32-bit floats, exactly as its voice gave it, which any player plays. A
chunk of it that players skip holds its record, sealed with a digest like every other record: by it
a damaged file is told from a whole one, and is spoken again.
"""

import hashlib
import struct
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import ClassVar
from weakref import WeakValueDictionary

import numpy as np

from model.speech.utterance import TimedSymbol, Utterance
from tasks.errors import DamagedError, NewerRecordError
from tasks.speech.timeline import sound_bounds
from tasks.speech_records import ClauseSound
from tasks.store.record_json import read_record, record_bytes
from tasks.store.shared_files import SharedFiles, sound_name

_FLOAT, _MONO, _BYTES = 3, 1, 4
_RECORD = b"nite"
_HEADER = struct.Struct("<4sI4s")
_CHUNK = struct.Struct("<4sI")
_FORMAT = struct.Struct("<HHIIHH")


class _Turn:
    """Held while a sound is looked for and spoken: of equal clauses, one is spoken."""

    def __init__(self) -> None:
        self.lock = Lock()


class ClauseSounds:
    """The shared sounds, found and kept."""

    _turns_lock = Lock()
    _turns: ClassVar[WeakValueDictionary[str, _Turn]] = WeakValueDictionary()

    def __init__(self, files: SharedFiles) -> None:
        self._files = files

    def sound(self, key: str, speak: Callable[[], Utterance]) -> Utterance:
        """The sound called ``key``; spoken and kept where there is none, or a damaged one.

        Silence is not kept: a voice that failed once may speak the next time.

        Raises:
            DiskFullError: there is no room for it.
        """
        name = sound_name(key)
        with self._turn(key):
            found = self._found(name, key)
            if found is not None:
                return found
            utterance = speak()
            if sound_bounds(utterance.pcm, utterance.sample_rate_hz) is not None:
                self._files.write_once(name, sound_bytes(key, utterance))
            return utterance

    def _found(self, name: str, key: str) -> Utterance | None:
        data = self._files.read_bytes(name)
        if data is None:
            return None
        try:
            return read_sound(name, data, key)
        except NewerRecordError:
            return None  # spoken for this campaign alone; a later release keeps its own
        except DamagedError:
            self._files.remove(name)
            return None

    @contextmanager
    def _turn(self, key: str) -> Generator[None]:
        with self._turns_lock:
            turn = self._turns.setdefault(key, _Turn())
        with turn.lock:
            yield


def sound_bytes(key: str, utterance: Utterance) -> bytes:
    """A sound as it is kept."""
    pcm = utterance.pcm.astype("<f4").tobytes()
    record = ClauseSound(
        key=key,
        sample_rate_hz=utterance.sample_rate_hz,
        num_samples=len(utterance.pcm),
        sha256=hashlib.sha256(pcm).hexdigest(),
        phones=None
        if utterance.phonemes is None
        else tuple((p.symbol, p.start_sample, p.end_sample) for p in utterance.phonemes),
    )
    rate = utterance.sample_rate_hz
    form = _FORMAT.pack(_FLOAT, _MONO, rate, rate * _BYTES, _BYTES, 8 * _BYTES)
    chunks = (
        (b"fmt ", form),
        (b"fact", struct.pack("<I", len(utterance.pcm))),
        (_RECORD, record_bytes(record)),
        (b"data", pcm),
    )
    body = b"".join(
        _CHUNK.pack(name, len(data)) + data + b"\0" * (len(data) % 2) for name, data in chunks
    )
    return _HEADER.pack(b"RIFF", 4 + len(body), b"WAVE") + body


def read_sound(name: str, data: bytes, key: str) -> Utterance:
    """The sound in ``data``.

    Args:
        name: of its file, for messages.
        data: the file's content.
        key: which sound it must be.

    Raises:
        DamagedError: it is not what was written, or another sound.
        NewerRecordError: a later release wrote it.
    """
    chunks = dict(_chunks(name, data))
    record = read_record(name, chunks.get(_RECORD, b""), ClauseSound)
    pcm = chunks.get(b"data", b"")
    if record.key != key or hashlib.sha256(pcm).hexdigest() != record.sha256:
        raise DamagedError(f"{name}: the sound is damaged, or another clause's")
    phones = record.phones
    return Utterance(
        np.frombuffer(pcm, "<f4").astype(np.float32),
        record.sample_rate_hz,
        None if phones is None else tuple(TimedSymbol(*phone) for phone in phones),
    )


def _chunks(name: str, data: bytes) -> Iterator[tuple[bytes, bytes]]:
    if len(data) < _HEADER.size or data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise DamagedError(f"{name}: the sound is damaged: it is no WAV file")
    place = _HEADER.size
    while place + _CHUNK.size <= len(data):
        kind, num_bytes = _CHUNK.unpack_from(data, place)
        place += _CHUNK.size
        yield kind, data[place : place + num_bytes]
        place += num_bytes + num_bytes % 2
