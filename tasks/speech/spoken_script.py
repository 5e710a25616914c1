"""A request, read: its clauses, and the line that its voice is given for each.

The line of a built-in voice is the phonemes of the clause; that of a voice from outside is the
clause itself, which such a voice reads in its own way.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import model.speech
import tasks.reading
from model.errors import SpeechError
from model.speech.utterance import Piece, Reading
from model.speech.voices import CARDS, load_voice
from tasks.canonical_json import canonical_sha256
from tasks.speech.clauses.clause import Clause
from tasks.speech.request import (
    SPEECH_VERSION,
    SpeechRequest,
    request_sha256,
    sound_identity,
    voice_identity,
)
from tasks.speech.script import Script, read_script
from tasks.speech.voices import default_voice, sound_versions, voice_language
from tasks.speech_records import SpokenClause

_FRONT_ENDS = ("hibari-tts", "pypinyin", "phonenumbers", "opencc-purepy")
_LETTERS_A_SECOND, _HAN_A_SECOND = 20.0, 6.0  # of a voice in a hurry
_SCRIPTS_KEPT, _CLAUSES_KEPT = 64, 4096


@dataclass(frozen=True)
class SpokenScript:
    """A script and what its voice is given.

    Attributes:
        script: its clauses and warnings.
        spoken: of each clause, as a receipt keeps it.
        unspoken: what the voice has no sound for.
    """

    script: Script
    spoken: tuple[SpokenClause, ...]
    unspoken: tuple[str, ...]


def first_clauses(clauses: Sequence[Clause], seconds: float) -> tuple[Clause, ...]:
    """The fewest clauses from the beginning that even a hurried voice speaks for so long."""
    taken: list[Clause] = []
    for clause in clauses:
        if seconds <= 0:
            break
        taken.append(clause)
        num_han = sum("\u3400" <= sign <= "\u9fff" for sign in clause.spoken)
        seconds -= num_han / _HAN_A_SECOND + (len(clause.spoken) - num_han) / _LETTERS_A_SECOND
    return tuple(taken)


@lru_cache(maxsize=_SCRIPTS_KEPT)
def spoken_script(request: SpeechRequest) -> SpokenScript:
    """Read a request's script; nothing is spoken.

    Raises:
        SpeechError: it cannot be read, or not by this voice.
    """
    script = read_script(request.text or "", request.language, request.lexicon)
    _check_speakable(script, request)
    if request.first_s is not None:
        script = replace(script, clauses=first_clauses(script.clauses, request.first_s))
    identity = sound_identity(request) | {"packages": sound_versions(request.voice_name)}
    lines, unspoken = _lines(script.clauses, request.voice_name)
    spoken = tuple(
        SpokenClause(
            spoken=clause.spoken, line=line, sound=canonical_sha256(identity | {"line": line})
        )
        for clause, line in zip(script.clauses, lines, strict=True)
    )
    return SpokenScript(script, spoken, unspoken)


def speech_id_of(request: SpeechRequest) -> str:
    """Sha256 of all that the sound depends on; nothing is spoken.

    Raises:
        SpeechError: neither text nor recording, an unknown voice, or a script it cannot speak.
    """
    asked = request_sha256(request)
    if request.audio_path is not None:
        return asked
    read = spoken_script(request)
    return canonical_sha256(
        voice_identity(request)
        | {
            "version": SPEECH_VERSION,
            "lead_ms": read.script.lead_ms,
            "clauses": [
                [clause.text, spoken.sound, clause.ends_sentence, clause.pause_ms]
                for clause, spoken in zip(read.script.clauses, read.spoken, strict=True)
            ],
        }
    )


def _lines(clauses: Sequence[Clause], voice: str) -> tuple[list[str], tuple[str, ...]]:
    """What the voice is given for each clause, and what of it has no sound."""
    if voice not in CARDS:
        return [clause.given for clause in clauses], ()
    readings = [_reading(voice, clause.pieces) for clause in clauses]
    unspoken = dict.fromkeys(sign for reading in readings for sign in reading.unspoken)
    return [reading.symbols for reading in readings], tuple(unspoken)


@lru_cache(maxsize=_CLAUSES_KEPT)
def _reading(voice: str, pieces: tuple[Piece, ...]) -> Reading:
    """Rows of a campaign share most of their clauses, which are read once."""
    return load_voice(voice).read(pieces)


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
        if any(map(_has_han, clause.pieces)):
            raise SpeechError(
                f'voice "{voice}" speaks English and cannot say "{clause.spoken[:40]}"; '
                f"choose {default_voice('zh')} or another Mandarin voice, which reads English words"
            )


def _has_han(piece: Piece) -> bool:
    return isinstance(piece, str) and any(
        "\u3400" <= sign <= "\u9fff" or "\uf900" <= sign <= "\ufaff" for sign in piece
    )


@cache
def front_end_sha256() -> str:
    """Digest of all the code and the tables by which scripts are read.

    Speech that was made with the same one is read the same way: nothing need be compared.
    """
    digest = sha256()
    rooms = [Path(path) for room in (tasks.reading, model.speech) for path in room.__path__]
    here = Path(__file__).parent
    own = [here / "script.py", here / "clauses" / "clause.py", Path(__file__)]
    files = [path for room in rooms for path in sorted(room.rglob("*")) if _is_source(path)]
    for path in (*files, *own):
        digest.update(path.read_bytes())
    for name in _FRONT_ENDS:
        with suppress(PackageNotFoundError):
            digest.update(f"{name} {version(name)}".encode())
    return digest.hexdigest()


def _is_source(path: Path) -> bool:
    return path.is_file() and path.suffix != ".bin" and "__pycache__" not in path.parts
