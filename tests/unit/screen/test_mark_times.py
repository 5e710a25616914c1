"""Marks of a script in time: at the word they stand before, on the frame grid."""

import pytest

from tasks.reading.script_text import script_text
from tasks.screen.composing.times import Clock, MarkTimeError, Span, times_of
from tasks.speech_records import Cue

RATE, FPS = 24_000, 25


def clock(*clauses: tuple[str, float, float], num_frames: int = 250) -> Clock:
    cues = [
        Cue(text=text, start_sample=round(start * RATE), end_sample=round(end * RATE))
        for text, start, end in clauses
    ]
    return Clock(cues, RATE, FPS, num_frames)


def times(script: str, of: Clock, images=(1, 2), language="en"):
    read = script_text(script, language)
    return times_of(read.text, read.screen, images, of)


def test_without_marks_the_first_picture_and_the_price_are_seen_throughout():
    found = times("Hello there.", clock(("Hello there.", 0.2, 1.4)))

    assert found.images == ((1, Span(0, 250)),)
    assert found.price == (Span(0, 250),)
    assert found.presenter == ()


def test_a_mark_before_a_clause_begins_with_it():
    of = clock(("Look at this.", 0.2, 2.0), ("Here it is.", 2.5, 4.0))
    found = times("Look at this. [show image2 1s] Here it is.", of)

    assert found.images == ((1, Span(0, 62)), (2, Span(62, 87)), (1, Span(87, 250)))


def test_a_mark_inside_a_clause_begins_where_its_word_is_said():
    of = clock(("abcd efgh", 0.0, 4.0))

    assert times("abcd [price] efgh", of).price == (Span(50, 250),)
    han = clock(("只要九十九元。", 0.0, 7.0))
    assert times("只要[price]九十九元。", han, language="zh").price[0].start in range(48, 56)


def test_a_mark_waits_for_its_word_where_a_recording_pauses_before_it():
    cues = (Cue(text="abcd efgh", start_sample=0, end_sample=4 * RATE),)
    starts = [RATE * moment for moment in (0.0, 0.2, 0.4, 0.6, 3.2, 3.4, 3.6, 3.8)]
    of = Clock(cues, RATE, FPS, 250, starts)

    assert times("abcd [price] efgh", of).price == (Span(80, 250),)
    assert times("[price] abcd efgh", of).price == (Span(0, 250),)


def test_a_mark_without_seconds_lasts_until_the_next_of_its_kind():
    of = clock(("One.", 0.0, 1.0), ("Two.", 2.0, 3.0), ("Three.", 4.0, 5.0))
    found = times("[presenter full] One. [show image2] Two. [price 1s] Three.", of)

    assert found.presenter == (Span(0, 50),)
    assert found.images == ((1, Span(0, 50)), (2, Span(50, 250)))
    assert found.price == (Span(100, 125),)


def test_two_pictures_at_one_word_show_the_later_one():
    of = clock(("One.", 0.0, 1.0), ("Two.", 2.0, 3.0))
    found = times("One. [show image1][show image2] Two.", of)

    assert found.images[-1] == (2, Span(50, 250))


def test_marks_past_the_end_are_refused_all_at_once():
    of = clock(("One.", 0.0, 1.0), ("Two.", 2.0, 3.0), num_frames=80)
    with pytest.raises(MarkTimeError) as caught:
        times("One. [show image2 3s] Two. [price]", of)

    first, second = caught.value.faults
    assert first[0] == "[show image2 3s]"
    assert first[1] == "lasts 3 s, and the video ends 1.2 s after it"
    assert second[1] == "stands behind the last word of the speech"


def test_marks_that_a_shortened_video_never_reaches_are_refused():
    of = clock(("One.", 0.0, 1.0), ("Two.", 8.0, 9.0), num_frames=100)
    with pytest.raises(MarkTimeError, match="stands behind the last word"):
        times("One. [show image2] Two.", of)
