"""What is asked to be said, and what names the sound that comes of it.

A request is named by what a person wrote and chose, not by how it is read: releases that read
better find the plans of earlier ones. Speech is named by what its voice was given, so that a
reading that has not changed is the same speech.
"""

from pathlib import Path

from pydantic import Field

from model.errors import SpeechError
from model.speech.voices import CARDS, ENGINE_VERSIONS
from tasks.canonical_json import canonical_sha256
from tasks.reading.languages import Language
from tasks.reading.lexicon import Entry, Lexicon
from tasks.records import Record
from tasks.speech import timeline
from tasks.speech.loudness import ENGINE_LEVEL_DB
from tasks.speech.recordings.decoding import VIEWER_RATE_HZ
from tasks.speech.voices import (
    VoiceSettings,
    default_voice,
    known_voice,
    source_of,
    unknown_voice,
    voice_versions,
)
from tasks.store.files import sha256_of_version

_REQUEST_VERSION = 1
SPEECH_VERSION = 2
"""Raised by every change here that changes the sound of what a voice made, its captions or its
phones."""


class SpeechRequest(Record):
    """All that the sound of a row depends on: a script to speak, or a recording."""

    text: str | None = Field(default=None, description="What is said.")
    audio_path: Path | None = Field(default=None, description="A recording used as the voice.")
    voice: str | None = Field(default=None, description="None: the language's own voice.")
    language: Language = "en"
    seed: int = Field(default=0, ge=0, lt=2**32)
    settings: VoiceSettings = Field(default_factory=VoiceSettings)
    entries: tuple[Entry, ...] = Field(
        default=(), description="Of the campaign's lexicon, those that the text uses."
    )

    first_s: float | None = Field(
        default=None, gt=0, description="Only the clauses of the first seconds, at least so many."
    )

    def __hash__(self) -> int:
        """For readings that are kept a while."""
        return hash((self.text, self.audio_path, self.voice, self.language, self.seed))

    @property
    def voice_name(self) -> str:
        """The voice that will speak."""
        return self.voice or default_voice(self.language)

    @property
    def lexicon(self) -> Lexicon:
        """The campaign's, as far as this text is concerned."""
        return Lexicon(self.entries)


def request_sha256(request: SpeechRequest) -> str:
    """Digest of what is asked: the script or the recording, the voice and what it is told.

    Releases before clauses were stored used it as the speech's id.

    Raises:
        SpeechError: neither text nor recording, or an unknown voice.
    """
    listed = {"lexicon": [[entry.word, entry.said] for entry in request.entries]}
    entries = listed if request.entries else {}
    if request.audio_path is not None:
        return canonical_sha256(_recording_identity(request, request.audio_path) | entries)
    if not request.text or not request.text.strip():
        raise SpeechError("the script is empty; write what to say, or give a recording")
    return canonical_sha256(
        voice_identity(request)
        | {
            "version": _REQUEST_VERSION,
            "text": request.text,
            "packages": voice_versions(request.voice_name),
        }
        | entries
        | ({} if request.first_s is None else {"first_s": request.first_s})
    )


def without_lexicon(request: SpeechRequest) -> SpeechRequest | None:
    """The request of a recording as releases named it that read its script without the lexicon.

    None where that is the same. What they made of it stays until a person asks for today's reading.
    """
    if request.audio_path is None or not request.entries:
        return None
    return request.model_copy(update={"entries": ()})


def voice_identity(request: SpeechRequest) -> dict[str, object]:
    """All but the words that the sound of a spoken script depends on.

    Raises:
        SpeechError: an unknown voice.
    """
    voice, settings = request.voice_name, request.settings
    identity: dict[str, object] = {
        "voice": voice,
        "language": request.language,
        "speed": settings.speed,
        "gaps": [timeline.LEAD_S, timeline.SENTENCE_TRAIL_S, timeline.COMMA_TRAIL_S],
        "grid": timeline.GRID_SAMPLES,
    }
    return identity | _source_identity(request)


def sound_identity(request: SpeechRequest) -> dict[str, object]:
    """All but the words that the sound of one clause depends on, before it is placed.

    Raises:
        SpeechError: an unknown voice.
    """
    source = _source_identity(request)
    source.pop("gain_db", None)
    return {"voice": request.voice_name, "speed": request.settings.speed} | source


def _source_identity(request: SpeechRequest) -> dict[str, object]:
    voice, settings = request.voice_name, request.settings
    if not known_voice(voice):
        raise SpeechError(unknown_voice(voice))
    source = source_of(voice)
    if source == "http":
        return {"base_url": settings.base_url, "model": settings.model}
    if source == "command":
        return {"command": settings.command}
    card = CARDS[voice]
    identity: dict[str, object] = {
        "engine": card.engine,
        "engine_version": ENGINE_VERSIONS[card.engine],
        "gain_db": card.gain_db,
        "lag_s": card.lag_s,
    }
    return identity | ({"seed": request.seed} if card.engine == "hibari" else {})


def _recording_identity(request: SpeechRequest, path: Path) -> dict[str, object]:
    if not path.is_file():
        raise SpeechError(f"{path} is not a file; give the path of a recording")
    return {
        "version": _REQUEST_VERSION,
        "recording": sha256_of_version(path),
        "text": request.text,
        "language": request.language,
        "viewer_rate_hz": VIEWER_RATE_HZ,
        "engine_level_db": ENGINE_LEVEL_DB,
    }
