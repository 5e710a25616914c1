"""What decisions come to: the last one counts, and never for a later rendering."""

from tasks.records import VideoOutcome
from tasks.review.decision import Decision, fresh_seed
from tasks.review.ruling import ruling, with_rulings

FILE, LATER = "a" * 64, "b" * 64


def decision(action: str, minute: int = 0, **fields: object) -> Decision:
    told = {"video_id": "v0", "looked_at": FILE, "by": "Ann", "at": f"2026-11-29T08:{minute:02}Z"}
    return Decision.model_validate(told | {"action": action} | fields)


def test_the_last_decision_counts():
    approved, rejected = decision("approve"), decision("reject", 1, text="mouth late", by="Bo")

    assert ruling([approved], FILE).verdict == "approved"
    found = ruling([approved, rejected], FILE)
    assert (found.verdict, found.decided) == ("rejected", rejected)
    withdrawn = ruling([approved, decision("withdraw", 1)], FILE)
    assert (withdrawn.verdict, withdrawn.decided) == ("", None)


def test_a_decision_lapses_when_the_file_is_another():
    found = ruling([decision("approve"), decision("comment", text="dark")], LATER)

    assert (found.verdict, found.comments, found.num_lapsed) == ("", (), 2)
    assert ruling([decision("approve", looked_at="")], "").verdict == ""


def test_a_comment_is_open_until_it_is_resolved():
    comment = decision("comment", text="too dark", second=14.0)
    resolved = decision("resolve", 1, text=comment.id, by="Bo")

    assert ruling([comment], FILE).num_open == 1
    found = ruling([comment, resolved], FILE)
    assert found.num_open == 0
    assert found.comments[0].resolved == resolved


def test_changes_are_collected_until_somebody_is_content():
    segment = decision("seed", 1, segment=2, text="7")
    script = decision("script", 2, text="Hello.")
    rejected = decision("reject", 3, text="flat")

    assert ruling([segment, script], FILE).changes == (segment, script)
    assert ruling([segment, script], FILE).verdict == "changes"
    assert ruling([segment, rejected], FILE).changes == (segment,)
    assert ruling([segment, decision("approve", 4)], FILE).changes == ()
    newer = decision("seed", 5, segment=2, text="8")
    assert ruling([segment, script, newer], FILE).changes == (newer, script)


def test_outcomes_tell_who_decided():
    outcome = VideoOutcome(video_id="v0", line=2, status="done", looked_at=FILE)
    sampled = decision("approve", sample=("v1", "v2"))

    (told,) = with_rulings([outcome], {"v0": [sampled, decision("comment", 1, text="ok?")]})

    assert (told.verdict, told.decided_by) == ("approved", "Ann")
    assert told.decided_why == "sampled: 2 watched (v1, v2)"
    assert told.num_open_comments == 1
    assert with_rulings([outcome], {}) == [outcome]


def test_a_fresh_seed_is_the_same_for_everybody_and_another_for_each_segment():
    seeds = {fresh_seed(FILE, segment) for segment in (None, 1, 2)}

    assert len(seeds) == 3
    assert fresh_seed(FILE, 1) in seeds
    assert all(0 <= seed < 2**32 for seed in seeds)
