"""Films on a work pool, kept on S3: kill -9 in the middle of an encode, the same bytes at last."""

import hashlib
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.integration.campaigns import write_campaign
from tests.integration.kills import (
    Campaign,
    Crew,
    Folder,
    Objects,
    Place,
    digests,
    flow_process,
    send,
    submitted,
)
from tests.integration.servers import PrefectCluster, Worker, wait_until
from tests.seaweed import Seaweed

pytestmark = [pytest.mark.integration, pytest.mark.cluster]

FORMATS = "96x64, 1080x1920"  # a copy that is done at once, and an encode that takes seconds
_ENCODE_S = 600.0


def films(place: Place) -> dict[str, str]:
    """sha256 of every film and poster by its name, and that each has a receipt."""
    names = {name for name in place.names() if name.startswith("deliverables/")}
    kept = {
        name: hashlib.sha256(place.read(name)).hexdigest()
        for name in names
        if name.endswith((".mp4", ".jpg"))
    }
    receipts = {Path(name).stem for name in names if name.endswith(".json")}
    assert {Path(name).name.split(".")[0] for name in kept} == receipts
    return kept


def encoder(worker: Worker) -> psutil.Process | None:
    """The ffmpeg of a worker that encodes a film."""
    for process in worker.children():
        with suppress(psutil.Error):
            words = process.cmdline()
            if "ffmpeg" in Path(words[0]).name and any("/deliverables/" in each for each in words):
                return process
    return None


def test_a_film_whose_flow_is_killed_in_the_middle_is_made_again_with_the_same_bytes(
    cluster: PrefectCluster, seaweed: Seaweed, tmp_path: Path
):
    manifest = write_campaign(tmp_path / "in", num_videos=1, num_sentences=1)
    calm = cluster.nightshoot("render", manifest, "--out", tmp_path, "--deliver", FORMATS)
    assert calm.returncode == 0, calm.stdout + calm.stderr
    expected = films(Folder(tmp_path / "campaign"))
    assert len([name for name in expected if name.endswith(".mp4")]) == 2

    bucket = seaweed.new_bucket()
    place = Objects(seaweed.client(), bucket, "night/campaign")
    with Crew(cluster, tmp_path / "crew", seaweed.env(), ("0",)) as crew:
        asked = ("--deliver", FORMATS)
        campaign: Campaign = submitted(crew, place, manifest, f"s3://{bucket}/night", *asked)
        (worker,) = crew.gpus
        wait_until(lambda: encoder(worker), _ENCODE_S, "a film is encoded", every_s=0.02)
        master = digests(place)
        campaign.kill(lambda: send(flow_process(worker)), worker)
        assert not films(place).keys() >= expected.keys(), "killed before it was done"
        run = campaign.finish()

    assert run["state_type"] == "COMPLETED", run["state"]["message"]
    assert films(place) == expected
    assert digests(place) == master == digests(Folder(tmp_path / "campaign"))
    assert campaign.check_renders() == 0, "no segment is rendered for a film"
