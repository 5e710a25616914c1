"""The simulated night at a small scale: nothing is lost, nothing is counted twice."""

from dataclasses import replace

import pytest

from benchmarks.night_simulation import QUESTIONS, Night, Settings, Simulation, table, tenfold

SMALL = Settings(num_videos=300, num_machines=4)
BAD = tenfold(tenfold(SMALL))
CALM = replace(
    SMALL,
    run_crash_per_h=0,
    engine_crash_per_h=0,
    gpu_fault_per_h=0,
    worker_crash_per_h=0,
    preempt_per_h=0,
)
SHORT = replace(SMALL, window="21:30-22:30")
CASES = {
    "ordinary": SMALL,
    "bad": BAD,
    "by video": replace(BAD, resumes_segments=False),
    "cold": replace(SMALL, is_warm=False),
    "longest": replace(SMALL, order="longest"),
    "ahead": replace(SMALL, is_started_ahead=True),
    "bad rows": replace(SMALL, bad_row_share=0.1),
    "window": SHORT,
    "window of a bad night": replace(BAD, window="21:30-22:30"),
    "window, opens everything": replace(SHORT, opens_only_what_fits=False, resumes_segments=False),
    "poisoned engine": replace(SMALL, poison="engine"),
    "poisoned engine, no breaker": replace(SMALL, poison="engine", breaker="off"),
    "poisoned machine": replace(SMALL, poison="machine"),
    "told of tries": replace(BAD, breaker="tries"),
    "quads": replace(SMALL, quad_share=0.1),
    "quads of a bad night": replace(BAD, quad_share=0.1),
    "quads without a gate": replace(BAD, quad_share=0.1, has_gate=False),
}


def simulated(settings: Settings, seed: int = 1) -> tuple[Simulation, Night]:
    simulation = Simulation(settings, seed)
    return simulation, simulation.run()


@pytest.mark.parametrize("settings", CASES.values(), ids=CASES)
def test_every_video_ends_once_and_every_gpu_second_is_in_one_account(settings):
    simulation, night = simulated(settings)

    ended = night.num_done + night.num_failed + night.num_quarantined + night.num_carried
    assert ended == settings.num_videos
    assert all(video.status not in ("pending", "open") for video in simulation.videos)
    assert night.capacity == pytest.approx(night.hours * settings.num_gpus)
    assert min(night.accounts.values()) >= -1e-9
    assert 0 <= night.utilisation <= 1


@pytest.mark.parametrize("settings", CASES.values(), ids=CASES)
def test_what_was_kept_is_what_the_videos_no_longer_need(settings):
    simulation, night = simulated(settings)

    kept_s = sum(
        (video.num_frames - video.num_left) * video.frame_s * video.num_gpus
        for video in simulation.videos
    )
    assert night.accounts["render"] == pytest.approx(kept_s / 3600)
    assert all(video.num_left == 0 for video in simulation.videos if video.status == "done")


def test_the_same_seed_gives_the_same_night_and_another_seed_another():
    assert simulated(BAD, 7)[1] == simulated(BAD, 7)[1]
    assert simulated(BAD, 7)[1] != simulated(BAD, 8)[1]


def test_without_failures_nothing_is_lost_and_every_gpu_loads_once():
    _, night = simulated(CALM)

    assert night.num_done == CALM.num_videos
    assert night.accounts["lost"] == pytest.approx(0, abs=1e-6)
    assert night.accounts["down"] == night.accounts["wait"] == 0
    assert night.accounts["load"] == pytest.approx(CALM.num_gpus * CALM.load_s / 3600)
    assert night.accounts["deliver"] == pytest.approx(300 * CALM.deliver_s / 3600)


def test_cold_engines_load_for_every_run():
    _, night = simulated(replace(CALM, is_warm=False))

    assert night.accounts["load"] == pytest.approx(300 * CALM.load_s / 3600)


def test_failures_cost_more_where_a_video_begins_anew():
    by_segment = simulated(BAD)[1].accounts["lost"]
    by_video = simulated(replace(BAD, resumes_segments=False))[1].accounts["lost"]

    assert 0 < 2 * by_segment < by_video


def test_a_poisoned_engine_stops_the_night_after_three_videos():
    _, night = simulated(CASES["poisoned engine"])

    assert (night.num_done, night.num_failed, night.num_carried) == (0, 3, 297)
    assert night.stopped_at_hours is not None
    assert night.stopped_at_hours < 0.1


def test_without_a_breaker_a_poisoned_engine_fails_every_video():
    _, night = simulated(CASES["poisoned engine, no breaker"])

    assert night.num_failed == 300
    assert night.stopped_at_hours is None


def test_a_poisoned_machine_fails_no_video():
    _, night = simulated(CASES["poisoned machine"])

    assert night.num_done == 300


def test_the_night_ends_within_a_segment_of_the_window():
    _, night = simulated(SHORT)

    segment_s = SHORT.segment_frames * 2 * SHORT.frame_s  # the slowest video's
    assert 0 < night.num_carried < 300
    assert night.hours <= 0.5 + segment_s / 3600


def test_opening_only_what_fits_leaves_fewer_videos_half_made():
    fits = simulated(SHORT)[1].num_carried_begun
    opens_all = simulated(replace(SHORT, opens_only_what_fits=False))[1].num_carried_begun

    assert fits < opens_all


def test_a_window_that_is_closed_at_ten_is_refused():
    with pytest.raises(ValueError, match="must be open"):
        Simulation(replace(SMALL, window="03:00-04:00"), 1)


def test_without_a_gate_four_gpu_runs_wait_for_the_end():
    base = replace(CALM, quad_share=0.05)
    gated, ungated = simulated(base)[1], simulated(replace(base, has_gate=False))[1]

    assert 2 * gated.quad_wait_minutes[1] < ungated.quad_wait_minutes[1]
    assert gated.num_done == ungated.num_done == 300


def test_every_question_has_a_table():
    night = simulated(SMALL)[1]
    for question in QUESTIONS:
        lines = table(question, [night] * len(question.rows)).splitlines()
        assert len(lines) == 2 + len(question.rows)
        assert len({line.count("|") for line in lines}) == 1
