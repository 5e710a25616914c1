"""Films kept on S3: kill -9 in the middle of an encode, and the same bytes at last."""

import hashlib
import json
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.integration.campaigns import write_campaign
from tests.integration.kills import (
    Crew,
    Folder,
    Objects,
    Place,
    digests,
    finished_segments,
    flow_process,
    send,
    submitted,
)
from tests.integration.servers import Worker, wait_until
from tests.seaweed import Seaweed

pytestmark = [pytest.mark.integration, pytest.mark.cluster]

FORMATS = "96x64, 1080x1920"  # a copy that is done at once, and an encode that takes seconds
_ENCODE_S = 600.0
_COMMAND_S = 600.0


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


def encoder(processes: Iterable[psutil.Process]) -> psutil.Process | None:
    """The ffmpeg among them that encodes a film."""
    for process in processes:
        with suppress(psutil.Error):
            words = process.cmdline()
            if "libx264" in words and any("/deliverables/" in each for each in words):
                return process
    return None


def below(pid: int) -> list[psutil.Process]:
    """Everything that a process has started; nothing once it has ended."""
    with suppress(psutil.Error):
        return psutil.Process(pid).children(recursive=True)
    return []


# the flow below dies in the same place, with its films on S3 too
@pytest.mark.sweep
def test_a_run_on_s3_that_is_killed_in_the_middle_of_a_film_ends_with_the_same_bytes(
    nightshoot, start_nightshoot, seaweed: Seaweed, tmp_path: Path
):
    manifest = write_campaign(tmp_path / "in", num_videos=1, num_sentences=1)
    long = {"timeout_s": _COMMAND_S}
    calm = nightshoot("render", manifest, "--out", tmp_path, "--deliver", FORMATS, **long)
    assert calm.returncode == 0, calm.stdout + calm.stderr
    expected = films(Folder(tmp_path / "campaign"))
    assert len([name for name in expected if name.endswith(".mp4")]) == 2

    bucket = seaweed.new_bucket()
    place = Objects(seaweed.client(), bucket, "night/campaign")
    env = {**seaweed.env(), "NIGHTSHOOT_SCRATCH": str(tmp_path / "scratch")}
    words = ("render", manifest, "--out", f"s3://{bucket}/night", "--deliver", FORMATS)
    killed = start_nightshoot(words, tmp_path / "killed.log", **env)
    wait_until(lambda: encoder(below(killed.pid)), _ENCODE_S, "a film is encoded", every_s=0.1)
    killed.kill()
    killed.wait(60)
    master = digests(place)
    assert len(finished_segments(place)) > 0
    assert len(films(place)) < len(expected), "killed before all was done"

    # its lock holds for a minute, which test_store_s3.py is about; here for a moment
    left = json.loads(place.read("lock.json"))
    place.write("lock.json", json.dumps(left | {"ttl_s": 0.5}).encode())
    until = time.monotonic() + 2  # the server tells times in whole seconds
    wait_until(lambda: time.monotonic() > until, 10, "the killed run's lock expires")
    resumed = nightshoot(*words, "--json", **long, **env)
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    assert json.loads(resumed.stdout)[0]["num_segments_rendered"] == 0
    assert films(place) == expected
    assert digests(place) == master == digests(Folder(tmp_path / "campaign"))


def test_a_film_whose_flow_is_killed_in_the_middle_is_made_again_with_the_same_bytes(
    crew: Crew, seaweed: Seaweed, tmp_path: Path
):
    manifest = write_campaign(tmp_path / "in", num_videos=1, num_sentences=1)
    header, row = manifest.read_text().splitlines()  # submit has no option for formats
    manifest.write_text(f'{header},deliver\n{row},"{FORMATS}"\n')
    calm = crew.cluster.nightshoot("render", manifest, "--out", tmp_path)
    assert calm.returncode == 0, calm.stdout + calm.stderr
    expected = films(Folder(tmp_path / "campaign"))
    assert len([name for name in expected if name.endswith(".mp4")]) == 2

    bucket = seaweed.new_bucket()
    place = Objects(seaweed.client(), bucket, "night/campaign")
    campaign = submitted(crew, place, manifest, f"s3://{bucket}/night")

    def at_a_film() -> Worker | None:
        return next((each for each in crew.gpus if encoder(each.children())), None)

    worker = wait_until(at_a_film, _ENCODE_S, "a film is encoded", every_s=0.1)
    master = digests(place)
    campaign.kill(lambda: send(flow_process(worker)), worker)
    assert not films(place).keys() >= expected.keys(), "killed before it was done"
    run = campaign.finish()

    assert run["state_type"] == "COMPLETED", run["state"]["message"]
    assert films(place) == expected
    assert digests(place) == master == digests(Folder(tmp_path / "campaign"))
    assert campaign.check_renders() == 0, "no segment is rendered for a film"
