"""Which decisions a lost plan may have held."""

from flows.rows.lost_plans import rounds, spans
from tasks.review.decision import Decision

FIRST, SECOND = "1" * 64, "2" * 64


def decision(action: str, looked_at: str, text: str = "", minute: int = 0) -> Decision:
    return Decision(
        video_id="v0",
        action=action,  # type: ignore[arg-type]
        looked_at=looked_at,
        by="Ann",
        at=f"2026-11-30T10:{minute:02}:00Z",
        text=text,
    )


def test_changes_come_in_rounds_one_for_each_file_that_was_looked_at():
    script = decision("script", FIRST, "Another text.")
    portrait = decision("portrait", FIRST, "face.png", 1)
    seed = decision("seed", SECOND, "9", 2)
    said = decision("comment", SECOND, "Nice.", 3)

    assert rounds([script, portrait, seed, said]) == [(script, portrait), (seed,)]


def test_changes_that_were_taken_back_make_no_round():
    asked = decision("seed", FIRST, "9")
    assert rounds([asked, decision("withdraw", FIRST, minute=1)]) == []


def test_all_rounds_are_tried_first_and_each_beginning_before_an_earlier_end():
    a, b, c = ((decision("seed", each * 64, "9"),) for each in "abc")
    assert list(spans([a, b, c])) == [
        [a, b, c],
        [b, c],
        [c],
        [a, b],
        [b],
        [a],
    ]
