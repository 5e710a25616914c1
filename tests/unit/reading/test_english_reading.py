"""How English numbers, prices, dates, addresses, abbreviations and signs are read aloud."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from model.speech.english import read_english
from tasks.reading.english.numbers import cardinal, ordinal
from tasks.reading.english.reader import english_tokens
from tasks.reading.tokens import spoken_form
from tests.unit.reading.blocks import blocks, read_otherwise, with_unspoken

HERE = Path(__file__).parent
CLASSES = {
    *("cardinal", "ordinal", "decimal", "fraction", "percent", "money", "measure", "range"),
    *("date", "time", "year", "phone", "digits", "model", "version", "address", "acronym"),
    *("abbreviation", "sign"),
}


def rows(name: str) -> list[dict[str, str]]:
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def pairs(rows: list[dict[str, str]]) -> list[tuple[str, str]]:
    return [(row["written"], row["spoken"]) for row in rows]


CASES = rows("english_cases.tsv")
SENTENCES = pairs(rows("english_sentences.tsv"))


def spoken(text: str) -> str:
    return spoken_form(text, english_tokens(text))


def unspoken(rows: list[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    return with_unspoken([each for _, each in rows], lambda text: read_english(text).unspoken)


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_a_class_is_read_as_a_presenter_reads_it(name: str) -> None:
    cases = pairs([row for row in CASES if row["class"] == name])

    assert read_otherwise(cases, spoken) == []


def test_every_class_has_fifteen_cases_at_least() -> None:
    counts = Counter(row["class"] for row in CASES)

    assert set(counts) == CLASSES
    assert {name: count for name, count in counts.items() if count < 15} == {}


@pytest.mark.parametrize("sentences", blocks(SENTENCES))
def test_a_sentence_of_a_campaign_is_read_as_it_was_approved_by_ear(
    sentences: list[tuple[str, str]],
) -> None:
    assert read_otherwise(sentences, spoken) == []


@pytest.mark.parametrize("sentences", blocks(SENTENCES))
def test_the_voice_knows_every_word_of_a_spoken_sentence(
    sentences: list[tuple[str, str]],
) -> None:
    assert unspoken(sentences) == {}


def test_there_are_a_hundred_sentences() -> None:
    assert len(SENTENCES) >= 100


@pytest.mark.parametrize("siblings", blocks(pairs(rows("english_siblings.tsv"))))
def test_siblings_of_what_was_reported_are_read_as_they_were_corrected_by_eye(
    siblings: list[tuple[str, str]],
) -> None:
    assert read_otherwise(siblings, spoken) == []
    assert unspoken(siblings) == {}


@pytest.mark.parametrize(
    ("written", "doubt"),
    [
        ("On 03/04/2026.", "day and month could be swapped"),
        ("On 3/4 we open.", "day and month could be swapped"),
        ("In 2,024.", '"2,024" could be a year'),
        ("We sold 1999 lamps.", '"1999" could be a year'),
        ("It is 3,5 long.", 'the comma of "3,5" could separate two numbers'),
        ("Just 1.299 €.", 'the point of "1.299" could be a decimal point'),
        ("¥2,999 each.", "¥ could be yen"),
        ("Sale: 11/29.", '"11/29" could be a fraction'),
        ("We count 12345678.", '"12345678" is read digit by digit'),
        ("In all, 1,000,000,000,000,000.", '"1000000000000000" is too long for a number in words'),
        ("Serial 8X7YK2LM9P.", '"8X7YK2LM9P" is spelled, sign by sign'),
        ("All is done.in here.", '"done.in" could be two sentences without a space between them'),
    ],
)
def test_a_reading_that_could_be_another_says_why(written: str, doubt: str) -> None:
    assert [token.doubt for token in english_tokens(written) if token.doubt] == [doubt]


@pytest.mark.parametrize(
    "written",
    [
        *("On 11/29/2026.", "On 29/11/2026.", "On 29.11.2026.", "On 04/04/2026.", "2,024 lamps."),
        *("$2,024", "3,50 €", "1,5 kg", "Buy ¥99 of it in Shanghai.", "3/4 cup", "fernlight.me"),
        *("1,299 kg", "In 1999 we began.", "Call 020 7946 0958."),
    ],
)
def test_a_certain_reading_has_no_doubt(written: str) -> None:
    assert [token.doubt for token in english_tokens(written) if token.doubt] == []


REPORTED = [
    ("See p. 45 and pp. 3-4.", "See page forty-five and pages three to four."),
    ("Apt. 4B is on the left.", "apartment four B is on the left."),
    ("It costs Rs. 500.", "It costs five hundred rupees."),
    (
        "The lamp costs 27,50 € and weighs 1,5 kg.",
        "The lamp costs twenty-seven euros and fifty cents and weighs one point five kilograms.",
    ),
    ("It costs 1.299,00 € today.", "It costs one thousand two hundred ninety-nine euros today."),
    ("A coffee is 5€ or 5 £.", "A coffee is five euros or five pounds."),
    ("Take .5 litres.", "Take point five litres."),
    (
        "Call +44 20 7946 0958.",
        "Call plus four four, two zero, seven nine four six, zero nine five eight.",
    ),
    ("Your PIN is 0042.", "Your PIN is zero zero four two."),
    ("Dial 911.", "Dial nine one one."),
    ("It costs $1,050.00.", "It costs one thousand fifty dollars."),
    ("They sold 1,999 lamps.", "They sold one thousand nine hundred ninety-nine lamps."),
    ("Save 50–60% off.", "Save fifty to sixty percent off."),
    ("Open 9:00-17:00.", "Open nine o'clock to seventeen hundred."),
    ("9 - 3 = 6", "nine minus three equals six"),
    (
        "It covers 120㎡ or 120 m².",
        "It covers one hundred twenty square meters or one hundred twenty square meters.",
    ),
    ("Add 1 1/2 cups and ¼ tsp.", "Add one and a half cups and a quarter teaspoon."),
    ("Written in C# and .NET.", "Written in C sharp and dot net."),
    ("From $9.99/mo.", "From nine dollars and ninety-nine cents a month."),
    ("Version 2.4.1 and PM2.5.", "Version two point four point one and P M two point five."),
    ("Visit www.fernlight.shop.", "Visit W W W dot fernlight dot shop."),
    (
        "Visit fernlight.store or fernlight.me.",
        "Visit fernlight dot store or fernlight dot me.",
    ),
]


@pytest.mark.parametrize(("written", "words"), REPORTED)
def test_what_was_reported_is_read_as_it_should_be(written: str, words: str) -> None:
    assert spoken(written) == words


@pytest.mark.parametrize(
    ("written", "sounds"),
    [
        ("Apt. 4B is on the left.", "əpˈɑɹtmənt fˈɔɹ bˈi ɪz ˌɔn ðə lˈɛft."),
        ("Just 27,50 €.", "twˈɛnti sˈɛvən jˈʊɹOz ænd fˈɪfti sˈɛnts"),
        ("Dial 911.", "nˈIn wˈʌn wˈʌn."),
        ("The lamp costs $1,999 today.", "wˈʌn θˈWzᵊnd nˈIn hˈʌndɹəd nˈIndi nˈIn dˈɑləɹz"),
        ("Save 10-15% today.", "tˈɛn tə fˌɪftˈin pəɹsˈɛnt"),
        ("It moves at 5 m/s.", "fˈIv mˈiTəɹz pɜɹ sˈɛkənd."),
        ("Version 2.4.1 and PM2.5.", "pˈi ˈɛm tˈu pˈYnt fˈIv."),
        ("Visit www.fernlight.shop.", "dˈʌbᵊlju dˈʌbᵊlju dˈʌbᵊlju dˈɑt fˈɜɹnlIt dˈɑt ʃˈɑp."),
        ("Open 9am-5pm.", "nˈIn ˈA ˈɛm tə fˈIv pˈi ˈɛm."),
        ("Gate A12.", "ɡˈAt ˈA twˈɛlv."),
    ],
)
def test_the_voice_says_the_words_of_the_reading(written: str, sounds: str) -> None:
    reading = read_english(spoken(written))

    assert reading.unspoken == ()
    assert _plain(sounds) in _plain(reading.symbols)


def _plain(symbols: str) -> str:
    """Without stress and word boundaries, which hyphens in numbers change."""
    return (
        "".join(sign for sign in symbols if sign not in "ˈˌ ")
        .replace("nIndi", "nInti")
        .replace("T", "t")
    )


def test_numbers_are_american_and_run_to_a_thousand_trillion() -> None:
    assert cardinal(120) == "one hundred twenty"
    assert cardinal(-21) == "minus twenty-one"
    assert cardinal(10**14) == "one hundred trillion"
    assert cardinal(10**15 - 1).count("nine hundred ninety-nine") == 5
    assert cardinal(10**15) == "one" + 15 * " zero"
    assert [ordinal(value) for value in (1, 12, 20, 45, 100, 1001)] == [
        *("first", "twelfth", "twentieth", "forty-fifth", "one hundredth", "one thousand first"),
    ]


@pytest.mark.parametrize(
    "text", ["", " ", "\n", "Hello there.", "Please call ", "你好", "😀", "…", "- - -"]
)
def test_plain_text_has_no_tokens(text: str) -> None:
    assert english_tokens(text) == ()


def test_a_full_stop_that_ends_the_sentence_is_no_part_of_the_token() -> None:
    text = "It is 10 ft. Tall people reach it. It starts at 5 p.m. Then we go to the U.S. Army."

    assert [text[token.start : token.end] for token in english_tokens(text)] == [
        *("10 ft", "5 p.m", "U.S."),
    ]
