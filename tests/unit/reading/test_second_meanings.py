"""What means one thing beside some words and another beside others is marked where none decide."""

import pytest

from tasks.reading.english.reader import english_tokens
from tasks.reading.mandarin.reader import mandarin_tokens
from tasks.reading.tokens import Token, spoken_form


def _doubts(tokens: tuple[Token, ...]) -> list[str]:
    return [token.doubt for token in tokens if token.doubt]


@pytest.mark.parametrize(
    ("text", "doubt"),
    [
        ("Set: 45m ea.", '"45m" could be meters, minutes or millions'),
        ("Yours in 45m.", '"45m" could be meters, minutes or millions'),
        ("The mold runs at 289K.", '"289K" could be thousands or kelvins'),
        ("Contract 24M.", '"24M" could be months or millions'),
        ("A spread of 2.5p.", '"2.5p" could be pips or pence'),
        ("Flat 12c/14h.", '"12c/14h" is read as miles per gallon in town and outside'),
        ("Bags in cat. 3.", '"cat. 3" could be a category or a catalog'),
        ("INR 2.3 today.", '"INR 2.3" could be a blood test or rupees'),
        ("Fixed in 9fceb02.", '"9fceb02" is spelled, sign by sign'),
        ("LeBron had 28/9/11 in the win.", '"28/9/11" could be three numbers and no date'),
        ("Ann was at 28/9/11 again.", '"28/9/11" could be three numbers and no date'),
    ],
)
def test_what_no_word_of_an_english_text_decides_is_marked(text: str, doubt: str) -> None:
    assert _doubts(english_tokens(text)) == [doubt]


@pytest.mark.parametrize(
    "text",
    [
        *(
            "The pool is 25m long.",
            "Ropes come in 10m, 20m and 40m.",
            "Dive to 40m.",
            "A 45m ride.",
        ),
        *(
            "The cabin is 300m from the lift.",
            "45m people saw it.",
            "Cook time: 45m.",
            "A 5m cable.",
        ),
        *("A $24M contract.", "We have 289K on TikTok.", "A 5K run.", "Milk is 1.2p cheaper."),
        *("Cat 5e cable.", "INR 5.50 a day.", "INR 2,300 only.", "Commit 9fceb02.", "Facade99."),
        *("Sale ends 24/12/26.", "Delivered 28/9/11.", "Open 24/12/26 only.", "On 12/25/26."),
        *("Made by Fernly. order now.", "Ours is from Halden. try it.", "Run npm; send the ppt."),
    ],
)
def test_what_the_words_around_it_decide_is_not_marked(text: str) -> None:
    assert _doubts(english_tokens(text)) == []


def test_a_line_of_a_game_is_no_date() -> None:
    text = "LeBron had 28/9/11 in the win."

    assert spoken_form(text, english_tokens(text)) == (
        "LeBron had twenty-eight, nine and eleven in the win."
    )


@pytest.mark.parametrize(
    ("text", "spoken", "doubt"),
    [
        (
            "淘口令￥AbC123￥",
            "淘口令A b C 一 二 三",
            "¥AbC123¥ is spelled, and no viewer hears its capitals; show it on the screen instead",
        ),
        (
            "8/8副本",
            "八比八副本",
            "8/8 is read with 比; write 全部8份 or the date where it is one",
        ),
        ("6/8副本", "八分之六副本", "6/8 is read as a fraction; it may be a date, or 6 of 8"),
        ("7/40副本", "四十分之七副本", "7/40 is read as a fraction; it may be 7 of 40"),
    ],
)
def test_doubts_of_mandarin_name_what_else_it_may_be(text: str, spoken: str, doubt: str) -> None:
    tokens = mandarin_tokens(text)

    assert spoken_form(text, tokens) == spoken
    assert _doubts(tokens) == [doubt]


@pytest.mark.parametrize(
    "text", ["优惠￥100，原价￥200", "口令￥88元红包￥100元", "微信号：lumo88", "券码：20x30"]
)
def test_prices_and_names_of_accounts_are_not_marked(text: str) -> None:
    assert _doubts(mandarin_tokens(text)) == []
