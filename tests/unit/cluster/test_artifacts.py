"""What people see in Prefect's UI: the order of a table, a failure report, the run form."""

import shlex
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prefect.utilities.schema_tools import validate

from flows.cluster.artifacts import (
    Links,
    ended_row,
    failure_report,
    is_due,
    key_of,
    log_lines,
    open_row,
    percent_of,
    places_page,
    refusal_page,
    retry_command,
    table_of,
)
from flows.cluster.parameters import (
    CampaignParameters,
    Parameters,
    RetryParameters,
    SweepParameters,
    VideoParameters,
)
from model.errors import CampaignError
from tasks.records import VideoOutcome

ALL_PARAMETERS = [CampaignParameters, RetryParameters, VideoParameters, SweepParameters]
RETRY = "nightshoot retry june --out 's3://bucket/june nights'"


def rows(**states: int) -> list[dict[str, object]]:
    """So many rows in each state: ``rows(done=2, failed=1)``."""
    kinds = [state for state, number in states.items() for _ in range(number)]
    return [{"video": f"v{index}", "state": state} for index, state in enumerate(kinds)]


def failed(**fields: Any) -> VideoOutcome:
    told = {"error": "no face in it", "way_out": "choose another portrait"}
    return VideoOutcome(**({"video_id": "v1", "line": 7, "status": "failed"} | told | fields))


# --- bar and table ------------------------------------------------------------------------------


def test_what_failed_comes_first_and_what_is_done_last():
    seen = table_of(rows(done=2, pending=1, waiting=1, running=1, quarantined=1, failed=1))

    assert [row["state"] for row in seen] == [
        "quarantined",
        "failed",
        "running",
        "pending",
        "waiting",
        "done",
        "done",
    ]


def test_a_long_table_ends_after_500_rows_and_keeps_every_failure():
    seen = table_of(rows(done=900, failed=3))

    assert len(seen) == 500
    assert [row["state"] for row in seen[:4]] == ["failed", "failed", "failed", "done"]


def test_states_are_counted_with_the_most_common_first():
    assert log_lines(rows(failed=1, done=3)) == "3 done, 1 failed"
    assert log_lines(rows(failed=2, done=2)) == "2 done, 2 failed"


@pytest.mark.parametrize(
    ("states", "num_videos", "percent"),
    [
        ({}, 4, 0),
        ({"running": 2}, 4, 0),
        ({"done": 1, "failed": 1, "running": 2}, 4, 50),
        ({"done": 2, "quarantined": 2}, 4, 100),
        ({"done": 3, "pending": 1}, 4, 75),
        ({"done": 999, "running": 1}, 1000, 99),
        ({"done": 2}, 0, 100),
    ],
)
def test_the_bar_counts_what_has_ended_in_whole_percents(
    states: dict[str, int], num_videos: int, percent: int
):
    assert percent_of(rows(**states), num_videos) == percent


@pytest.mark.parametrize(
    ("seconds", "num_rows", "expected"),
    [(29, 10, False), (30, 10, True), (30, 100, False), (50, 100, True), (250, 90_000, True)],
)
def test_long_tables_are_renewed_less_often(seconds: float, num_rows: int, expected: bool):
    assert is_due(seconds, num_rows) == expected


@given(st.text(max_size=80))
def test_every_campaign_has_a_key_that_prefect_takes(campaign: str):
    key = key_of(campaign)

    assert key
    assert set(key) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


def test_a_row_tells_what_was_rendered_and_where_it_lies_or_what_went_wrong():
    done = VideoOutcome(
        video_id="v1",
        line=2,
        status="done",
        path="s3://bucket/june/videos/v1.mp4",
        num_segments=6,
        num_segments_rendered=2,
        engine_seconds=12.34,
    )

    assert ended_row(done) == {
        "video": "v1",
        "state": "done",
        "segments": "2 of 6 rendered",
        "engine seconds": 12.3,
        "output": "s3://bucket/june/videos/v1.mp4",
    }
    running = open_row("v2", 1, 6, is_started=True)
    assert list(running) == list(ended_row(done)), "a table has one set of columns"
    assert (running["state"], running["segments"]) == ("running", "1 of 6 found")
    seen = ended_row(failed())
    assert (seen["state"], seen["segments"], seen["output"]) == ("failed", "", "no face in it")


# --- failure report -----------------------------------------------------------------------------


@given(st.text(min_size=1), st.text(min_size=1))
def test_a_shell_takes_the_retry_command_as_it_is_meant(campaign: str, out: str):
    assert shlex.split(retry_command(campaign, out)) == [
        *("nightshoot", "retry", campaign),
        *("--out", out),
    ]


def test_the_retry_command_stands_alone_in_a_code_block():
    lines = failure_report("june", [failed()], RETRY).splitlines()

    start = lines.index("```sh")
    assert lines[start : start + 3] == ["```sh", RETRY, "```"]


def test_a_failure_is_one_row_of_the_reports_table_whatever_its_words():
    error = "bad | <b>cell</b>\r\n| of `two` *lines*, $5 & ~~more~~ [x](http://y) # _z_ \\"

    report = failure_report("june", [failed(error=error)], RETRY)

    assert report.splitlines()[-1] == (
        r"| v1 | 7 | failed | bad \| \<b\>cell\</b\> \| of \`two\` \*lines\*, \$5 \& \~\~more\~\~ "
        r"\[x\](http://y) \# \_z\_ \\ | choose another portrait |"
    )


def test_a_report_counts_its_videos_and_says_why_the_campaign_was_stopped():
    report = failure_report("my_june", [failed(), failed(video_id="v2")], RETRY, "3 rows | alike")

    assert report.startswith("# my\\_june: 2 videos failed\n\n**3 rows \\| alike**\n")
    assert failure_report("june", [failed()], RETRY).startswith("# june: 1 video failed\n")


def test_a_report_without_failed_videos_has_no_table():
    assert "|" not in failure_report("june", [], RETRY, "3 rows alike")


def test_a_long_report_says_how_many_more_failed():
    report = failure_report("june", [failed(video_id=f"v{n}") for n in range(512)], RETRY)

    assert report.count("choose another portrait") == 500
    assert "The campaign's report lists 12 more." in report


# --- the run form -------------------------------------------------------------------------------


@pytest.mark.parametrize("parameters", ALL_PARAMETERS)
def test_every_field_of_a_form_has_a_place_a_title_and_a_description(
    parameters: type[Parameters],
):
    fields = parameters.model_json_schema()["properties"]

    assert [field["position"] for field in fields.values()] == list(range(len(fields)))
    assert list(fields) == list(parameters.model_fields)
    assert all(field["title"] and field["description"] for field in fields.values())


@pytest.mark.parametrize("parameters", ALL_PARAMETERS)
def test_no_field_of_a_form_asks_whether_it_is_null(parameters: type[Parameters]):
    fields = parameters.model_json_schema()["properties"]

    assert all("type" in field for field in fields.values())
    assert all(field.get("default", "") is not None for field in fields.values())


def test_the_server_takes_a_form_left_empty_and_what_the_command_line_sends():
    schema = CampaignParameters.model_json_schema()
    sent = CampaignParameters(manifest="june.csv", out="renders").model_dump(mode="json")
    assert sent["campaign"] is None

    validate(sent, schema, raise_on_error=True)
    validate({"manifest": "june.csv", "out": "renders"}, schema, raise_on_error=True)
    jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize(
    "wrong", [{"window": "at night"}, {"campaign": "../june"}, {"queue": "now"}, {"gpus": -1}]
)
def test_the_server_refuses_what_the_flow_would_refuse(wrong: dict[str, object]):
    request = {"manifest": "june.csv", "out": "renders"} | wrong

    errors = validate(request, CampaignParameters.model_json_schema())

    assert [error.json_path for error in errors] == [f"$.{name}" for name in wrong]


# --- where things are, and what was refused -----------------------------------------------------


def made(video_id: str, path: str) -> VideoOutcome:
    return VideoOutcome(video_id=video_id, line=2, status="done", path=path)


def test_report_and_videos_are_links_where_the_output_is_served():
    links = Links("/srv/renders/", {"NIGHTSHOOT_RENDERS_URL": "https://renders.example/"})
    outcomes = [made("v1", "/srv/renders/june nights/videos/v1.mp4"), failed(video_id="v2")]

    page = places_page("june nights", "/srv/renders/june nights/report/index.html", outcomes, links)

    assert "[report](https://renders.example/june%20nights/report/index.html)" in page
    assert "- [v1](https://renders.example/june%20nights/videos/v1.mp4)" in page
    assert "v2" not in page


def test_places_are_told_where_nobody_serves_them():
    links = Links("s3://bucket/out", {})

    page = places_page(
        "june", "s3://bucket/out/june/report/index.html", [made("v1", "v1.mp4")], links
    )

    assert "report: s3://bucket/out/june/report/index.html" in page
    assert "](" not in page


def test_an_address_that_no_browser_opens_is_refused():
    with pytest.raises(CampaignError, match=r'NIGHTSHOOT_RENDERS_URL="renders\.example" must be'):
        Links("/srv/renders", {"NIGHTSHOOT_RENDERS_URL": "renders.example"})


def test_faults_of_a_manifest_are_a_list():
    page = refusal_page("june", ["june.csv:2: size: bad", "june.csv:3: voice: *bad*"])

    assert "# june: 2 problems, nothing was rendered" in page
    assert "\n- june.csv:2: size: bad\n- june.csv:3: voice: \\*bad\\*\n" in page
