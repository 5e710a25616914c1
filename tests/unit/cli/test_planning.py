"""What `nightshoot plan` tells."""

import os
from io import StringIO
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from flows.cli.main import plan
from flows.cli.plan import Quote, VideoQuote, unbroken_warnings, work_left
from flows.cli.plan_table import campaign_table
from flows.cli.timing import (
    Estimate,
    is_worth_timing_beside,
    samples_of,
    with_films,
    with_upscaler,
)
from tasks.records import VideoPlan
from tasks.store.campaign_folder import CampaignFolder
from tests.unit.plans import video_plan


def printed(
    estimated_s: float | None, time_unknown: str = "", *, is_on_cluster: bool = False
) -> str:
    quote = Quote(
        campaign="june",
        videos=(),
        fps=25,
        infer_frames=(48, 80),
        disk_needed_bytes=1,
        disk_free_bytes=2,
        estimated_s=estimated_s,
        workers=2,
        time_unknown=time_unknown,
        is_on_cluster=is_on_cluster,
    )
    console = Console(width=400, file=StringIO())
    for part in campaign_table(quote):
        console.print(part)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize(
    ("estimated_s", "unknown", "line"),
    [
        (90.0, "", "time: about 1:30 on this machine with 2 workers"),
        (0.0, "", "time: nothing is left to render"),
        (None, "no GPU", "time: unknown, because this machine cannot render the rest: no GPU"),
    ],
)
def test_the_time_is_told_or_why_it_is_not_known(
    estimated_s: float | None, unknown: str, line: str
) -> None:
    text = printed(estimated_s, unknown)
    assert line in text
    assert "clips x 48 or 80 frames / 25 fps" in text


def test_the_time_of_a_cluster_is_told_as_one() -> None:
    told = printed(90.0, is_on_cluster=True)
    assert "time: about 1:30 on a cluster on this machine with 2 workers" in told


def test_a_cluster_here_and_gpus_elsewhere_are_not_asked_about_at_once(tmp_path: Path) -> None:
    manifest = tmp_path / "june.csv"
    manifest.touch()
    refused = CliRunner().invoke(plan, [str(manifest), "--cluster", "--gpus", "1xH100"])
    assert refused.exit_code == 2
    assert "--cluster plans for this machine, --gpus for others; leave one out" in refused.output


def plan_of(num_segments: int, handoff: str | None) -> VideoPlan:
    """A video whose segments have ten clips of 48 frames each."""
    settings = {"handoff": handoff} if handoff else {}
    return video_plan(480, num_segments, engine="e", settings=settings, width=64, height=64)


def test_every_engine_and_setting_is_timed_at_its_commonest_size() -> None:
    def video(handoff: str | None, width: int) -> VideoPlan:
        return plan_of(1, handoff).model_copy(update={"width": width})

    plans = [video(None, 64), video("context", 80), video(None, 96), video(None, 96)]

    found = samples_of(plans)

    assert [[(plan.settings, plan.width) for plan in kind] for kind in found.values()] == [
        [({}, 96)],
        [({"handoff": "context"}, 80)],
    ]


def test_a_second_size_is_timed_where_it_has_more_of_the_pixels() -> None:
    small, large = (
        plan_of(1, None).model_copy(update={"width": 16 * side, "height": 16 * side})
        for side in (4, 16)
    )

    both = samples_of([small, small, large])
    one = samples_of([small] * 40 + [large])

    assert [plan.width for plan in next(iter(both.values()))] == [64, 256]
    assert [plan.width for plan in next(iter(one.values()))] == [64]


def test_a_segment_that_videos_share_is_left_to_the_first_and_a_done_one_to_none() -> None:
    first, second = plan_of(3, None), plan_of(3, None)
    keys = [segment.key for segment in first.segments]
    assert keys == [segment.key for segment in second.segments]

    left = work_left([first, second], done={keys[0]})

    assert [(each.num_segments, each.num_frames) for each in left] == [(2, 960), (0, 0)]


def test_films_are_part_of_the_time_and_of_each_videos_share(tmp_path) -> None:
    folder = CampaignFolder(tmp_path)
    masters = Estimate(seconds=30.0, overhead_s=10.0, work_s=(10.0, 30.0))
    assert with_films(masters, [0.0, 0.0], 0.0, folder) == masters

    both = with_films(masters, [40.0, 0.0], 4.0, folder)
    films_s = both.seconds - masters.seconds
    others_s = both.overhead_s - masters.overhead_s
    assert films_s == pytest.approx(11 * others_s), "all cores share them, 40 s and 4 s"
    assert sum(both.shares_s) + both.overhead_s == pytest.approx(both.seconds)
    assert both.shares_s == pytest.approx((5 + 10 * others_s, 15))


def test_films_of_finished_masters_take_time_too_and_a_run(tmp_path) -> None:
    nothing = Estimate(seconds=0.0, overhead_s=0.0, work_s=())
    films = with_films(nothing, [], 8.0, CampaignFolder(tmp_path))
    assert films.seconds == films.overhead_s > 8.0 / (os.cpu_count() or 1)
    assert films.shares_s == ()


def test_workers_share_the_time_of_upscalers_and_each_video_has_its_part() -> None:
    masters = Estimate(seconds=30.0, overhead_s=10.0, work_s=(10.0, 30.0), core_s=70.0)
    assert with_upscaler(masters, [0.0, 0.0], [0.0], 2) == masters

    both = with_upscaler(masters, [40.0, 0.0], [8.0], 2)
    assert both.seconds == pytest.approx(30.0 + 20.0 + 4.0)
    assert both.overhead_s == pytest.approx(14.0)
    assert sum(both.shares_s) + both.overhead_s == pytest.approx(both.seconds)
    assert both.shares_s == pytest.approx((5 + 20, 15))
    assert both.core_s == masters.core_s, "it may compute on a GPU"
    alone = with_upscaler(masters, [40.0, 0.0], [], 2)
    assert alone.seconds == pytest.approx(70.0), "one film keeps one worker"


@pytest.mark.parametrize(
    ("num_segments", "handoff", "infer_frames", "is_warned"),
    [
        (50, "context", 48, False),
        (51, "context", 48, True),
        (51, "last-frame", 48, False),
        (51, None, 48, False),
        (2, "last-frame", 1, False),
        (2, "context", 1, True),
    ],
)
def test_more_than_500_clips_in_one_unbroken_part_are_warned_of(
    num_segments: int, handoff: str | None, infer_frames: int, is_warned: bool
) -> None:
    told = unbroken_warnings(plan_of(num_segments, handoff), infer_frames)
    assert bool(told) == is_warned
    assert all("clips run on without a break, more than 500" in each for each in told)


def video(video_id: str, **fields: object) -> VideoQuote:
    given = {
        "size": "512x512",
        "duration_s": 2.4,
        "num_frames": 60,
        "infer_frames": 48,
        "num_clips": 1.25,
        "num_segments": 1,
        "num_segments_done": 0,
        "num_frames_left": 60,
        "is_done": False,
    }
    return VideoQuote.model_validate(given | {"video_id": video_id} | fields)


def lines_at_80_columns(*videos: VideoQuote) -> list[str]:
    quote = Quote(
        campaign="june",
        videos=videos,
        fps=25,
        infer_frames=(48,),
        disk_needed_bytes=1,
        disk_free_bytes=2,
        estimated_s=60.0,
        workers=1,
    )
    console = Console(width=80, file=StringIO())
    for part in campaign_table(quote):
        console.print(part)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue().splitlines()


def test_what_cannot_be_rendered_is_told_last_and_counted() -> None:
    bad = video("bad", line=7, error="no face was found in the portrait")
    lines = lines_at_80_columns(bad, video("good"))
    assert lines[-3].rstrip() == "bad (line 7): no face was found in the portrait"
    assert " ".join(lines[-2:]).split() == [
        "1",
        "of",
        "2",
        "rows",
        "cannot",
        "be",
        "rendered.",
        "Correct",
        "it,",
        "or",
        "render",
        "the",
        "others",
        "with",
        "--keep-going.",
    ]


def test_a_warning_of_many_videos_is_told_once_and_keeps_the_table_readable() -> None:
    small = "the portrait's short side is 320 pixels, 512 or more look better; use a larger one"
    lines = lines_at_80_columns(*(video(f"lamp-{n:03}", warnings=(small,)) for n in range(40)))
    rows = [line for line in lines if line.strip().startswith("lamp-")]
    assert len(rows) == 40, "one line each"
    assert all("to do, 1 note" in row for row in rows)
    assert sum("short side" in line for line in lines) == 1
    assert any("lamp-000, lamp-001, lamp-002 and 37 more" in line for line in lines)


def test_workers_are_timed_side_by_side_where_the_videos_take_longer_than_that():
    assert is_worth_timing_beside(6.1, 2)
    assert not is_worth_timing_beside(5.9, 2)
    assert not is_worth_timing_beside(6.1, 3)
    assert not is_worth_timing_beside(1000.0, 1)
