"""Metrics: what is told is well formed, and the dashboard shows all of it and nothing else."""

import json
import logging
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from flows.metrics import families
from flows.metrics.campaign_metrics import CampaignMetrics, held_by_gate, segments_by_state
from flows.metrics.families import FAMILIES, Figures
from flows.metrics.textfile import FOLDER_VARIABLE, metrics_folder, tell
from flows.metrics.worker_metrics import WorkerFacts, WorkerMetrics, put_gpus
from tasks.engines.gpu_samples import THROTTLE_BITS, NvmlReader, Reading
from tasks.gate_records import GateVerdict
from tasks.records import VideoOutcome
from tasks.store.campaign_folder import CampaignFolder
from tests.figures import DASHBOARD, every_figure, expressions

ROOT = Path(__file__).parents[3]
OPERATIONS = ROOT / "docs" / "operations.md"


def names_in(text: bytes) -> set[str]:
    found = text_string_to_metric_families(text.decode())
    return {
        sample.name
        for family in found
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


def test_every_family_is_told_under_its_names():
    expected = {name for family in FAMILIES for name in family.sample_names}

    assert names_in(every_figure().text()) == expected
    listed = [each for each in vars(families).values() if isinstance(each, families.Family)]
    assert sorted(listed, key=lambda each: each.name) == sorted(
        FAMILIES, key=lambda each: each.name
    )


def test_the_dashboard_shows_every_metric_and_none_that_is_not_there():
    shown = set(re.findall(r"\bnightshoot_\w+", "\n".join(expressions())))

    assert shown == {name for family in FAMILIES for name in family.sample_names}


def test_the_dashboard_finds_its_choices_by_labels_that_exist():
    lists = json.loads(DASHBOARD.read_text())["templating"]["list"]
    asked = re.findall(r"label_values\((\w+), (\w+)\)", json.dumps(lists))
    labels = {family.name: family.labels for family in FAMILIES}

    assert asked
    assert not [(name, label) for name, label in asked if label not in labels[name]]


def test_the_operations_page_names_every_metric():
    page = OPERATIONS.read_text()

    assert not [each.name for each in FAMILIES if f"`{each.name}`" not in page]


def test_prometheus_own_linter_finds_nothing_wrong():
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (apt-get install prometheus)")

    done = subprocess.run(
        [promtool, "check", "metrics"],
        input=every_figure().text(),
        capture_output=True,
        check=False,
    )

    assert (done.returncode, done.stdout + done.stderr) == (0, b"")


def test_wrong_labels_are_our_own_mistake():
    with pytest.raises(ValueError, match="nightshoot_videos has the labels"):
        Figures().put(families.VIDEOS, ("june",), 1)


def test_figures_are_written_whole_beside_what_others_wrote(tmp_path: Path):
    figures = Figures()
    figures.put(families.SLOTS, ('a "worker"\n',), 2)

    tell(metrics_folder({FOLDER_VARIABLE: str(tmp_path)}), "worker-a/../b", figures)

    (path,) = tmp_path.iterdir()
    assert path.name == "nightshoot-worker-a-..-b.prom"
    assert path.stat().st_mode & 0o777 == 0o644
    assert r'nightshoot_worker_slots{worker="a \"worker\"\n"} 2.0' in path.read_text()


def test_a_folder_that_is_not_there_stops_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.WARNING):
        tell(tmp_path / "absent", "worker", Figures())

    assert "figures cannot be told" in caplog.text
    assert FOLDER_VARIABLE in caplog.text


# --- campaigns and workers ----------------------------------------------------------------------


def outcome(status: str, **fields: object) -> VideoOutcome:
    return VideoOutcome.model_validate(
        {"video_id": f"v-{status}", "line": 2, "status": status} | fields
    )


def held_for(gate: str, *, is_held: bool = True) -> GateVerdict:
    return GateVerdict.model_validate(
        {"gate": gate, "second": 1, "value": 2, "limit": 1, "held": is_held, "words": "so"}
    )


def test_segments_are_rendered_found_or_open():
    outcomes = [
        outcome("done", num_segments=5, num_segments_rendered=2),
        outcome("held", num_segments=3, num_segments_rendered=3),
        outcome("pending", num_segments=4),
    ]

    assert segments_by_state(outcomes) == {"rendered": 5, "found": 3, "open": 4}


def test_a_video_counts_once_for_each_gate_that_holds_it():
    gates = [held_for("sync"), held_for("sync"), held_for("frozen")]
    held = outcome("held", gates=[*gates, held_for("noise", is_held=False)])

    assert held_by_gate([held, outcome("done", gates=gates)]) == {"sync": 1, "frozen": 1}


def test_a_campaign_tells_how_it_goes_and_how_it_ended(tmp_path: Path):
    place = tmp_path / "metrics"
    place.mkdir()
    metrics = CampaignMetrics("june", CampaignFolder(tmp_path / "june"), place)
    path = place / "nightshoot-campaign-june.prom"

    metrics.show([{"video": "a", "state": "waiting"}, {"video": "b", "state": "running"}])
    under_way = path.read_text()
    metrics.end([outcome("done"), outcome("failed")])
    ended = path.read_text()

    assert 'nightshoot_videos{campaign="june",state="waiting"} 1.0' in under_way
    assert 'nightshoot_campaign_running{campaign="june"} 1.0' in under_way
    assert 'nightshoot_oldest_waiting_seconds{campaign="june"}' in under_way
    assert 'nightshoot_videos{campaign="june",state="failed"} 1.0' in ended
    assert 'nightshoot_videos{campaign="june",state="waiting"} 0.0' in ended
    assert 'nightshoot_campaign_running{campaign="june"} 0.0' in ended


def test_a_worker_tells_at_once_and_again(tmp_path: Path):
    facts = WorkerFacts(num_slots=4, num_lent=1, cooling_s=0, host_starts={"preview": 3})
    metrics = WorkerMetrics("gpu1-gpu", tmp_path, lambda: facts)
    metrics.close()

    told = (tmp_path / "nightshoot-worker-gpu1-gpu.prom").read_text()
    assert 'nightshoot_worker_slots{worker="gpu1-gpu"} 4.0' in told
    assert 'nightshoot_host_starts_total{engine="preview",worker="gpu1-gpu"} 3.0' in told


class TwoGpus(NvmlReader):
    """The driver's answers, as the H100 gives them; the second is a slice that tells little."""

    def __init__(self) -> None: ...

    def read(self) -> list[Reading]:
        return [Reading(0, "H100", 40960, 97, 71), Reading(1, "H100 MIG", 1024, None, None)]

    def throttle_reasons(self) -> dict[int, dict[str, bool]]:
        return {0: {reason: reason == "heat" for reason in THROTTLE_BITS}}


def test_what_a_gpu_does_not_tell_is_left_out():
    figures = Figures()
    put_gpus(figures, TwoGpus())
    text = figures.text().decode()

    assert re.search(r'nightshoot_gpu_throttled\{gpu="0",.*reason="heat"\} 1\.0', text)
    assert re.search(r'nightshoot_gpu_memory_used_bytes\{gpu="1".*\} 1\.0737', text)
    assert text.count("nightshoot_gpu_temperature_celsius{") == 1
