# pyright: reportMissingTypeStubs=false
# soundfile ships no stubs
"""What an engine hears for a segment: samples with context, and the phones inside them."""

import hashlib
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from model.engine import ENGINE_SAMPLE_RATE_HZ, EngineIdentity, Phoneme
from tasks.plan.plan import sample_of_frame
from tasks.speech_records import TimedPhoneme


@dataclass(frozen=True)
class SpeechWindow:
    """Audio of one segment: ``(S,)`` int16, 16 kHz, and phones counted from its sample 0."""

    pcm: NDArray[np.int16]
    left_context: int
    right_context: int
    phonemes: tuple[Phoneme, ...] | None

    @property
    def sha256(self) -> str:
        """Digest of all of it."""
        digest = hashlib.sha256(f"{self.left_context} {self.right_context}\n".encode())
        digest.update(self.pcm.astype("<i2").tobytes())
        for phone in self.phonemes or ():
            digest.update(f"\n{phone.symbol} {phone.start} {phone.end}".encode())
        if self.phonemes is not None:
            digest.update(b"\nphonemes")
        return digest.hexdigest()


class EngineTrack:
    """The engine's copy of a speech, read piece by piece."""

    def __init__(self, path: Path, phonemes: Sequence[TimedPhoneme] | None) -> None:
        self._path = path
        self._phonemes = None if phonemes is None else tuple(phonemes)
        self._ends = [phone.end for phone in self._phonemes or ()]
        self._digests: dict[tuple[int, ...], str] = {}

    def window(self, start_frame: int, end_frame: int, identity: EngineIdentity) -> SpeechWindow:
        """Samples of frames ``start_frame <= i < end_frame`` with the engine's context.

        Beyond the speech's beginning and end there is silence.
        """
        start = sample_of_frame(start_frame, ENGINE_SAMPLE_RATE_HZ, identity.fps)
        end = sample_of_frame(end_frame, ENGINE_SAMPLE_RATE_HZ, identity.fps)
        first, last = start - identity.left_context, end + identity.right_context
        return SpeechWindow(
            pcm=self._read(first, last),
            left_context=identity.left_context,
            right_context=identity.right_context,
            phonemes=self._phones_between(first, last),
        )

    def window_sha256(self, start_frame: int, end_frame: int, identity: EngineIdentity) -> str:
        """Digest of the same window, which is read once."""
        context = identity.left_context, identity.right_context
        place = (start_frame, end_frame, identity.fps, *context)
        if place not in self._digests:
            self._digests[place] = self.window(start_frame, end_frame, identity).sha256
        return self._digests[place]

    def _read(self, first: int, last: int) -> NDArray[np.int16]:
        pcm = np.zeros(last - first, np.int16)
        with soundfile.SoundFile(self._path) as file:
            begin, stop = max(first, 0), min(last, file.frames)
            if begin < stop:
                file.seek(begin)
                pcm[begin - first : stop - first] = file.read(stop - begin, dtype="int16")
        return pcm

    def _phones_between(self, first: int, last: int) -> tuple[Phoneme, ...] | None:
        if self._phonemes is None:
            return None
        inside: list[Phoneme] = []
        for phone in self._phonemes[bisect_left(self._ends, first + 1) :]:
            if phone.start >= last:
                break
            inside.append(Phoneme(phone.symbol, phone.start - first, phone.end - first))
        return tuple(inside)
