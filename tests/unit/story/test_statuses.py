"""What is said of rows that have no video: the truth, also by later commands."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from flows.cli.main import cli
from flows.outcomes import done_outcome
from flows.prepare import Prepared
from flows.progress import PlainProgress
from flows.run import Run, Summary
from flows.stored import StoredCampaign
from model.errors import PortraitError
from tasks.records import CampaignRows, FileEntry, RowRecord, VideoOutcome, VideoReceipt
from tasks.store.campaign_folder import CampaignFolder
from tests.unit.store.test_store import failure_of, plan_of

ROWS = tuple(RowRecord(video_id=f"v{n}", line=n + 2, cells={}) for n in range(4))
REASON = "v1.png: no face was found"


class Rows:
    """A campaign of rows that are prepared as the test says."""

    campaign, keep_going, is_of_manifest = "june", True, True
    columns: Sequence[str] = ()
    cells: Mapping[str, Mapping[str, str]] = {row.video_id: {} for row in ROWS}
    facts: Mapping[str, str] = {}
    rows = ROWS

    def __init__(self, folder: CampaignFolder, prepared: Sequence[Prepared]) -> None:
        self.folder, self._prepared, self.notices = folder, prepared, list[str]()

    def prepare(self, notice: Callable[[str], None]) -> Iterator[Prepared]:
        yield from self._prepared

    def describe(self) -> None:
        record = CampaignRows(columns=(), facts={}, rows=ROWS)
        self.folder.write_text("rows.json", record.model_dump_json().encode())


class NoDispatcher:
    """Renders nothing: the videos stay as the store has them."""

    def start(self, folder: CampaignFolder) -> None:
        pass

    def __call__(self, name, ready, work) -> list[VideoOutcome]:
        list(ready)
        return []

    def end(self) -> None:
        pass


@pytest.fixture
def folder(tmp_path: Path) -> CampaignFolder:
    return CampaignFolder(tmp_path / "june")


def run(folder: CampaignFolder, *prepared: Prepared) -> Summary:
    view = PlainProgress(Console(file=io.StringIO()))
    return Run(Rows(folder, prepared), view, NoDispatcher())()


def statuses(folder: CampaignFolder) -> dict[str, VideoOutcome]:
    return {each.video_id: each for each in StoredCampaign(folder, "june").outcomes()}


def test_rows_that_wait_for_a_run_at_work_are_not_called_faulty(folder: CampaignFolder) -> None:
    Rows(folder, ()).describe()
    with folder.lock():
        told = statuses(folder)["v0"]
    assert told.status == "pending"
    assert told.warnings == (
        "line 2: not spoken and planned yet; a run is at work on this campaign",
    )
    left = statuses(folder)["v0"]
    assert left.warnings == (
        "line 2: the last run ended before this row was spoken and planned; render the manifest "
        "again",
    )


def test_who_looks_whether_a_run_is_at_work_keeps_none_from_starting(
    folder: CampaignFolder,
) -> None:
    assert not folder.is_at_work()
    with folder.lock():
        assert folder.is_at_work()
    assert not folder.is_at_work()
    with folder.lock():
        pass


def test_the_reason_of_a_row_without_a_plan_outlives_the_run(folder: CampaignFolder) -> None:
    run(folder, Prepared(ROWS[1], error=PortraitError(REASON)))
    told = statuses(folder)["v1"]
    assert (told.status, told.error) == ("failed", REASON)
    assert told.way_out.startswith("correct this row, then render the manifest again")
    found = {each.row.video_id: each for each in StoredCampaign(folder, "june").prepare(print)}
    failure = found["v1"].failure
    assert failure is not None
    assert failure.message == REASON


def test_the_reason_goes_when_the_row_has_been_corrected(folder: CampaignFolder) -> None:
    run(folder, Prepared(ROWS[1], error=PortraitError(REASON)))
    folder.write_plan(plan_of("v1"))
    run(folder, Prepared(ROWS[1], stored=plan_of("v1")))
    assert folder.read_failure("v1") is None
    assert statuses(folder)["v1"].status == "pending"


def test_a_row_that_was_planned_before_and_is_bad_now_has_failed(folder: CampaignFolder) -> None:
    folder.write_plan(plan_of("v1"))
    run(folder, Prepared(ROWS[1], error=PortraitError(REASON)))
    assert statuses(folder)["v1"].error == REASON


def test_a_retry_writes_no_reason_of_its_own(folder: CampaignFolder) -> None:
    Rows(folder, ()).describe()
    source = StoredCampaign(folder, "june")
    Run(source, PlainProgress(Console(file=io.StringIO())), NoDispatcher())()
    assert folder.failures() == []


def test_the_report_describes_the_campaign_and_not_the_last_run(folder: CampaignFolder) -> None:
    folder.write_plan(plan_of("v0"))
    folder.write_failure(failure_of("v0"))
    run(folder, Prepared(ROWS[1], error=PortraitError(REASON)))
    summary = run(folder)  # stopped, say, before it came to any row
    told = {each.video_id: each.status for each in summary.outcomes}
    assert told == {"v0": "quarantined", "v1": "failed", "v2": "pending", "v3": "pending"}
    text = (folder.root / "report.csv").read_text(encoding="utf-8-sig")
    assert [row["status"] for row in csv.DictReader(io.StringIO(text))] == list(told.values())


def test_a_video_that_was_finished_earlier_keeps_its_times() -> None:
    receipt = VideoReceipt.model_construct(
        duration_s=4.0,
        num_frames=100,
        segment_keys=("a", "b"),
        num_segments_rendered=2,
        engine_seconds=7.5,
        seconds=9.0,
        warnings=(),
        is_preview=True,
        file=FileEntry(name="v0.mp4", sha256="f" * 64, num_bytes=1),
    )
    found = done_outcome(ROWS[0], receipt, "v0.mp4")
    assert (found.seconds, found.engine_seconds) == (9.0, 7.5)
    assert found.num_segments_rendered == 0  # by this run


def told_by(*args: str) -> Result:
    return CliRunner().invoke(cli, args, standalone_mode=False)


def test_status_and_retry_of_the_command_line_name_the_reason(tmp_path: Path) -> None:
    assert cv2.imwrite(str(tmp_path / "grey.png"), np.full((600, 600, 3), 128, np.uint8))
    manifest, out = tmp_path / "june.csv", str(tmp_path / "out")
    manifest.write_text("video_id,script,portrait\nlamp,Hi.,grey.png\n")
    assert told_by("render", str(manifest), "--out", out, "--keep-going").return_value == 1
    for command in ("status", "retry"):
        told = told_by(command, "june", "--out", out)
        words = " ".join(told.output.split())
        assert told.return_value == 1, command
        assert "no face was found in the portrait" in words, command
        assert "could not be spoken" not in words
    assert "render the manifest again" in words
