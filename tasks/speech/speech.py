"""Script or recording -> speech: two copies of the sound, captions, phones; made once, kept by id.

``<speech_id>.wav`` is what viewers hear, ``<speech_id>.16k.wav`` what engines hear, and
``<speech_id>.json`` the receipt, written last.
"""

# soundfile brings no type stubs
# pyright: reportMissingTypeStubs=false

import shutil
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import soundfile
from pydantic import Field

from model.engine import ENGINE_SAMPLE_RATE_HZ
from model.errors import SpeechError
from model.speech.utterance import (
    Sound,
)
from model.speech.voices import (
    CARDS,
    ENGINE_VERSIONS,
)
from tasks.canonical_json import canonical_sha256
from tasks.errors import (
    DiskFullError,
)
from tasks.processes.ffmpeg import (
    ffmpeg_version,
)
from tasks.processes.stop_request import check_stop
from tasks.records import Cue, Record, Speech, TimedPhoneme
from tasks.speech import timeline
from tasks.speech.loudness import (
    ENGINE_LEVEL_DB,
    active_level_db,
    frame_levels,
    grid_levels,
    to_int16,
)
from tasks.speech.recording import (
    FRAMES_PER_SECOND,
    VIEWER_RATE_HZ,
    import_recording,
    sentence_times,
)
from tasks.speech.script import Clause, Language, Script, language_of, read_script
from tasks.speech.speech_files import SpeechFiles, load_speech, speech_files
from tasks.speech.timeline import Block, grid_rate, make_block
from tasks.speech.voices import (
    VoiceInfo,
    VoiceSettings,
    VoiceUnreachableError,
    default_voice,
    known_voice,
    open_speaker,
    source_of,
    unknown_voice,
    voice_language,
    voice_versions,
    voices,
)
from tasks.store.files import commit_file, part_path, sha256_of_file, write_file
from tasks.store.record_json import record_bytes

__all__ = [
    "SpeechRequest",
    "VoiceInfo",
    "VoiceSettings",
    "VoiceUnreachableError",
    "default_voice",
    "known_voice",
    "language_of",
    "make_speech",
    "speech_id_of",
    "speech_ids_of",
    "voice_language",
    "voices",
]

_FULL_BELOW_BYTES = 1 << 16
SPEECH_VERSION = 1
"""Raised by every change here that changes the sound, its captions or its phones."""
MENDING_VERSION = 1
"""Raised by every change of what is taken out of recordings with faults."""


class SpeechRequest(Record):
    """All that the sound of a row depends on: a script to speak, or a recording."""

    text: str | None = Field(default=None, description="What is said.")
    audio_path: Path | None = Field(default=None, description="A recording used as the voice.")
    voice: str | None = Field(default=None, description="None: the language's own voice.")
    language: Language = "en"
    seed: int = Field(default=0, ge=0, lt=2**32)
    settings: VoiceSettings = Field(default_factory=VoiceSettings)

    @property
    def voice_name(self) -> str:
        """The voice that will speak."""
        return self.voice or default_voice(self.language)


def speech_id_of(request: SpeechRequest) -> str:
    """Sha256 of all that the sound depends on; nothing is spoken.

    Raises:
        SpeechError: neither text nor recording, or an unknown voice.
    """
    if request.audio_path is not None:
        return canonical_sha256(_recording_identity(request, request.audio_path))
    if not request.text or not request.text.strip():
        raise SpeechError("the script is empty; write what to say, or give a recording")
    return canonical_sha256(_voice_identity(request))


def speech_ids_of(request: SpeechRequest) -> tuple[str, ...]:
    """Ids that the speech may have: a recording that has to be mended gets another one.

    A recording without faults is copied as every release copied it, and keeps its id.

    Raises:
        SpeechError: see :func:`speech_id_of`.
    """
    speech_id = speech_id_of(request)
    return (_mended_id(speech_id), speech_id) if request.audio_path else (speech_id,)


def _mended_id(speech_id: str) -> str:
    return canonical_sha256({"speech": speech_id, "mending_version": MENDING_VERSION})


def make_speech(request: SpeechRequest, folder: Path) -> Speech:
    """Speak ``request``, or find it spoken in ``folder``.

    Raises:
        SpeechError: the script or the recording cannot be spoken.
        VoiceUnreachableError: a speech service does not answer.
        DiskFullError: there is no room for the sound; nothing is left of it.
    """
    for known_id in speech_ids_of(request):
        found = load_speech(known_id, folder)
        if found is not None:
            return found
    speech_id = speech_id_of(request)
    folder.mkdir(parents=True, exist_ok=True)
    with _parts(speech_files(speech_id, folder)) as parts:
        if request.audio_path is not None:
            speech = _import(request, request.audio_path, speech_id, parts)
        else:
            speech = _speak(request, speech_id, parts)
        speech = speech.model_copy(
            update={
                "grid_levels_db": grid_levels(parts.engine),
                "file_sha256": sha256_of_file(parts.viewer),
                "engine_file_sha256": sha256_of_file(parts.engine),
            }
        )
        files = speech_files(speech.speech_id, folder)
        commit_file(parts.viewer, files.viewer)
        commit_file(parts.engine, files.engine)
        write_file(files.receipt, record_bytes(speech))
    return speech


# --- identity -----------------------------------------------------------------------------------


def _recording_identity(request: SpeechRequest, path: Path) -> dict[str, object]:
    if not path.is_file():
        raise SpeechError(f"{path} is not a file; give the path of a recording")
    return {
        "version": SPEECH_VERSION,
        "recording": sha256_of_file(path),
        "text": request.text,
        "language": request.language,
        "viewer_rate_hz": VIEWER_RATE_HZ,
        "engine_level_db": ENGINE_LEVEL_DB,
    }


def _voice_identity(request: SpeechRequest) -> dict[str, object]:
    voice, settings = request.voice_name, request.settings
    if not known_voice(voice):
        raise SpeechError(unknown_voice(voice))
    identity: dict[str, object] = {
        "version": SPEECH_VERSION,
        "voice": voice,
        "text": request.text,
        "language": request.language,
        "speed": settings.speed,
        "gaps": [timeline.LEAD_S, timeline.SENTENCE_TRAIL_S, timeline.COMMA_TRAIL_S],
        "grid": timeline.GRID_SAMPLES,
        "packages": voice_versions(voice),
    }
    source = source_of(voice)
    if source == "http":
        return identity | {"base_url": settings.base_url, "model": settings.model}
    if source == "command":
        return identity | {"command": settings.command}
    card = CARDS[voice]
    seed = {"seed": request.seed} if card.engine == "hibari" else {}
    voiced = {"engine": card.engine, "engine_version": ENGINE_VERSIONS[card.engine]}
    return identity | voiced | {"gain_db": card.gain_db, "lag_s": card.lag_s} | seed


# --- spoken -------------------------------------------------------------------------------------


def _speak(request: SpeechRequest, speech_id: str, parts: SpeechFiles) -> Speech:
    voice = request.voice_name
    script = read_script(request.text or "", request.language)
    _check_speakable(script, request)
    rate, placed, warnings = _blocks(request, script)
    blocks = [block for _, block in placed]
    gain_db = _engine_gain_db(voice, blocks)
    _write_wav(parts.viewer, (block.viewer for block in blocks), rate)
    gain = np.float32(10 ** (gain_db / 20))
    _write_wav(parts.engine, (block.engine * gain for block in blocks), ENGINE_SAMPLE_RATE_HZ)
    return Speech(
        speech_id=speech_id,
        source=source_of(voice),
        voice=voice,
        language=request.language,
        sample_rate_hz=rate,
        num_channels=1,
        num_samples=sum(len(block.viewer) for block in blocks),
        engine_gain_db=gain_db,
        grid_levels_db=(),
        cues=_cues(placed),
        phonemes=_phonemes(blocks),
        warnings=(*script.warnings, *warnings),
        file_sha256="",
        engine_file_sha256="",
        versions=voice_versions(voice),
    )


def _check_speakable(script: Script, request: SpeechRequest) -> None:
    if not script.clauses:
        raise SpeechError(
            f"nothing in the script can be spoken: {(request.text or '')[:60]!r}; "
            "write words or numbers"
        )
    voice = request.voice_name
    if voice_language(voice) != "en":
        return
    for clause in script.clauses:
        if language_of(clause.spoken) == "zh" or _has_han(clause.spoken):
            raise SpeechError(
                f'voice "{voice}" speaks English and cannot say "{clause.spoken[:40]}"; '
                f"choose {default_voice('zh')} or another Mandarin voice, which reads English words"
            )


def _has_han(text: str) -> bool:
    return any("\u3400" <= sign <= "\u9fff" for sign in text)


def _blocks(
    request: SpeechRequest, script: Script
) -> tuple[int, list[tuple[Clause, Block]], tuple[str, ...]]:
    """Every clause spoken and placed, the rate they share, and what was not spoken."""
    speak = open_speaker(request.voice_name, request.seed, request.settings)
    placed: list[tuple[Clause, Block]] = []
    unspoken: list[str] = []
    rate = 0
    for clause in script.clauses:
        check_stop()
        utterance = speak(clause.spoken)
        unspoken += utterance.unspoken
        rate = rate or grid_rate(utterance.sample_rate_hz)
        block = make_block(utterance, ends_sentence=clause.ends_sentence, sample_rate_hz=rate)
        if block is None:
            raise SpeechError(
                f'voice "{request.voice_name}" produced no sound for "{clause.spoken[:60]}"; '
                "reword it or choose another voice"
            )
        placed.append((clause, block))
    signs = " ".join(dict.fromkeys(unspoken))
    return rate, placed, (f"this voice has no sound for: {signs}",) if signs else ()


def _engine_gain_db(voice: str, blocks: list[Block]) -> float:
    """A built-in voice's own gain, so that equal clauses stay equal bytes; else the track's."""
    if voice in CARDS:
        return CARDS[voice].gain_db
    levels = np.concatenate([frame_levels(block.engine, ENGINE_SAMPLE_RATE_HZ) for block in blocks])
    return round(ENGINE_LEVEL_DB - active_level_db(levels), 1)


def _cues(placed: list[tuple[Clause, Block]]) -> tuple[Cue, ...]:
    cues: list[Cue] = []
    offset = 0
    for clause, block in placed:
        cues.append(
            Cue(
                text=clause.text,
                start_sample=offset + block.start_sample,
                end_sample=offset + block.end_sample,
            )
        )
        offset += len(block.viewer)
    return tuple(cues)


def _phonemes(blocks: list[Block]) -> tuple[TimedPhoneme, ...] | None:
    phones: list[TimedPhoneme] = []
    offset = 0
    for block in blocks:
        if block.phonemes is None:
            return None
        phones += (
            TimedPhoneme(symbol=p.symbol, start=p.start + offset, end=p.end + offset)
            for p in block.phonemes
        )
        offset += len(block.engine)
    return tuple(phones)


# --- recorded -----------------------------------------------------------------------------------


def _import(request: SpeechRequest, path: Path, speech_id: str, parts: SpeechFiles) -> Speech:
    script = read_script(request.text or "", request.language)
    recording = import_recording(path, parts.viewer, parts.engine)
    weights = [float(_spoken_length(clause.spoken)) for clause in script.clauses]
    spans = sentence_times(recording.levels, weights)
    samples = VIEWER_RATE_HZ // FRAMES_PER_SECOND
    return Speech(
        speech_id=_mended_id(speech_id) if recording.is_mended else speech_id,
        source="recording",
        voice=path.name,
        language=request.language,
        sample_rate_hz=VIEWER_RATE_HZ,
        num_channels=recording.num_channels,
        num_samples=recording.num_samples,
        engine_gain_db=recording.engine_gain_db,
        grid_levels_db=(),
        cues=tuple(
            Cue(
                text=clause.text,
                start_sample=start * samples,
                end_sample=min(end * samples, recording.num_samples),
            )
            for clause, (start, end) in zip(script.clauses, spans, strict=True)
        ),
        warnings=(*script.warnings, *recording.warnings),
        file_sha256="",
        engine_file_sha256="",
        versions={"ffmpeg": ffmpeg_version()},
    )


def _spoken_length(text: str) -> int:
    """Letters and digits; a Han character is spoken for as long as about three letters."""
    return sum(3 if "\u3400" <= sign <= "\u9fff" else 1 for sign in text if sign.isalnum()) or 1


# --- files --------------------------------------------------------------------------------------


@contextmanager
def _parts(files: SpeechFiles) -> Generator[SpeechFiles]:
    """Names for files in the making; whatever is left of them at the end is removed.

    Raises:
        DiskFullError: writing failed and the disk has no room; libsndfile does not say why.
    """
    parts = SpeechFiles(part_path(files.viewer), part_path(files.engine), files.receipt)
    try:
        yield parts
    except (OSError, soundfile.LibsndfileError) as error:
        free_bytes = shutil.disk_usage(files.viewer.parent).free
        if free_bytes > _FULL_BELOW_BYTES:
            raise
        raise DiskFullError(files.viewer.parent, free_bytes) from error
    finally:
        parts.viewer.unlink(missing_ok=True)
        parts.engine.unlink(missing_ok=True)


def _write_wav(path: Path, blocks: Iterator[Sound], sample_rate_hz: int) -> None:
    with soundfile.SoundFile(path, "w", sample_rate_hz, 1, "PCM_16", format="WAV") as file:
        for block in blocks:
            file.write(to_int16(block))
