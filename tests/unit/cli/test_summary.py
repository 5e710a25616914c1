"""What a run says at its end."""

from flows.cli.summary import names_of, summary_lines
from flows.run import Summary
from tasks.records import VideoOutcome


def outcome(video_id: str, status: str = "done", **fields: object) -> VideoOutcome:
    given = {"video_id": video_id, "line": 7, "status": status} | fields
    return VideoOutcome.model_validate(given)


def told(*outcomes: VideoOutcome, refused: tuple[VideoOutcome, ...] = ()) -> list[str]:
    summary = Summary(outcomes, refused, False, "out/report/index.html", 61.0)
    return [line.plain for line in summary_lines(summary)]


FAILED = outcome("bad", "failed", error="no face was found", way_out="use another picture")


def test_failures_come_last_before_the_figures() -> None:
    lines = told(FAILED, outcome("good", warnings=("the picture is small",)))
    assert lines == [
        "note: good: the picture is small",
        "bad (line 7): no face was found",
        "  what to do: use another picture",
        "1 of 2 videos done, 1 failed; 0 segments rendered in 1:01",
        "report: out/report/index.html",
    ]


def test_a_warning_of_many_videos_is_told_once() -> None:
    lines = told(*(outcome(f"v{n}", warnings=("small", "small")) for n in range(9)))
    assert lines[0] == "note: v0, v1, v2 and 6 more: small"
    assert sum("small" in line for line in lines) == 1
    assert names_of(["a", "b", "c", "d"]) == "a, b, c, d"


def test_a_refusal_names_every_bad_row_and_the_ways_on() -> None:
    lines = told(FAILED, outcome("good", "pending"), refused=(FAILED,))
    assert lines[0] == "bad (line 7): no face was found"
    assert lines[-2:] == [
        "Refused: 1 row cannot be rendered, so nothing was rendered.",
        "Correct the manifest, or add --keep-going to render the other rows.",
    ]
    assert told(FAILED, refused=(FAILED,))[-1] == "Correct the manifest.", "there are no others"


def test_hundreds_of_failures_leave_room_for_the_figures() -> None:
    lines = told(*(outcome(f"v{n}", "failed", error="x", way_out="y") for n in range(300)))
    assert len(lines) < 50
    assert "... and 280 more; the report lists them all" in lines
