"""A server that PREFECT_API_URL names and that does not answer: one line, no traceback."""

from pathlib import Path

import pytest

from tests.integration.campaigns import write_short_campaign
from tests.integration.servers import free_port

pytestmark = pytest.mark.integration


def test_a_server_that_does_not_answer_is_one_line_and_a_way_out_that_works(
    nightshoot, tmp_path: Path
) -> None:
    manifest = write_short_campaign(tmp_path / "in", 1)
    dead = f"http://somebody:secret@127.0.0.1:{free_port()}/api"

    refused = nightshoot(
        "render", manifest, "--out", tmp_path / "out", timeout_s=600, PREFECT_API_URL=dead
    )

    assert refused.returncode == 2, refused.stdout + refused.stderr
    assert "Traceback" not in refused.stderr
    assert "no Prefect server answers (ConnectError" in refused.stderr
    assert "or unset PREFECT_API_URL: the run then starts a server of its own" in refused.stderr
    assert "secret" not in refused.stdout + refused.stderr
    done = nightshoot("render", manifest, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stdout + done.stderr
