"""What is secret in addresses, keys and commands is nowhere afterwards: a whole run is searched."""

import contextlib
import os
import subprocess
import sys
import time
import zipfile
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import soundfile

from tasks.processes.ffmpeg import ffmpeg_path
from tests.integration.campaigns import ROOT, start, write_short_campaign
from tests.integration.servers import Postgres, PrefectCluster, Worker
from tests.unit.served import Answer, GpuRequest, Served, png

pytestmark = pytest.mark.integration
SECRET = "PASSWORD-7"


@pytest.fixture
def web() -> Iterator[Served]:
    served = Served()
    served.start()
    yield served
    served.end()


KNOWN = {"OPENAI_API_KEY": f"sk-{SECRET}", "COLUMNS": "400"}


def run(*arguments: str | Path) -> str:
    """A run of the command line with a server of its own; what it printed."""
    env = {k: v for k, v in os.environ.items() if k != "PREFECT_API_URL"}
    ended = subprocess.run(
        [sys.executable, "-m", "flows.cli", *map(str, arguments)],
        cwd=ROOT,
        env=env | KNOWN,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return said(ended)


def said(ended: subprocess.CompletedProcess[str]) -> str:
    assert "Traceback" not in ended.stderr
    return ended.stdout + ended.stderr


def places_of(secret: str, folder: Path) -> list[Path]:
    """Files of a folder that hold a secret, in their names or bytes."""
    return [
        path
        for path in folder.rglob("*")
        if secret in path.name or (path.is_file() and secret.encode() in path.read_bytes())
    ]


def test_no_secret_of_an_address_or_a_voice_is_told_or_stored(
    web: Served,
    nightshoot: Callable[..., Any],
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    host = f"127.0.0.1:{web.server.server_port}"
    signed = f"http://ann:{SECRET}@{host}"
    manifest = (
        "video_id,script,portrait,voice,engine,size,preset\n"
        f"one,Hello.,{signed}/mara.png?X-Amz-Signature={SECRET},http:alloy,,,\n"
        f"two,Hello.,{signed}/mara.png?X-Amz-Signature={SECRET},command:x,,,\n"
        f"three,Hello.,{signed}/mara.png?X-Amz-Signature={SECRET},,null,96x64,quick\n"
    )
    web.routes["/june.csv"] = Answer(body=manifest.encode())
    web.routes["/v1/audio/speech"] = Answer(401, f"who is ann:{SECRET}?".encode())
    web.routes["/mara.png"] = Answer(body=png(512, 512))
    out = tmp_path / "renders"
    address = f"{signed}/june.csv?X-Amz-Signature={SECRET}"
    voices = (
        "--voice-url",
        f"{signed}/v1",
        "--voice-command",
        f"false {SECRET} {{text_file}} {{out}}",
    )
    common = ("--out", out, "--allow-private", *voices)

    told = said(nightshoot("plan", address, *common, **KNOWN))
    told += run("render", address, *common, "--keep-going", "--gates", "off")
    at, saved = ("--out", out), tmp_path_factory.mktemp("in") / "june.csv"
    saved.write_text(manifest)
    told += said(nightshoot("status", "june", *at, **KNOWN))
    others = [
        ("plan", address, *common, "--gpus", "1"),
        ("find", *at, "--portrait", f"{signed}/mara.png?sig={SECRET}"),
        ("find", *at, "--script", "hello"),
        ("diff", address, "june", *at),
        ("diff", address, "june", *at, "--allow-private"),
        ("diff", saved, "june", *at),
        ("report", "june", *at),
        ("report", "june", *at, "--share", tmp_path / "shared.zip"),
        ("judge", "june", *at),
        ("decide", "june", "three", "--approve", "--as", "ann", *at),
        ("retry", "june", *at, "--here"),
        ("submit", address, *at, "--no-check"),
        ("schedule", address, *at, "--no-check", "--cron", "0 1 * * *"),
        ("purge", out, "--older-than", "0d", "--unapproved", "--yes"),
    ]
    for words in others:  # a backup keeps manifests as they are (SECURITY.md)
        told += f"\n== {words[0]}\n" + said(nightshoot(*words, **KNOWN))

    report = (out / "june" / "report.csv").read_text("utf-8-sig")
    assert f"http://{host}/v1/audio/speech refused to speak" in report
    assert 'voice ""command:x"" failed: false ended with exit code 1' in report
    assert SECRET not in told
    with zipfile.ZipFile(tmp_path / "shared.zip") as shared:
        members = {name: shared.read(name) for name in shared.namelist()}
    assert any(name.endswith(".mp4") for name in members)
    assert not [name for name, data in members.items() if SECRET.encode() in data]
    assert places_of(SECRET, tmp_path) == []


def test_no_secret_of_an_input_that_is_missing_is_told_or_stored(
    web: Served, nightshoot: Callable[..., Any], tmp_path: Path
) -> None:
    signed = f"http://ann:{SECRET}@127.0.0.1:{web.server.server_port}"
    manifest = f"video_id,script,portrait\none,Hello.,{signed}/no.png?X-Amz-Signature={SECRET}\n"
    web.routes["/june.csv"] = Answer(body=manifest.encode())
    common = ("--out", tmp_path / "renders", "--allow-private", "--keep-going")

    # what a server of its own leaves behind is searched in the test above
    told = said(nightshoot("render", f"{signed}/june.csv?sig={SECRET}", *common, **KNOWN))
    told += said(nightshoot("render", f"{signed}/missing.csv?sig={SECRET}", *common, **KNOWN))

    assert "/no.png" in told
    assert SECRET not in told
    assert places_of(SECRET, tmp_path) == []


@pytest.mark.cluster
def test_prefect_and_its_workers_keep_no_secret_of_a_campaign_that_fails_at_every_stage(
    cluster: PrefectCluster,
    postgres: Postgres,
    start_worker: Callable[..., Worker],
    web: Served,
    tmp_path: Path,
) -> None:
    host = f"127.0.0.1:{web.server.server_port}"
    signed = f"http://ann:{SECRET}@{host}"

    def refuse(asked: GpuRequest) -> Answer:
        """As a server that repeats what it was asked with, in its words and its headers."""
        words = f"{asked.path} {dict(asked.headers)}"
        return Answer(401, words.encode(), {"WWW-Authenticate": f"Basic realm={SECRET}"})

    web.routes["/v1/audio/speech"] = refuse
    web.routes["/refused.png"] = refuse
    web.routes["/mara.png"] = Answer(body=png(512, 512))
    web.routes["/text.png"] = Answer(body=f"no picture: {SECRET}".encode())
    head = "video_id,script,portrait,voice,music\n"
    spoken, unread = tmp_path / "spoken.csv", tmp_path / "unread.csv"
    spoken.write_text(
        head + f"service,Hello.,{signed}/mara.png?sig={SECRET},http:alloy,\n"
        f"program,Hello.,{signed}/mara.png?sig={SECRET},command:x,\n"
    )
    unread.write_text(
        head + f"missing,Hello.,{signed}/no.png?sig={SECRET},hibari,\n"
        f"refused,Hello.,{signed}/refused.png?sig={SECRET},hibari,\n"
        f"text,Hello.,{signed}/text.png?sig={SECRET},hibari,\n"
        f"mistyped,Hello.,http:/ann:{SECRET}@{host}/mara.png?sig={SECRET},hibari,\n"
        f"torn,Hello.,http//ann:{SECRET}@{host}/mara.png?sig={SECRET},hibari,\n"
        f"bare,Hello.,ann:{SECRET}@{host}/mara.png,hibari,\n"
        f"music,Hello.,{signed}/mara.png?sig={SECRET},hibari,{signed}/no.wav?sig={SECRET}\n"
    )
    worker = start_worker(
        "cpu",
        env={
            "OPENAI_API_KEY": f"sk-{SECRET}",
            "AWS_ENDPOINT_URL": f"http://end:{SECRET}@127.0.0.1:9/?k={SECRET}",
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "NIGHTSHOOT_S3_RETRY_S": "1",
            "AWS_ACCESS_KEY_ID": "nobody",
            "AWS_EC2_METADATA_DISABLED": "true",
            "NIGHTSHOOT_VOICE_URL": f"{signed}/v1?token={SECRET}",
            "NIGHTSHOOT_VOICE_COMMAND": f"ls --sort={SECRET} {{text_file}} {{out}}",
        },
    )
    out = tmp_path / "renders"
    shared = {"out": str(out), "allow_private": True, "keep_going": True}
    asked_for = [
        ("campaign/adhoc", {"manifest": str(spoken), **shared}),
        ("campaign/adhoc", {"manifest": str(unread), **shared}),
        # a store that does not answer: the S3 client's own error repeats the address of its server
        ("campaign/retry-failed", {"out": "s3://bucket/lost", "campaign": "june"}),
    ]

    runs = [cluster.run_deployment(name, {"request": request}) for name, request in asked_for]
    ended = [cluster.wait_for_run(run["id"]) for run in runs]

    told = [run["state"]["message"] for run in ended]
    assert [run["state_type"] for run in ended] == ["FAILED"] * 3, told
    assert "2 failed" in told[0], told
    assert "refused before rendering" in told[1], told
    assert "s3://bucket/lost" in told[2], told
    report = (out / "spoken" / "report.csv").read_text("utf-8-sig")
    assert f"http://{host}/v1/audio/speech refused to speak" in report
    assert "failed: ls ended with exit code" in report
    basic = b64encode(f"ann:{SECRET}".encode()).decode()
    spoken_to = [asked for asked in web.asked if asked.path == f"/v1/audio/speech?token={SECRET}"]
    assert {asked.headers["authorization"] for asked in spoken_to} == {f"Basic {basic}"}
    dump = postgres.dump()
    assert f"{host}/no.png" in dump, "what is not secret is told"
    assert SECRET not in dump
    assert basic not in dump
    assert SECRET not in worker.log_text()
    assert places_of(SECRET, out) == []
    assert places_of(SECRET, cluster.folder) == []


TELLS_ENVIRONMENT = "tr '\\0' '\\n' < /proc/$$/environ > '{folder}'/$$.{kind}\n"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows a process's environment")
@pytest.mark.sweep
def test_no_process_of_a_run_has_a_key_that_it_does_not_need(
    web: Served, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Every ffmpeg, the engine hosts, their guards and the run's own server are looked at."""
    told = tmp_path / "told"
    told.mkdir()

    def telling(kind: str, then: str) -> Path:
        program = tmp_path / kind
        tell = TELLS_ENVIRONMENT.format(folder=told, kind=kind)
        program.write_text(f"#!/bin/sh\n{tell}{then}\n")
        program.chmod(0o755)
        return program

    sound = tmp_path / "said.wav"
    soundfile.write(sound, 0.2 * np.sin(np.arange(44_100) / 20), 22_050)
    monkeypatch.delenv("NIGHTSHOOT_FFMPEG", raising=False)
    ffmpeg = telling("ffmpeg", f"exec '{ffmpeg_path()}' \"$@\"")
    voice = telling("voice", f"cp '{sound}' \"$2\"")
    manifest = write_short_campaign(tmp_path / "in", 1)
    rows = manifest.read_text().replace("\n", ",voice,deliver\n", 1).rstrip()
    manifest.write_text(f"{rows},command:x,1:1\n")
    keys = {
        "OPENAI_API_KEY": SECRET,
        "SPEECH": SECRET,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "PGPASSWORD": SECRET,
        "NIGHTSHOOT_MAIL_PASSWORD": SECRET,
        "NIGHTSHOOT_VOICE_COMMAND": f"{voice} {{text_file}} {{out}} {SECRET}",
        "NIGHTSHOOT_FFMPEG": str(ffmpeg),
    }
    env = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    words = ["render", manifest, "--out", tmp_path / "out", "--set", "delay_ms=20"]
    words += ["--gates", "off", "--voice-key-env", "SPEECH"]
    log = tmp_path / "log"
    running = start(words, env | keys, log)
    own: dict[str, bytes] = {}
    try:
        while running.poll() is None:
            for child in psutil.Process(running.pid).children(recursive=True):
                with contextlib.suppress(psutil.Error, OSError):
                    words = child.cmdline()
                    # between fork and exec a child still looks like the command itself
                    if words[1:2] == ["-m"] and words[2] != "flows.cli":
                        kind = " ".join(words[2:4])
                        own[kind] = Path(f"/proc/{child.pid}/environ").read_bytes()
            time.sleep(0.02)
    finally:
        running.kill()
        running.wait()

    assert running.returncode == 0, log.read_text()
    of_ffmpeg = [path.read_text() for path in told.glob("*.ffmpeg")]
    of_voice = [path.read_text() for path in told.glob("*.voice")]
    assert len(of_ffmpeg) > 10
    assert not [text for text in of_ffmpeg if SECRET in text or "PREFECT_" in text]
    kinds = {"flows.local.server", "model.host", "model.host.guard"}
    assert {kind.split()[0] for kind in own} == kinds
    assert not [kind for kind, environment in own.items() if SECRET.encode() in environment]
    # a voice command has what its operator set for it, and nothing of Prefect's or the database's
    assert of_voice
    for text in of_voice:
        assert f"OPENAI_API_KEY={SECRET}" in text
        assert "PREFECT_" not in text
        assert "PGPASSWORD" not in text
        assert "NIGHTSHOOT_MAIL_PASSWORD" not in text


@pytest.mark.parametrize(
    ("code", "status", "told"),
    [
        pytest.param(
            "",
            2,
            "PREFECT_API_URL=http://127.0.0.1:9/api: no Prefect server answers",
            id="at the start",
        ),
        pytest.param(
            "import flows.local.dispatcher as d\nd.check_named_server = lambda: None\n",
            1,
            "Prefect's server at http://127.0.0.1:9/api (PREFECT_API_URL) does not answer",
            id="when all is planned",
            marks=pytest.mark.sweep,
        ),
    ],
)
def test_a_server_that_does_not_answer_is_told_without_its_password(
    code: str, status: int, told: str, tmp_path: Path
) -> None:
    manifest = write_short_campaign(tmp_path / "in", 1)
    env = os.environ | {"PREFECT_API_URL": f"http://me:{SECRET}@127.0.0.1:9/api?k={SECRET}"}
    words = ["render", manifest, "--out", tmp_path / "out", "--gates", "off"]
    code += 'import runpy; runpy.run_module("flows.cli", run_name="__main__", alter_sys=True)'
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, words)],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == status
    said = done.stdout + done.stderr
    assert told in said
    assert "Traceback" not in said
    assert SECRET not in said
    assert places_of(SECRET, tmp_path) == []
