"""A fault on a pool, with the worker killed -9 while it is being mended: tried, held, released."""

import csv
import json
from pathlib import Path

import pytest

from tests.integration.campaigns import receipts
from tests.integration.kills import CAMPAIGN_S, Campaign, Crew, Folder, finished_segments, submitted
from tests.integration.servers import Worker, wait_until
from tests.integration.test_gate_campaign import flaw, report, video_receipt, write_manifest

pytestmark = [pytest.mark.integration, pytest.mark.cluster]

OPTIONS = ("--gate-tries", 1, *flaw("frozen"))


def wait_for_second_try(campaign: Campaign) -> Worker:
    """A try is in the store, with what its gate found, and a segment after it is being drawn.

    Returns:
        By whom.
    """

    def at_work() -> Worker | None:
        if not finished_segments(campaign.place):
            return None
        return next(filter(campaign.in_flight, campaign.crew.gpus), None)

    return wait_until(at_work, CAMPAIGN_S, "the segment is rendered again", every_s=0.05)


def test_a_fault_on_a_pool_is_tried_again_held_decided_and_released_and_no_kill_pays_twice(
    crew: Crew, tmp_path: Path
):
    manifest = write_manifest(tmp_path / "in", "stays")
    manifest = manifest.rename(manifest.with_name("pool-fault.csv"))
    root, out = tmp_path / "pool-fault", ("--out", tmp_path)
    campaign = submitted(crew, Folder(root), manifest, tmp_path, *OPTIONS)

    worker = wait_for_second_try(campaign)
    kept = receipts(root)
    campaign.kill(worker.kill_all, worker)
    worker.start()
    run = campaign.finish()

    assert run["state_type"] == "FAILED"
    assert "1 held" in run["state"]["message"]
    assert campaign.check_renders() <= 1, "what was in flight, and nothing else"
    tries = receipts(root)
    assert {key: tries[key] for key in kept} == kept
    row = report(root)["stays"]
    assert (row["status"], row["error"]) == ("held", "picture frozen for 1.0 s from 0:01")
    shown = video_receipt(root, "stays")["segment_keys"]
    assert len(tries) == len(shown) + 1, "one more try of the first segment, and no third"
    assert not list((root / "delivery").glob("*.mp4")), "nobody has approved it"

    cluster = crew.cluster
    approved = cluster.nightshoot("decide", "pool-fault", "stays", "--approve", "--as", "Ann", *out)
    assert approved.returncode == 0, approved.stdout + approved.stderr
    files = delivered(root)
    assert {(each["video_id"], each["approved_by"]) for each in files} == {("stays", "Ann")}
    assert (root / "delivery" / "stays.mp4").stat().st_size
    [told] = json.loads(cluster.nightshoot("status", "pool-fault", *out, "--json").stdout)
    assert (told["verdict"], told["decided_by"]) == ("approved", "Ann")
    assert receipts(root) == tries


def delivered(root: Path) -> list[dict[str, str]]:
    """The files that may leave the house."""
    with (root / "delivery" / "index.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))
