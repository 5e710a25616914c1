from __future__ import annotations

from dataclasses import replace

import pytest

from tasks.deliver_records import DeliverableReceipt, Enlargement, Upscaler
from tasks.deliverables.reckoning import (
    DeliverablesQuote,
    FilmAhead,
    reckoned,
    told_beside,
    upscaler_pace,
)
from tasks.record import FileEntry

FULL = FilmAhead((1080, 1920), (1080, 1920), 1500, 25)


def test_nothing_is_reckoned_by_nothing_and_two_films_by_both():
    nothing, one, two = reckoned([]), reckoned([FULL]), reckoned([FULL, FULL])

    assert (nothing.num_encodes, nothing.num_bytes, nothing.core_s) == (0, 0, 0)
    assert (one.num_encodes, two.num_encodes) == (1, 2)
    assert two.num_bytes == pytest.approx(2 * one.num_bytes, abs=1)
    assert two.core_s == pytest.approx(2 * one.core_s)


def test_a_smaller_presenter_a_flat_ground_and_captions_beside_need_less():
    small = replace(FULL, presenter=(562, 728))
    blurred, captions = replace(small, is_blurred=True), replace(small, has_captions=True)
    kept = reckoned([small])

    assert kept.num_bytes < reckoned([captions]).num_bytes
    assert kept.num_bytes < reckoned([blurred]).num_bytes
    assert kept.num_bytes < reckoned([FULL]).num_bytes
    assert kept.core_s < reckoned([blurred]).core_s
    no_canvas = replace(small, size=small.presenter)
    assert reckoned([no_canvas]).core_s < kept.core_s


@pytest.mark.parametrize(
    ("films", "core_s"),
    [
        # alone on a quiet machine
        ([replace(FULL, num_frames=108)], 4.9),
        # three films with a layout, three on a blurred canvas or filled by their presenter
        (
            [
                FilmAhead((1080, 1920), (584, 1074), 84, 25, has_layout=True),
                FilmAhead((1080, 1080), (540, 1080), 84, 25, has_layout=True),
                FilmAhead((1920, 1080), (1076, 1080), 84, 25, has_layout=True),
            ],
            5.87 + 3.15 + 5.16,
        ),
        (
            [
                FilmAhead((1080, 1920), (1080, 1920), 72, 25),
                FilmAhead((1080,) * 2, (1080,) * 2, 72, 25),
            ],
            3.60 + 1.89,
        ),
    ],
)
def test_computing_is_reckoned_as_films_took_it(films: list[FilmAhead], core_s: float):
    """2026-11-30, beside other busy programs where nothing else is said."""
    assert reckoned(films).core_s == pytest.approx(core_s, rel=0.2)


@pytest.mark.parametrize(
    ("film", "num_bytes"),
    [
        (FilmAhead((1080, 1920), (1080, 1920), 108, 25, has_captions=True), 1_353_875 + 190_000),
        (FilmAhead((720, 1280), (720, 588), 312, 25), 1_508_453),
        (FilmAhead((540, 960), (540, 442), 312, 25), 1_058_691),
        (FilmAhead((960, 540), (538, 540), 312, 25), 1_306_205),
        (FilmAhead((540, 540), (270, 540), 312, 25), 1_060_388),
    ],
)
def test_a_film_as_it_was_measured_is_reckoned_within_a_fifth(film, num_bytes):
    """One film is quieter than another; the sum of a campaign is nearer."""
    assert reckoned([film]).num_bytes == pytest.approx(num_bytes, rel=0.2)


@pytest.mark.parametrize(
    ("size", "num_frames", "beside", "burned"),
    [
        ((1080, 1920), 84, 505_983, 519_988),
        ((1080, 1080), 84, 497_322, 511_108),
        ((1920, 1080), 84, 556_237, 568_597),
        ((1080, 1920), 72, 432_341, 446_019),
        ((1080, 1080), 72, 424_726, 437_876),
    ],
)
def test_captions_of_a_layout_are_reckoned_as_they_were_measured(size, num_frames, beside, burned):
    """The same films with captions burned and beside, 2026-11-30: 3 % of a film, not 40 %."""
    film = FilmAhead(size, (540, 960), num_frames, 25, has_layout=True)
    more = reckoned([replace(film, has_captions=True)]).num_bytes - reckoned([film]).num_bytes
    assert more == pytest.approx(burned - beside, rel=0.6)


def test_the_report_tells_what_was_reckoned_beside_what_was_made():
    def entry(num_bytes: int) -> FileEntry:
        return FileEntry(name="x.mp4", sha256="0" * 64, num_bytes=num_bytes)

    made = DeliverableReceipt(
        key="k",
        video_id="a",
        master_sha256="0" * 64,
        size=(96, 64),
        file=entry(1_000_000),
        poster=entry(50_000),
        is_copy=False,
        presenter=(0, 0, 96, 64),
        crop=(0, 0, 96, 64),
        num_frames=25,
        duration_s=1,
        checks={},
        encode={},
        seconds=2.4,
        versions={},
    )
    quote = DeliverablesQuote(num_encodes=1, num_bytes=1_000_000, core_s=3)

    assert told_beside(quote, [made]) == (
        "1 film, 1.0 MB, 3 s of computing; this run made 1, 1.1 MB (+5%), in 2 s of its workers"
    )
    assert told_beside(quote, [made, made]).endswith("; this run made 2")
    enlarged = made.model_copy(
        update={"enlargement": Enlargement(size=(64, 64), num_frames=25, num_bytes=9, seconds=1.6)}
    )
    asked = quote.model_copy(update={"num_enlarged": 1, "enlarging_s": 2.2})
    told = told_beside(asked, [enlarged])
    assert told.endswith("; of these 2 s were the upscaler's (2 s reckoned)")
    unknown = told_beside(asked.model_copy(update={"enlarging_s": None}), [enlarged])
    assert unknown.endswith("of these 2 s were the upscaler's (how long was not known before)")


def test_frames_that_are_copied_take_less_computing_and_the_same_room():
    copied = replace(FULL, num_copied_frames=1400)
    assert reckoned([copied]).core_s < 0.4 * reckoned([FULL]).core_s
    assert reckoned([copied]).num_bytes == reckoned([FULL]).num_bytes


def test_an_upscaler_takes_its_start_and_each_pixel_as_earlier_films_tell():
    def took(num_frames: int, seconds: float) -> Enlargement:
        return Enlargement(size=(100, 100), num_frames=num_frames, num_bytes=1, seconds=seconds)

    def ahead(num_frames: int) -> FilmAhead:
        return replace(FULL, upscaler=upscaler, enlarged=(200, 100), num_enlarged_frames=num_frames)

    upscaler = Upscaler(name="nearest", version="1", command="c")
    pace = upscaler_pace([took(200, 9.0), took(100, 5.0), took(300, 13.0)])
    assert pace is not None
    quote = reckoned([ahead(100), ahead(50), FULL], lambda _: pace)
    assert quote.num_enlarged == 2
    assert quote.enlarging_s == pytest.approx(1.0 + 8.0 + 1.0 + 4.0)
    assert quote.enlarging_bytes == 200 * 100 * 100 / 8
    assert quote.core_s == pytest.approx(3 * reckoned([FULL]).core_s), "it comes beside"

    assert reckoned([FULL], lambda _: pace).enlarging_s == 0
    assert upscaler_pace([]) is None
    assert reckoned([ahead(100), FULL]).enlarging_s is None, "unknown, and not nothing"
