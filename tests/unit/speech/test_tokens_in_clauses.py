"""Tokens, pauses and sounds in clauses: what is cut, what is said, what captions keep."""

from collections.abc import Mapping

import pytest

from model.speech.utterance import Sounds
from tasks.reading.languages import Language
from tasks.reading.marks import Pause
from tasks.reading.tokens import Token
from tasks.speech.script import Cut, cut_text

Said = str | tuple[str, str]


def tokens_of(text: str, spoken: Mapping[str, Said]) -> tuple[Token, ...]:
    """Tokens for words of ``text``: what is said for each, or that and how it sounds."""
    return tuple(
        sorted(
            (
                Token(text.index(written), text.index(written) + len(written), "entry", *_said(say))
                for written, say in spoken.items()
            ),
            key=lambda token: token.start,
        )
    )


def _said(say: Said) -> tuple[str, str | None]:
    return (say, None) if isinstance(say, str) else say


def cut(
    text: str,
    spoken: Mapping[str, Said] | None = None,
    pauses: tuple[tuple[int, int], ...] = (),
    language: Language = "en",
) -> Cut:
    tokens = tokens_of(text, spoken or {})
    return cut_text(text, tokens, tuple(Pause(*pause) for pause in pauses), language)


def test_a_full_stop_inside_a_token_ends_no_sentence() -> None:
    text = "See p. 5 Or Apt. 7 Now. It costs € 3.50. Bye."
    said = {"p. 5": "page five", "Apt. 7": "apartment seven", "€ 3.50": "three euros fifty"}

    assert next(clause.text for clause in cut(text).clauses) == "See p."
    assert [clause.text for clause in cut(text, said).clauses] == [
        "See p. 5 Or Apt. 7 Now.",
        "It costs € 3.50.",
        "Bye.",
    ]


def test_the_voice_is_given_words_and_the_caption_keeps_what_is_written() -> None:
    (clause,) = cut("Only $5 a day.", {"$5": "five dollars"}).clauses

    assert clause.text == "Only $5 a day."
    assert clause.spoken == "Only five dollars a day."
    assert clause.pieces == ("Only five dollars a day.",)
    assert clause.words == (("$5", "five dollars"),)


def test_a_long_sentence_is_cut_at_no_comma_inside_a_token() -> None:
    date = "Monday, the third of May, two thousand twenty-six"
    text = (
        f"We open the doors of the new house in the old town on {date} with a small party for all"
    )
    whole = cut(text, {date: "a day"}).clauses
    parted = cut(text).clauses

    assert [clause.text for clause in whole] == [text]
    assert len(parted) > 1


def test_words_of_a_token_do_not_run_into_their_neighbours() -> None:
    (clause,) = cut("A 5km run, iPhone15.", {"5": "five", "15": "fifteen"}).clauses

    assert clause.spoken == "A five km run, iPhone fifteen."


def test_sounds_reach_the_voice_as_sounds_and_words_stay_around_them() -> None:
    (clause,) = cut("Wear Nike, now.", {"Nike": ("", "/nˈIki/")}).clauses

    assert clause.pieces == ("Wear ", Sounds("/nˈIki/"), ", now.")
    assert clause.spoken == clause.given == "Wear Nike, now."


def test_a_voice_from_outside_is_given_what_is_written_and_the_words_of_a_lexicon() -> None:
    text = "CRM for $5."
    tokens = (Token(0, 3, "entry", "see are em"), Token(8, 10, "money", "five dollars"))
    (clause,) = cut_text(text, tokens, (), "en").clauses

    assert clause.given == "see are em for $5."


def test_a_clause_of_sounds_alone_is_spoken() -> None:
    (clause,) = cut("中心。", {"中心": ("", "zhong4 xin1")}, language="zh").clauses

    assert clause.pieces == (Sounds("zhong4 xin1"), "。")


@pytest.mark.parametrize(
    ("text", "index", "clauses"),
    [
        ("Wait for it now", 8, [("Wait for", 800), ("it now", 0)]),
        ("Wait. Now.", 5, [("Wait.", 800), ("Now.", 0)]),
        ("Wait. Now.", 6, [("Wait.", 800), ("Now.", 0)]),
        ("Wait, now.", 4, [("Wait,", 800), ("now.", 0)]),
        ("Wait.", 4, [("Wait.", 800)]),
        ("Wait. 🎉 Now.", 8, [("Wait. 🎉", 800), ("Now.", 0)]),
        ("Now 5 kg of it", 5, [("Now 5 kg", 800), ("of it", 0)]),
    ],
)
def test_a_pause_ends_a_clause_behind_the_word_or_stop_it_follows(
    text: str, index: int, clauses: list[tuple[str, int]]
) -> None:
    said = {"5 kg": "five kilos"} if "kg" in text else {}
    made = cut(text, said, ((index, 800),)).clauses

    assert [(clause.text, clause.pause_ms) for clause in made] == clauses
    assert made[-1].ends_sentence


def test_pauses_at_one_place_add_up_and_one_before_all_words_goes_before_them() -> None:
    made = cut("Now. Go.", pauses=((0, 500), (4, 300), (5, 400)))

    assert made.lead_ms == 500
    assert [clause.pause_ms for clause in made.clauses] == [700, 0]


def test_a_pause_inside_a_sentence_does_not_end_it() -> None:
    assert [c.ends_sentence for c in cut("One two", pauses=((3, 500),)).clauses] == [False, True]


def test_every_letter_stays_in_the_captions_in_order_whatever_is_a_token() -> None:
    text = "Call 555-0199, e.g. at 5 p.m. Or write to a.b@c.de. Bye, dear friends of 3.5 km runs."
    said = {
        "555-0199": "five five five",
        "5 p.m.": "five p m",
        "a.b@c.de": "a dot b",
    }
    made = cut(text, said, ((20, 100), (text.index("friends"), 100))).clauses

    assert " ".join(clause.text for clause in made) == text
