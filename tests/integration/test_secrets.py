"""What is secret in addresses, keys and commands is nowhere afterwards: a whole run is searched."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.campaigns import ROOT
from tests.unit.served import Answer, Served, png

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
    web: Served, nightshoot: Callable[..., Any], tmp_path: Path
) -> None:
    host = f"127.0.0.1:{web.server.server_port}"
    signed = f"http://ann:{SECRET}@{host}"
    manifest = (
        "video_id,script,portrait,voice\n"
        f"one,Hello.,{signed}/mara.png?X-Amz-Signature={SECRET},http:alloy\n"
        f"two,Hello.,{signed}/mara.png?X-Amz-Signature={SECRET},command:x\n"
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
    told += run("render", address, *common, "--keep-going")
    told += said(nightshoot("status", "june", "--out", out, **KNOWN))

    report = (out / "june" / "report.csv").read_text("utf-8-sig")
    assert f"http://{host}/v1/audio/speech refused to speak" in report
    assert 'voice ""command:x"" failed: false ended with exit code 1' in report
    assert SECRET not in told
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
