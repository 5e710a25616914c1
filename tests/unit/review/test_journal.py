"""Decisions in the store: added side by side, found again, and damage is told."""

import threading

import pytest

from model.errors import CampaignError
from tasks.review.decision import Decision
from tasks.review.journal import JOURNAL, read_journal, record_decisions
from tasks.store.campaign_folder import CampaignFolder
from tasks.store.campaigns import open_campaign

FILE = "a" * 64


def decision(number: int, by: str = "Ann") -> Decision:
    at = f"2026-11-29T08:{number // 60:02}:{number % 60:02}.000+00:00"
    return Decision(video_id="v0", action="comment", looked_at=FILE, by=by, at=at, text="早")


@pytest.fixture
def folder(tmp_path):
    return CampaignFolder(tmp_path / "june")


@pytest.fixture
def far(bucket, tmp_path):
    out, _, campaign = bucket.url.rpartition("/")
    return open_campaign(out, campaign, scratch=tmp_path / "scratch")


def test_on_s3_each_decision_is_an_object_that_nobody_overwrites(far):
    assert record_decisions(far, [decision(2), decision(1)]) == [decision(2), decision(1)]
    before = far.listing("decisions")
    assert sorted(before) == sorted(f"decisions/{decision(n).id}.json" for n in (1, 2))

    assert record_decisions(far, [decision(1), decision(3, "Bo")]) == [decision(3, "Bo")]

    after = far.listing("decisions")
    assert {name: after[name] for name in before} == before
    assert read_journal(far).decisions == (decision(1), decision(2), decision(3, "Bo"))


def test_on_s3_damage_is_told(far):
    record_decisions(far, [decision(1)])
    far.write_text(f"decisions/{decision(1).id}.json", b"{}garbage")

    assert len(read_journal(far).damage) == 1


def test_decisions_are_found_in_the_order_of_time(folder):
    first, second = decision(1), decision(2)

    assert record_decisions(folder, [second]) == [second]
    assert record_decisions(folder, [first]) == [first]

    journal = read_journal(folder)
    assert journal.decisions == (first, second)
    assert journal.of("v0") == (first, second)
    assert journal.must_be_whole() is journal


def test_the_same_file_twice_is_recorded_once(folder):
    told = [decision(1), decision(2), decision(1)]

    assert record_decisions(folder, told) == told[:2]
    before = (folder.root / JOURNAL).read_bytes()
    assert record_decisions(folder, told) == []
    assert (folder.root / JOURNAL).read_bytes() == before


def test_reviewers_side_by_side_lose_nothing(folder):
    names = [f"reviewer {number}" for number in range(8)]

    def decide(by: str) -> None:
        for number in range(20):
            record_decisions(folder, [decision(number, by)])

    threads = [threading.Thread(target=decide, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    journal = read_journal(folder)
    assert len(journal.decisions) == 8 * 20
    assert journal.damage == ()


def test_half_a_line_of_a_killed_writer_harms_no_other(folder):
    record_decisions(folder, [decision(1)])
    path = folder.root / JOURNAL
    path.write_bytes(path.read_bytes() + path.read_bytes()[:40])

    record_decisions(folder, [decision(2)])

    journal = read_journal(folder)
    assert journal.decisions == (decision(1), decision(2))
    assert len(journal.damage) == 1
    assert f"{JOURNAL}:2" in journal.damage[0]
    with pytest.raises(CampaignError, match=r"decisions\.jsonl:2"):
        journal.must_be_whole()


def test_a_changed_line_is_told(folder):
    record_decisions(folder, [decision(1)])
    path = folder.root / JOURNAL
    path.write_bytes(path.read_bytes().replace(b"Ann", b"Bob"))

    journal = read_journal(folder)

    assert journal.decisions == ()
    assert "does not match its digest" in journal.damage[0]


def test_a_campaign_without_decisions_has_none(folder):
    assert read_journal(folder).decisions == ()
    assert record_decisions(folder, []) == []
    assert not (folder.root / JOURNAL).exists()
