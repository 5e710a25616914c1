"""Voices over HTTP and by command, against a real server and a real program."""

import io
import json
import logging
import re
import socket
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
import soundfile

from model.errors import SpeechError, StoppedError
from tasks.processes.stop_request import stop_asked_by
from tasks.speech.speech import (
    SpeechRequest,
    VoiceSettings,
    VoiceUnreachableError,
    make_speech,
)

pytestmark = pytest.mark.integration
TEXT = "First sentence. Second one!"


def _wav(rate: int = 22_050, seconds: float = 1.0) -> bytes:
    times = np.arange(round(rate * seconds)) / rate
    out = io.BytesIO()
    soundfile.write(out, 0.2 * np.sin(2 * np.pi * 220 * times), rate, format="WAV")
    return out.getvalue()


@dataclass
class _Service:
    """Answers in turn; the last answer for ever."""

    answers: list[tuple[int, bytes]]
    asked: list[dict[str, object]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    url: str = ""


@contextmanager
def _serving(*answers: tuple[int, bytes]) -> Iterator[_Service]:
    service = _Service(list(answers))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            service.asked.append(json.loads(body))
            service.keys.append(self.headers["Authorization"])
            service.paths.append(self.path)
            code, data = service.answers[0]
            if len(service.answers) > 1:
                service.answers.pop(0)
            self.send_response(code)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            """Keep the terminal quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    service.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _request(service: _Service, **settings: object) -> SpeechRequest:
    made = VoiceSettings.model_validate({"base_url": service.url, "model": "m", **settings})
    return SpeechRequest(text=TEXT, voice="http:alloy", settings=made)


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.speech.voices._FIRST_WAIT_S", 0.01)


def test_a_service_is_asked_clause_by_clause_with_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", "secret-1")
    with _serving((200, _wav())) as service:
        speech = make_speech(_request(service, api_key_env="MY_KEY", speed=1.25), tmp_path)
    assert service.asked == [
        {
            "model": "m",
            "input": text,
            "voice": "alloy",
            "response_format": "wav",
            "speed": 1.25,
        }
        for text in ("First sentence.", "Second one!")
    ]
    assert service.paths == ["/v1/audio/speech"] * 2
    assert service.keys == ["Bearer secret-1"] * 2
    assert (speech.source, speech.sample_rate_hz, speech.phonemes) == ("http", 22_050, None)
    assert len(speech.cues) == 2
    assert "secret-1" not in speech.model_dump_json()


def test_the_engines_copy_of_a_service_is_levelled_per_track(tmp_path: Path) -> None:
    with _serving((200, _wav())) as service:
        speech = make_speech(_request(service), tmp_path)
    # a sine of amplitude 0.2 lies at -17.0 dBFS
    assert speech.engine_gain_db == pytest.approx(-23 + 17.0, abs=0.3)


def test_a_busy_service_is_asked_again(tmp_path: Path) -> None:
    with _serving((503, b"busy"), (429, b"slow down"), (200, _wav())) as service:
        make_speech(_request(service), tmp_path)
    assert len(service.asked) == 4


@pytest.mark.parametrize(
    ("code", "way_out"),
    [(400, "check the voice's name"), (401, "variable OPENAI_API_KEY"), (404, "ends in /v1")],
)
def test_a_refusal_is_final_and_says_the_way_out(tmp_path: Path, code: int, way_out: str) -> None:
    with (
        _serving((code, b'{"error": "no such thing"}')) as service,
        pytest.raises(SpeechError, match=f"refused to speak: HTTP {code}") as caught,
    ):
        make_speech(_request(service), tmp_path)
    assert way_out in str(caught.value)
    assert len(service.asked) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_service_that_stays_down_is_a_fault_of_the_machine(tmp_path: Path) -> None:
    with (
        _serving((500, b"oops")) as service,
        pytest.raises(VoiceUnreachableError, match="in 4 tries: HTTP 500 Internal Server Error"),
    ):
        make_speech(_request(service), tmp_path)
    assert len(service.asked) == 4


def test_a_service_that_is_not_there_is_named(tmp_path: Path) -> None:
    with _serving((200, b"")) as service:
        pass
    with pytest.raises(VoiceUnreachableError, match="check that the service is running"):
        make_speech(_request(service), tmp_path)


def test_an_answer_that_is_no_sound_is_refused(tmp_path: Path) -> None:
    with (
        _serving((200, b"<html>hello</html>")) as service,
        pytest.raises(SpeechError, match="is not a sound file"),
    ):
        make_speech(_request(service), tmp_path)


def test_a_streamed_wav_without_a_length_is_read(tmp_path: Path) -> None:
    wav = bytearray(_wav())
    wav[4:8] = wav[40:44] = b"\xff\xff\xff\xff"
    with _serving((200, bytes(wav))) as service:
        speech = make_speech(_request(service), tmp_path)
    assert speech.num_samples > 22_050


def test_a_base_url_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(SpeechError, match="needs a base URL"):
        make_speech(SpeechRequest(text=TEXT, voice="http:alloy"), tmp_path)


def test_a_base_url_that_is_none_is_refused(tmp_path: Path) -> None:
    settings = VoiceSettings(base_url="http://host:port/v1")
    with pytest.raises(SpeechError, match="is not a URL"):
        make_speech(SpeechRequest(text=TEXT, voice="http:a", settings=settings), tmp_path)


# --- secrets ------------------------------------------------------------------------------------


def _refused(request: SpeechRequest, folder: Path) -> str:
    with pytest.raises((SpeechError, VoiceUnreachableError)) as caught:
        make_speech(request, folder)
    return str(caught.value)


@pytest.mark.parametrize("code", [400, 401, 404, 429, 500, 200])
def test_no_message_tells_a_secret_of_the_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, code: int
) -> None:
    """A user and password in its address, its key, and answers that repeat them."""
    monkeypatch.setenv("MY_KEY", "sk-KEY")
    caplog.set_level(logging.DEBUG)
    with _serving((code, b"PASSWORD sk-KEY QUERY, said the service")) as service:
        url = service.url.replace("http://", "http://ann:PASSWORD@") + "?key=QUERY"
        told = _refused(_request(service, base_url=url, api_key_env="MY_KEY"), tmp_path)
    assert service.url in told
    told += caplog.text
    assert not {"PASSWORD", "KEY", "QUERY", "ann"} & set(re.findall(r"[\w-]+", told))
    assert service.keys[0] == "Basic " + b64encode(b"ann:PASSWORD").decode()


@pytest.mark.parametrize("url", ["ann:PASSWORD@127.0.0.1/v1", "http://ann:PASSWORD@host:port/v1"])
def test_an_address_that_cannot_be_used_is_told_without_its_password(
    tmp_path: Path, url: str
) -> None:
    settings = VoiceSettings(base_url=url)
    told = _refused(SpeechRequest(text=TEXT, voice="http:a", settings=settings), tmp_path)
    assert "base URL" in told
    assert "PASSWORD" not in told


@pytest.mark.parametrize("key", ["sk-KEY\nmore", "sk-KEY“"])
def test_a_key_that_cannot_be_sent_is_refused_and_not_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("MY_KEY", key)
    with _serving((200, _wav())) as service:
        told = _refused(_request(service, api_key_env="MY_KEY"), tmp_path)
    assert "MY_KEY" in told
    assert "sk-" not in told
    assert service.asked == []


def test_an_answer_that_is_no_http_is_not_repeated(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        Thread(target=_answer_badly, args=(listener,), daemon=True).start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        settings = VoiceSettings(base_url=url)
        told = _refused(SpeechRequest(text=TEXT, voice="http:a", settings=settings), tmp_path)
    assert "RemoteProtocolError" in told
    assert "PASSWORD" not in told


def _answer_badly(listener: socket.socket) -> None:
    with suppress(OSError):
        while True:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1 << 16)
                connection.sendall(b"PASSWORD is no status line\r\n\r\n")


FAILS = "import sys; sys.exit(f'cannot use {sys.argv[1:]}')"
WRITES_NOTHING = "import sys; print(sys.argv[1:], file=sys.stderr)"
WRITES_NO_SOUND = "import pathlib, sys; pathlib.Path(sys.argv[-1]).write_text('TOKEN-1')"


@pytest.mark.parametrize("program", [FAILS, WRITES_NOTHING, WRITES_NO_SOUND])
def test_no_message_tells_the_arguments_of_a_command(tmp_path: Path, program: str) -> None:
    path = tmp_path / "speak.py"
    path.write_text(program)
    secret = "--token TOKEN-1 --key=TOKEN-2 'Authorization: Bearer TOKEN-3' http://u:TOKEN-4@h/"
    command = f"'{sys.executable}' '{path}' {secret} {{text_file}} {{out}}"
    settings = VoiceSettings(command=command)
    told = _refused(SpeechRequest(text="Hi.", voice="command:x", settings=settings), tmp_path)
    assert Path(sys.executable).name in told
    assert "TOKEN" not in told


@pytest.mark.parametrize("command", ["speak --key TOKEN {out}", "speak 'TOKEN {text_file} {out}"])
def test_a_template_that_cannot_work_is_told_without_its_arguments(
    tmp_path: Path, command: str
) -> None:
    settings = VoiceSettings(command=command)
    told = _refused(SpeechRequest(text="Hi.", voice="command:x", settings=settings), tmp_path)
    assert "speak" in told
    assert "TOKEN" not in told


# --- command ------------------------------------------------------------------------------------

PROGRAM = """
import pathlib, sys, wave
text_file, out, voice = sys.argv[1:]
text = pathlib.Path(text_file).read_text(encoding="utf-8")
assert voice == "anna b", voice
with wave.open(out, "wb") as file:
    file.setparams((1, 2, 16000, 0, "NONE", ""))
    file.writeframes(b"\\x00\\x10\\x00\\xf0" * 400 * len(text))
"""


def _command(tmp_path: Path, program: str) -> SpeechRequest:
    path = tmp_path / "my voice.py"
    path.write_text(program)
    command = f"'{sys.executable}' '{path}' {{text_file}} {{out}} {{voice}}"
    settings = VoiceSettings(command=command, timeout_s=20)
    return SpeechRequest(text="你好。Hello there!", voice="command:anna b", settings=settings)


def test_a_command_speaks_clause_by_clause(tmp_path: Path) -> None:
    speech = make_speech(_command(tmp_path, PROGRAM), tmp_path / "out")
    assert (speech.source, speech.sample_rate_hz) == ("command", 16_000)
    lengths = [cue.end_sample - cue.start_sample for cue in speech.cues]
    assert lengths == [800 * len("你好。"), 800 * len("Hello there!")]


@pytest.mark.parametrize("voice", ["$(touch owned)", "a;id", "--out=/etc/x", "`id`", "a\nb", "a|b"])
def test_a_voice_is_no_option_and_nothing_that_a_shell_runs(tmp_path: Path, voice: str) -> None:
    """A manifest's author names it; the operator's command may be `sh -c "... {voice} ..."`."""
    settings = VoiceSettings(command="sh -c 'speak {voice} {text_file} {out}'")
    request = SpeechRequest(text="Hi.", voice=f"command:{voice}", settings=settings)
    with pytest.raises(SpeechError, match="may hold only letters, digits"):
        make_speech(request, tmp_path)


def test_a_command_that_fails_is_quoted(tmp_path: Path) -> None:
    program = "import sys; sys.exit('no such voice here')"
    with pytest.raises(SpeechError, match="ended with exit code 1: no such voice here"):
        make_speech(_command(tmp_path, program), tmp_path / "out")


def test_a_command_that_writes_nothing_is_refused(tmp_path: Path) -> None:
    program = "import sys; print('done nothing', file=sys.stderr)"
    with pytest.raises(SpeechError, match=r"wrote no \{out\}.*done nothing"):
        make_speech(_command(tmp_path, program), tmp_path / "out")


def test_a_command_that_is_not_there_is_refused(tmp_path: Path) -> None:
    settings = VoiceSettings(command="no-such-program-7 {text_file} {out}")
    with pytest.raises(SpeechError, match="no-such-program-7"):
        make_speech(SpeechRequest(text="Hi.", voice="command:x", settings=settings), tmp_path)


@pytest.mark.parametrize("command", ["", "speak {out}", "speak 'a {text_file} {out}"])
def test_a_template_that_cannot_work_is_refused(tmp_path: Path, command: str) -> None:
    settings = VoiceSettings(command=command)
    with pytest.raises(SpeechError, match=r"needs a command with|cannot be split"):
        make_speech(SpeechRequest(text="Hi.", voice="command:x", settings=settings), tmp_path)


# --- what is too much, and what never ends ----------------------------------------------------


@contextmanager
def _trickling(chunk: bytes, pause_s: float) -> Iterator[str]:
    """A service that answers 200 and then sends ``chunk`` again and again; yields its base URL."""
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            self.end_headers()
            with suppress(BrokenPipeError, ConnectionResetError):
                while not over.wait(pause_s):
                    self.wfile.write(chunk)

        def log_message(self, format: str, *args: object) -> None:
            """Keep the terminal quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _ask(url: str, folder: Path, timeout_s: float = 20) -> None:
    settings = VoiceSettings(base_url=url, model="m", timeout_s=timeout_s)
    make_speech(SpeechRequest(text=TEXT, voice="http:alloy", settings=settings), folder)


def test_an_answer_that_does_not_end_is_cut_at_the_limit(tmp_path: Path) -> None:
    with (
        _trickling(bytes(1 << 20), 0.0) as url,
        pytest.raises(
            SpeechError, match=r"larger than 64 MiB; at most that is read for one clause"
        ),
    ):
        _ask(url, tmp_path)


def test_an_answer_that_only_drips_is_given_up_in_time(tmp_path: Path) -> None:
    """Each byte comes in time; the answer does not."""
    began = time.monotonic()
    with (
        _trickling(b"R", 0.05) as url,
        pytest.raises(VoiceUnreachableError, match=r"was not whole within 0\.5 s"),
    ):
        _ask(url, tmp_path, timeout_s=0.5)
    assert time.monotonic() - began < 60  # it would drip for hours


def test_a_request_to_stop_leaves_a_service_that_stalls(tmp_path: Path) -> None:
    began = time.monotonic()
    with (
        _trickling(b"", 1.0) as url,
        stop_asked_by(lambda: time.monotonic() > began + 0.5),
        pytest.raises(StoppedError),
    ):
        _ask(url, tmp_path, timeout_s=600)
    assert time.monotonic() - began < 60  # ten minutes without it


def _header_of(rate: int, seconds: float, num_channels: int = 1) -> bytes:
    out = io.BytesIO()
    silence = np.zeros((round(rate * seconds), num_channels), np.int16)
    soundfile.write(out, silence, rate, format="FLAC")
    return out.getvalue()


@pytest.mark.parametrize(
    ("sound", "rule"),  # made in the test: each collection would encode them
    [
        ((8_000, 700), r"is 700 s long with 1 channels; at most 600 s"),
        ((192_000, 60, 8), r"is 60 s long with 8 channels.*64000000 values"),
        ((1, 8_000), r"sample rate of 1 Hz; it must be from 4000 to 384000 Hz"),
    ],
)
def test_a_small_answer_that_promises_much_sound_is_refused_undecoded(
    tmp_path: Path, sound: tuple[int, ...], rule: str
) -> None:
    answer = _header_of(*sound)
    assert len(answer) < 1_000_000
    with _serving((200, answer)) as service, pytest.raises(SpeechError, match=rule):
        make_speech(_request(service), tmp_path)


def test_a_command_that_hangs_is_a_fault_of_the_machine_and_not_of_the_row(tmp_path: Path) -> None:
    request = _command(tmp_path, "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)")
    request = request.model_copy(
        update={"settings": request.settings.model_copy(update={"timeout_s": 1.0})}
    )
    with pytest.raises(
        VoiceUnreachableError,
        match=r"hangs: \S+ did not end in 3 tries; the last one did not finish: killed, because it "
        r"did not end within 1 s",
    ) as hung:
        make_speech(request, tmp_path / "out")
    assert hung.value.fault == "machine"


def test_a_command_that_hangs_is_started_again(tmp_path: Path) -> None:
    """It hangs twice at the first of two clauses, and then speaks as ever."""
    tries = tmp_path / "tries"
    hangs_twice = (
        f"import pathlib, time; tries = pathlib.Path({str(tries)!r}); "
        "count = len(tries.read_text()) if tries.exists() else 0; "
        "tries.write_text('x' * (count + 1)); "
        "time.sleep(600 if count < 2 else 0)\n" + PROGRAM
    )
    request = _command(tmp_path, hangs_twice)
    request = request.model_copy(
        update={"settings": request.settings.model_copy(update={"timeout_s": 3.0})}
    )
    assert make_speech(request, tmp_path / "out").num_samples > 0
    assert tries.read_text() == "xxxx"


def test_a_service_that_hangs_is_asked_again(tmp_path: Path) -> None:
    with _trickling(b"", 1.0) as url, pytest.raises(VoiceUnreachableError, match=r"in 4 tries"):
        _ask(url, tmp_path, timeout_s=0.3)


def test_a_command_that_writes_or_says_too_much_is_refused(tmp_path: Path) -> None:
    writes = "import sys; open(sys.argv[2], 'wb').truncate(1 << 40)"
    with pytest.raises(SpeechError, match=r"larger than 64 MiB"):
        make_speech(_command(tmp_path, writes), tmp_path / "out")
    with pytest.raises(SpeechError, match=r"more than 1048576 bytes to standard output: killed"):
        make_speech(_command(tmp_path, "while True: print('x' * 1000)"), tmp_path / "out")
