"""What holds for every English text, however odd."""

import random
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.reading.english.reader import english_tokens
from tasks.reading.english.signs import SIGNS
from tasks.reading.tokens import Token, spoken_form
from tests.examples import examples

PARTS = (
    *"0123456789",
    *(
        "$",
        "€",
        "£",
        "¥",
        "%",
        "°",
        ".",
        ",",
        ":",
        ";",
        "/",
        "-",
        "–",
        "—",
        "+",
        "×",
        "x",
        "'",
        '"',
    ),
    *(
        " ",
        "(",
        ")",
        "#",
        "@",
        "&",
        "=",
        "<",
        ">",
        "~",
        "≈",
        "≥",
        "≤",
        "±",
        "½",
        "¼",
        "²",
        "₂",
        "①",
    ),
    *(
        "Ⅳ",
        "٣",
        "５",
        "＄",
        "\u00a0",
        "\u2009",
        "a",
        "k",
        "M",
        "v",
        "kg",
        "ft.",
        "p.m.",
        "am",
        "in.",
    ),
    *(
        "USD",
        "No.",
        "the ",
        " to ",
        "RTX ",
        "www.",
        "fern.shop",
        "Nov ",
        "Mon-",
        "St. ",
        "C#",
        "1st",
    ),
    *(
        "\n",
        " lamp",
        " costs ",
        "Chapter IV",
        "1,299",
        "2026",
        "12:30",
        "3/4",
        "é",
        "中",
        "😀",
        "-5",
    ),
    *("10-15", "i7-", "call ", "room ", "a@b.com", "1'299", "^", "_", "*", "|", "e.g.", "U.S."),
)
PLAIN = (
    *("$1,999", "27,50 €", "10-15%", "5 kg", "35℃", "m², 120 m²", "½ cup", "3/4", "9:00-17:00"),
    *("2026-11-29", "Nov. 29", "1990s", "22nd", "020 7946 0958", "WH-1000XM5", "v2.4.1", "C#"),
    *("www.fernlight.shop", "#BlackFriday", "p. 45", "Dr. Smith", "≥10", "CO₂", "１２３", "2×3 m"),
)


def mixed_text(seed: int) -> str:
    rng = random.Random(seed)
    return "".join(rng.choice(PARTS) for _ in range(rng.randint(1, 40)))


def check(text: str) -> None:
    tokens = english_tokens(text)
    end = 0
    for token in tokens:
        assert end <= token.start < token.end <= len(text)
        end = token.end
    said = spoken_form(text, tokens)
    assert [sign for sign in said if sign.isdigit() or sign in SIGNS] == []
    assert [sign for sign in said if unicodedata.category(sign) in ("Nd", "No", "Nl")] == []


def check_many(seeds: range) -> None:
    for seed in seeds:
        check(mixed_text(seed))


def test_five_hundred_mixed_texts_leave_no_digit_and_no_sign() -> None:
    check_many(range(500))


@pytest.mark.sweep
def test_ten_thousand_more_leave_no_digit_and_no_sign() -> None:
    check_many(range(500, 12_000))


@given(st.text(max_size=60))
@settings(max_examples=examples(300), deadline=None)
def test_any_text_at_all_can_be_read(text: str) -> None:
    check(text)


@pytest.mark.parametrize("form", ["NFC", "NFKC"])
@pytest.mark.parametrize("written", [part for part in PLAIN if "²" not in part and "₂" not in part])
def test_another_form_of_the_same_characters_reads_the_same(written: str, form: str) -> None:
    text = f"We have {written} here."
    other = unicodedata.normalize("NFC" if form == "NFC" else "NFKC", text)

    assert spoken_form(other, english_tokens(other)) == spoken_form(text, english_tokens(text))


@pytest.mark.parametrize("written", PLAIN)
def test_what_is_spoken_is_read_as_it_is(written: str) -> None:
    text = f"We have {written} here."
    said = spoken_form(text, english_tokens(text))

    assert english_tokens(said) == ()
    assert unicodedata.normalize("NFKC", said) == said


@pytest.mark.parametrize("written", [part for part in PLAIN if "Smith" not in part])
def test_a_stretch_reads_the_same_wherever_it_stands(written: str) -> None:
    carriers = ("We saw {} there.", "They said {}, too.", "So ({}) it is.", "Then\n{}\nfollows.")
    said = set[tuple[str, ...]]()
    for carrier in carriers:
        said.add(tuple(word.spoken for word in english_tokens(carrier.format(written))))

    assert len(said) == 1


@pytest.mark.parametrize(
    "text",
    [
        *("1" * 5000, "$" + "1" * 5000, "1" * 5000 + "st", "1" * 5000 + " kg", "v1." + "1" * 5000),
        *(
            "1 " * 3000,
            "1-" * 3000,
            "a." * 3000,
            "a1" * 3000,
            "1," * 3000,
            '5" ' * 1500,
            "/" * 3000,
        ),
    ],
    ids=lambda text: f"{text[:3]}...{text[-3:]}",
)
def test_long_runs_are_read_too(text: str) -> None:
    tokens: tuple[Token, ...] = english_tokens(text)

    assert not any(sign.isdigit() for sign in spoken_form(text, tokens))
