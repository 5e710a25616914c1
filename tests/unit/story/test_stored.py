"""A campaign made from its store alone: rows looked up side by side, told in the order of work."""

import threading
import time

import pytest

from flows.stored import StoredCampaign
from tasks.records import CampaignRows, RowRecord
from tasks.store.campaign_folder import CampaignFolder
from tests.unit.store.test_store import failure_of, plan_of

NUM_ROWS = 40


class FarFolder(CampaignFolder):
    """A store that takes its time; counts how many look at once."""

    def __init__(self, root):
        super().__init__(root)
        self.num_looking = self.most_looking = 0
        self._guard = threading.Lock()

    def read_plan(self, video_id):
        with self._guard:
            self.num_looking += 1
            self.most_looking = max(self.most_looking, self.num_looking)
        time.sleep(0.005)
        with self._guard:
            self.num_looking -= 1
        return super().read_plan(video_id)


@pytest.fixture
def folder(tmp_path):
    folder = FarFolder(tmp_path / "june")
    rows = tuple(
        RowRecord(video_id=f"v{number}", line=number + 2, priority=number % 3, cells={})
        for number in range(NUM_ROWS)
    )
    record = CampaignRows(columns=(), facts={}, rows=rows)
    folder.write_text("rows.json", record.model_dump_json().encode())
    for number in range(0, NUM_ROWS, 2):
        folder.write_plan(plan_of(f"v{number}"))
        folder.write_failure(failure_of(f"v{number}"))
    return folder


def test_rows_are_looked_up_side_by_side_and_told_in_the_order_of_work(folder):
    campaign = StoredCampaign(folder, "june")

    found = list(campaign.prepare(lambda text: None))

    expected = sorted(campaign.rows, key=lambda row: -row.priority)
    assert [prepared.row for prepared in found] == expected
    assert [prepared.error is None for prepared in found] == [
        not int(row.video_id[1:]) % 2 for row in expected
    ], "what was never planned cannot be retried"
    assert 4 <= folder.most_looking <= 8


def test_the_state_of_every_row_is_looked_up_side_by_side(folder):
    outcomes = StoredCampaign(folder, "june").outcomes()

    assert [outcome.video_id for outcome in outcomes] == [f"v{n}" for n in range(NUM_ROWS)]
    assert {outcome.status for outcome in outcomes} == {"quarantined", "pending"}
    assert 4 <= folder.most_looking <= 8


def test_only_what_is_asked_for_leaves_quarantine(folder):
    found = list(StoredCampaign(folder, "june", ["v4"]).prepare(lambda text: None))

    freed = [each.row.video_id for each in found if not (each.failure or each.error)]
    assert freed == ["v4"]
    assert folder.read_failure("v4") is None
    assert folder.read_failure("v6") is not None
