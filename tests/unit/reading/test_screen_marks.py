"""Marks for the screen: never spoken, never captioned, and gone without a trace."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tasks.reading.cleaning.screen_marks import misspelt_screen_marks, without_screen_marks
from tasks.reading.flaws import ScriptError
from tasks.reading.script_text import script_text
from tasks.speech.script import read_script
from tasks.speech.speech import SpeechRequest, request_sha256
from tasks.speech.spoken_script import speech_id_of
from tests.examples import examples

MARKS = ("[show image]", "[show image2 3s]", "[presenter full]", "[price 1.5s]", "[Show image 2]")
CASES = (
    ("Look. [show image2 3s] Here it is.", "en", "Look. Here it is."),
    ("[presenter full] Hello there. [price]", "en", "Hello there."),
    ("Now[price], only five dollars.", "en", "Now, only five dollars."),
    ("See this [price 3s], now.", "en", "See this, now."),
    ("只要[price]九十九元。［show image2］你看。", "zh", "只要九十九元。你看。"),
)


@pytest.mark.parametrize(("marked", "language", "plain"), CASES)
def test_a_script_is_read_as_if_nobody_had_put_marks_into_it(marked, language, plain):
    assert without_screen_marks(marked) == plain
    assert script_text(marked, language).text == plain
    assert read_script(marked, language) == read_script(plain, language)


@pytest.mark.parametrize(("marked", "language", "plain"), CASES)
def test_its_speech_is_the_same_speech(marked, language, plain):
    asked = SpeechRequest(text=without_screen_marks(marked), language=language)
    usual = SpeechRequest(text=plain, language=language)

    assert request_sha256(asked) == request_sha256(usual)
    assert speech_id_of(SpeechRequest(text=marked, language=language)) == speech_id_of(usual)


def test_each_mark_says_what_is_seen_how_long_and_before_which_word():
    read = script_text("One [show image 2 1.5s] two [price] three [presenter full 2 s] four.", "en")

    found = [(mark.shown, mark.number, mark.seconds) for mark in read.screen]
    assert found == [("image", 2, 1.5), ("price", 0, None), ("presenter", 0, 2.0)]
    words = [read.text[mark.index :].split()[0] for mark in read.screen]
    assert words == ["two", "three", "four."]


@settings(max_examples=examples(200), deadline=None)
@example(parts=[" ", "[show image]", ", and"])  # two spaces before it
@given(
    st.lists(
        st.sampled_from(
            [*MARKS, "lamp", "it is", ", and", ".", " ", "\n", "灯", "。", " [pause 1s] "]
        ),
        max_size=10,
    )
)
def test_captions_are_the_same_whether_marks_are_read_or_taken_out_before(parts):
    raw = "word " + "".join(parts) + " end"
    taken_out = script_text(without_screen_marks(raw), "en")
    read = script_text(raw, "en")

    assert read.text.split() == taken_out.text.split()
    assert not taken_out.screen


def test_what_is_no_mark_stays_what_it_was():
    for text in ("Press [ok] now.", "Hello [pause 1s] there.", "no brackets at all"):
        assert without_screen_marks(text) == text
    with pytest.raises(ScriptError, match="looks like a placeholder"):
        script_text("Dear [name], hello.", "en")


def test_misspelt_marks_are_found():
    text = "a [show imge2] b [presenter small] c [price 3] d [show image2 3s]"
    found = misspelt_screen_marks(text)

    assert [written for written, _ in found] == ["[show imge2]", "[presenter small]", "[price 3]"]
