"""Script or recording -> speech: two copies of the sound, captions, phones; made once, kept by id.

``<speech_id>.wav`` is what viewers hear, ``<speech_id>.16k.wav`` what engines hear, and
``<speech_id>.json`` the receipt, written last.
"""

# soundfile brings no type stubs
# pyright: reportMissingTypeStubs=false

import math
import shutil
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path

import numpy as np
import soundfile

from model.engine import ENGINE_SAMPLE_RATE_HZ
from model.errors import SpeechError
from model.speech.utterance import Utterance
from model.speech.voices import CARDS
from tasks.canonical_json import canonical_sha256
from tasks.errors import DiskFullError
from tasks.processes.ffmpeg import ffmpeg_version
from tasks.speech.clauses.clause import Clause
from tasks.speech.clauses.recent_blocks import RecentBlocks
from tasks.speech.clauses.script_times import (
    ALIGNMENT_VERSION,
    NO_SCRIPT,
    ScriptTimes,
    script_times,
    voice_times,
)
from tasks.speech.clauses.sounds import ClauseSounds
from tasks.speech.clauses.speakers import num_speakers, on_a_core, spoken_in_order
from tasks.speech.clauses.word_times import is_unaligned
from tasks.speech.loudness import (
    ENGINE_LEVEL_DB,
    FRAMES_PER_SECOND,
    active_level_db,
    frame_levels,
    grid_levels,
    grid_levels_of,
    to_int16,
)
from tasks.speech.recordings.decoding import VIEWER_RATE_HZ
from tasks.speech.recordings.recording import import_recording
from tasks.speech.recordings.sentence_times import sentence_times
from tasks.speech.request import SpeechRequest, request_sha256
from tasks.speech.rereading import ALIGNED
from tasks.speech.script import read_script
from tasks.speech.speech_files import SpeechFiles, load_speech, speech_files
from tasks.speech.spoken_script import (
    SpokenScript,
    front_end_sha256,
    speech_id_of,
    spoken_script,
)
from tasks.speech.timeline import LEAD_S, Block, Gap, gap_after, grid_rate, make_block
from tasks.speech.voices import (
    VoiceInfo,
    VoiceSettings,
    VoiceUnreachableError,
    default_voice,
    known_voice,
    open_speaker,
    source_of,
    voice_language,
    voice_versions,
    voices,
)
from tasks.speech.wav_files import write_wav
from tasks.speech_records import Cue, Speech, SpokenClause, TimedPhoneme
from tasks.store.files import commit_files, part_path, sha256_of_file, write_file
from tasks.store.record_json import record_bytes
from tasks.store.shared_files import SharedFiles

__all__ = [
    "SpeechRequest",
    "VoiceInfo",
    "VoiceSettings",
    "VoiceUnreachableError",
    "default_voice",
    "known_voice",
    "make_speech",
    "request_sha256",
    "speech_id_of",
    "speech_ids_of",
    "voice_language",
    "voices",
]

_FULL_BELOW_BYTES = 1 << 16
MENDING_VERSION = 1
"""Raised by every change of what is taken out of recordings with faults."""
NOTCHING_VERSION = 2
"""The same of recordings out of which the harmonics of a hum are taken, too: they are mended
otherwise than by releases that knew version 1 alone."""
FULL_SCALE_VERSION = 1
"""Raised by every change of how voices that are louder than full scale are brought below it."""


def speech_ids_of(request: SpeechRequest) -> tuple[str, ...]:
    """Ids that the speech may have: what is mended gets another one than what is not.

    Mended are recordings with faults and voices louder than full scale, whose peaks earlier
    releases cut off; recordings and voices from outside into which the phones of their script are
    laid have ids of their own too. All other speech has the bytes that every release gave it, and
    keeps its id; mended, aligned or not, what is stored is used.

    Raises:
        SpeechError: see :func:`speech_id_of`.
    """
    speech_id = speech_id_of(request)
    if request.audio_path is None:
        unaligned = _unclipped_id(speech_id), speech_id
        is_aligned = request.voice_name not in CARDS
    else:
        unaligned = _notched_id(speech_id), _mended_id(speech_id), speech_id
        is_aligned = bool(request.text)
    return (*map(_aligned_id, unaligned), *unaligned) if is_aligned else unaligned


def _mended_id(speech_id: str) -> str:
    return canonical_sha256({"speech": speech_id, "mending_version": MENDING_VERSION})


def _notched_id(speech_id: str) -> str:
    return canonical_sha256({"speech": speech_id, "mending_version": NOTCHING_VERSION})


def _aligned_id(speech_id: str) -> str:
    return canonical_sha256({"speech": speech_id, "alignment_version": ALIGNMENT_VERSION})


def _unclipped_id(speech_id: str) -> str:
    return canonical_sha256({"speech": speech_id, "full_scale_version": FULL_SCALE_VERSION})


def make_speech(
    request: SpeechRequest,
    folder: Path,
    shared: SharedFiles | None = None,
    *,
    reread: bool = False,
) -> Speech:
    """Speak ``request``, or find it spoken in ``folder``.

    Args:
        request: what is said.
        folder: where the speech is kept.
        shared: where the sounds of clauses are kept; None: every clause is spoken.
        reread: whether a sound in which no release looked for its script is made again.

    Raises:
        SpeechError: the script or the recording cannot be spoken.
        VoiceUnreachableError: a speech service does not answer.
        DiskFullError: there is no room for the sound; nothing is left of it.
    """
    for known_id in speech_ids_of(request):
        found = load_speech(known_id, folder)
        if found is not None and not (reread and is_unaligned(found)):
            return found
    speech_id = speech_id_of(request)
    folder.mkdir(parents=True, exist_ok=True)
    with _parts(speech_files(speech_id, folder)) as parts:
        if request.audio_path is not None:
            speech = _import(request, request.audio_path, speech_id, parts)
        else:
            speech = _speak(request, speech_id, parts, shared)
        files = speech_files(speech.speech_id, folder)
        commit_files({parts.viewer: files.viewer, parts.engine: files.engine})
        write_file(files.receipt, record_bytes(speech))
    return speech


# --- spoken -------------------------------------------------------------------------------------


def _speak(
    request: SpeechRequest, speech_id: str, parts: SpeechFiles, shared: SharedFiles | None
) -> Speech:
    voice = request.voice_name
    read = spoken_script(request)
    rate, placed = _blocks(request, read, shared)
    blocks = [block for _, block in placed]
    gain_db = _engine_gain_db(voice, blocks)
    scale = _full_scale(blocks)
    viewers = (
        block.viewer_int16 if scale == 1 else to_int16(block.viewer * scale) for block in blocks
    )
    viewer_sha256 = write_wav(parts.viewer, viewers, rate)
    engine = [block.engine_int16(gain_db) for block in blocks]
    engine_sha256 = write_wav(parts.engine, engine, ENGINE_SAMPLE_RATE_HZ)
    signs = " ".join(read.unspoken)
    soundless = (f"this voice has no sound for: {signs}",) if signs else ()
    is_outside = voice not in CARDS
    found = _times_of(request, read, blocks, parts.engine) if is_outside else NO_SCRIPT
    speech_id = speech_id if scale == 1 else _unclipped_id(speech_id)
    return Speech(
        speech_id=_aligned_id(speech_id) if found.phonemes else speech_id,
        source=source_of(voice),
        voice=voice,
        language=request.language,
        sample_rate_hz=rate,
        num_channels=1,
        num_samples=sum(len(block.viewer) for block in blocks),
        engine_gain_db=gain_db if scale == 1 else round(gain_db - 20 * math.log10(scale), 1),
        grid_levels_db=grid_levels_of(np.concatenate(engine)),
        cues=_cues(placed),
        phonemes=found.phonemes if is_outside else _phonemes(blocks),
        clauses=_with_readings(read.spoken, found.readings) if is_outside else read.spoken,
        front_end=front_end_sha256(),
        request_sha256=request_sha256(request),
        warnings=(*read.script.warnings, *soundless, *found.notices),
        file_sha256=viewer_sha256,
        engine_file_sha256=engine_sha256,
        versions=ALIGNED if is_outside else voice_versions(voice),
    )


def _times_of(
    request: SpeechRequest, read: SpokenScript, blocks: list[Block], engine_copy: Path
) -> ScriptTimes:
    """When a voice that gives no phones says its clauses, each in its own block."""
    borders = (0, *accumulate(len(block.engine) for block in blocks))
    return voice_times(engine_copy, read.script, request.language, borders)


def _with_readings(
    clauses: Sequence[SpokenClause], readings: Sequence[str]
) -> tuple[SpokenClause, ...]:
    pairs = zip(clauses, readings, strict=True)
    return tuple(clause.model_copy(update={"reading": reading}) for clause, reading in pairs)


def _clause_speaker(
    request: SpeechRequest, shared: SharedFiles | None
) -> Callable[[SpokenClause], Utterance]:
    """A function that finds the sound of a clause, or speaks it."""
    speak = open_speaker(request.voice_name, request.seed, request.settings)
    if source_of(request.voice_name) == "builtin":
        speak = on_a_core(speak)
    if shared is None:
        return lambda clause: speak(clause.line)
    sounds = ClauseSounds(shared)
    return lambda clause: sounds.sound(clause.sound, lambda: speak(clause.line))


def _blocks(
    request: SpeechRequest, read: SpokenScript, shared: SharedFiles | None
) -> tuple[int, list[tuple[Clause, Block]]]:
    """Every clause spoken and placed, and the rate they share."""
    speak = _clause_speaker(request, shared)
    rate = 0

    def place(clause: SpokenClause, gap: Gap) -> Block | None:
        nonlocal rate
        utterance = speak(clause)
        rate = rate or grid_rate(utterance.sample_rate_hz)
        return make_block(utterance, gap, rate)

    items = list(zip(read.spoken, _gaps(read), strict=True))
    is_recent = shared is not None and request.voice_name in CARDS
    recent = RecentBlocks.of(shared) if shared and is_recent else RecentBlocks()
    found = [recent.found(clause.sound, gap) for clause, gap in items]
    lost = [item for item, block in zip(items, found, strict=True) if block is None]

    def made(clause_and_gap: tuple[SpokenClause, Gap]) -> Block | None:
        clause, gap = clause_and_gap
        if not is_recent:
            return place(clause, gap)
        return recent.block(clause.sound, gap, lambda: place(clause, gap))

    others = spoken_in_order(lost, made, num_speakers(request.voice_name))
    blocks = [next(others) if block is None else block for block in found]
    placed: list[tuple[Clause, Block]] = []
    for clause, block in zip(read.script.clauses, blocks, strict=True):
        if block is None:
            raise SpeechError(
                f'voice "{request.voice_name}" produced no sound for "{clause.spoken[:60]}"; '
                "reword it or choose another voice"
            )
        placed.append((clause, block))
    return placed[0][1].sample_rate_hz, placed


def _gaps(read: SpokenScript) -> list[Gap]:
    """The silence around each clause: at least the pauses that the script asks for."""
    clauses = read.script.clauses
    lead_s = max(LEAD_S, read.script.lead_ms / 1000)
    return [
        gap_after(
            ends_sentence=clause.ends_sentence,
            pause_s=clause.pause_ms / 1000,
            lead_s=lead_s if index == 0 else LEAD_S,
            is_last=index == len(clauses) - 1,
        )
        for index, clause in enumerate(clauses)
    ]


def _engine_gain_db(voice: str, blocks: list[Block]) -> float:
    """A built-in voice's own gain, so that equal clauses stay equal bytes; else the track's."""
    if voice in CARDS:
        return CARDS[voice].gain_db
    levels = np.concatenate([frame_levels(block.engine, ENGINE_SAMPLE_RATE_HZ) for block in blocks])
    return round(ENGINE_LEVEL_DB - active_level_db(levels), 1)


def _full_scale(blocks: list[Block]) -> np.float32:
    """The factor that keeps the viewer's copy below full scale; 1 where it is.

    One for the whole track, so that its clauses stay as loud as they are to each other. The copy
    of the engine has its own gain and stays what it was: cuts and segments are named by it.
    """
    peak = max(block.peak for block in blocks)
    return np.float32(1) / max(peak, np.float32(1))


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
        moved = block.phonemes_at(offset)
        if moved is None:
            return None
        phones += moved
        offset += len(block.engine)
    return tuple(phones)


# --- recorded -----------------------------------------------------------------------------------


def _import(request: SpeechRequest, path: Path, speech_id: str, parts: SpeechFiles) -> Speech:
    script = read_script(request.text or "", request.language, request.lexicon)
    recording = import_recording(path, parts.viewer, parts.engine)
    found = script_times(parts.engine, script, request.language) if script.clauses else NO_SCRIPT
    clauses = tuple(SpokenClause(spoken=c.spoken, line="", sound="") for c in script.clauses)
    spans = found.spans or sentence_times(
        recording.levels, [float(_spoken_length(clause.spoken)) for clause in script.clauses]
    )
    if recording.is_mended:
        speech_id = (_notched_id if recording.is_notched else _mended_id)(speech_id)
    samples = VIEWER_RATE_HZ // FRAMES_PER_SECOND
    return Speech(
        speech_id=_aligned_id(speech_id) if found.phonemes else speech_id,
        source="recording",
        voice=path.name,
        language=request.language,
        sample_rate_hz=VIEWER_RATE_HZ,
        num_channels=recording.num_channels,
        num_samples=recording.num_samples,
        engine_gain_db=recording.engine_gain_db,
        grid_levels_db=grid_levels(parts.engine),
        cues=tuple(
            Cue(
                text=clause.text,
                start_sample=start * samples,
                end_sample=min(end * samples, recording.num_samples),
            )
            for clause, (start, end) in zip(script.clauses, spans, strict=True)
        ),
        phonemes=found.phonemes,
        clauses=_with_readings(clauses, found.readings) if found.phonemes else (),
        front_end=front_end_sha256() if request.text else "",
        warnings=(*script.warnings, *recording.warnings, *found.notices),
        file_sha256=sha256_of_file(parts.viewer),
        engine_file_sha256=sha256_of_file(parts.engine),
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
