"""Marks that say how a script is read: pauses, substitutes, ways of saying."""

import pytest

from tasks.reading.flaws import ScriptError
from tasks.reading.languages import Language
from tasks.reading.marks import Pause, Span, parse_marks
from tasks.reading.script_text import script_text
from tasks.reading.tokens import Token, merged


def flaws(text: str, language: Language = "en") -> list[str]:
    with pytest.raises(ScriptError) as caught:
        script_text(text, language)
    return [str(flaw) for flaw in caught.value.flaws]


def said(text: str, language: Language = "en") -> str:
    """What the one mark of ``text`` has its words read as."""
    (span,) = script_text(text, language).spans
    return span.spoken


# --- pauses -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mark", "milliseconds"),
    [
        ('<break time="800ms"/>', 800),
        ("<break time='0.8s' />", 800),
        ("<break time=”800ms”/>", 800),
        ('<BREAK TIME="1s">', 1000),
        ('<break time="1.25s"></break>', 1250),
        ("<break/>", 750),
        ('<break strength="x-weak"/>', 250),
        ('<break strength="weak"/>', 500),
        ('<break strength="strong"/>', 1000),
        ('<break strength="x-strong"/>', 1250),
        ("[pause 0.8s]", 800),
        ("[pause 800ms]", 800),
        ("[Pause: 2 seconds]", 2000),
        ("［pause 10s］", 10_000),
        ("[ pause 0.8s ]", 800),
        ("【pause 0.8s】", 800),
        ("[停顿 0.8秒]", 800),
        ("【停顿：500毫秒】", 500),
        ('<break time=".5s"/>', 500),
        ('<Break Time="+1S" />', 1000),
        ('<break time="&#49;s"/>', 1000),
    ],
)
def test_a_pause_stands_where_its_mark_stood(mark: str, milliseconds: int) -> None:
    found = parse_marks(f"One {mark} two.")
    assert found.text == "One two."
    assert found.pauses == (Pause(4, milliseconds),)
    assert found.spans == found.notices == ()
    assert parse_marks(f"你好{mark}世界").pauses == (Pause(2, milliseconds),)


@pytest.mark.parametrize("mark", ['<break strength="none"/>', '<break time="0s"/>'])
def test_a_pause_of_no_time_is_none(mark: str) -> None:
    assert parse_marks(f"One {mark} two.").pauses == ()


def test_pauses_at_one_place_are_one_and_those_at_the_ends_are_kept() -> None:
    found = parse_marks("[pause 1s] One [pause 1s] <break time='2s'/>, two. [pause 3s] ")
    assert found.text == "One, two."
    assert found.pauses == (Pause(0, 1000), Pause(3, 3000), Pause(9, 3000))


BROKEN = (
    "begins like a mark, but its quotes, attributes or brackets are not right "
    '(character 5); write it as in <break time="800ms"/>'
)
LIKE_A_PAUSE = (
    "is like a mark for a pause, but its word or its brackets are not right (character 5); "
    "write [pause 0.8s]"
)
NO_TIME = 'does not say for how long, as "0.8s" or "800ms" (character 5); write [pause 0.8s]'


@pytest.mark.parametrize(
    ("mark", "told"),
    [
        ("[pause]", NO_TIME),
        ("[pause 1]", NO_TIME),
        ("[pause -1s]", NO_TIME),
        (
            '<break time="1"/>',
            'has the time "1", which must be like "800ms" or "0.8s" (character 5); '
            'write <break time="800ms"/>',
        ),
        (
            '<break time="11s"/>',
            "makes a pause of 11 s, and the longest is 10 s (character 5); write a shorter one",
        ),
        (
            "[pause 10001ms]",
            "makes a pause of 10.001 s, and the longest is 10 s (character 5); write a shorter one",
        ),
        (
            '<break strength="huge"/>',
            "has a strength that is none of none, x-weak, weak, medium, strong, x-strong "
            '(character 5); write a time instead: <break time="800ms"/>',
        ),
        (
            '<break length="1s"/>',
            'has the attribute "length", which <break> does not have (character 5); remove it',
        ),
        ("[pause 1s500ms]", NO_TIME),
        ("[pause 0,8s]", NO_TIME),
        (
            '<break time="1s500ms"/>',
            'has the time "1s500ms", which must be like "800ms" or "0.8s" (character 5); '
            'write <break time="800ms"/>',
        ),
        ('<break time="1s" time="2s"/>', BROKEN),
        ('< break time="1s"/>', BROKEN),
        ('＜break time="1s"/＞', BROKEN),
        ("[paus 0.8s]", LIKE_A_PAUSE),
        ("[wait 3 seconds]", LIKE_A_PAUSE),
        (
            '<break time=""500ms""/>',
            "begins like a mark, but its quotes, attributes or brackets are not right "
            '(character 5); write it as in <break time="800ms"/>',
        ),
    ],
)
def test_a_wrong_pause_is_refused_with_its_place(mark: str, told: str) -> None:
    assert flaws(f"One {mark} two.") == [f'"{mark}" {told}']


def test_a_pause_that_is_not_closed_is_never_spoken() -> None:
    (told,) = flaws("One [pause 0.8s two.")
    assert told.startswith('"[pause 0.8s two." is like a mark for a pause')


@pytest.mark.parametrize("mark", ["[pause 1s]", '<break time="1s"/>'])
def test_a_pause_inside_a_word_is_refused_and_between_han_characters_is_not(mark: str) -> None:
    told = "is a pause inside a word (character 3); put it before or behind the word, with a space"
    assert flaws(f"un{mark}believable") == [f'"{mark}" {told}']
    assert parse_marks(f"你好{mark}ABC").pauses == (Pause(2, 1000),)
    assert parse_marks(f"up,{mark}down").pauses == (Pause(3, 1000),)


@pytest.mark.parametrize("text", ["Buy if price < break even.", "a <b and b> a", "5 < 6, 7 > 6"])
def test_what_is_no_mark_is_left_alone(text: str) -> None:
    assert parse_marks(text).pauses == ()
    assert parse_marks(text).text == text


# --- words in place of others ---------------------------------------------------------------------


def test_a_substitute_is_spoken_and_its_words_are_shown() -> None:
    text = '<speak>The <sub alias="World Wide Web">WWW</sub>, <sub alias="H 2 O">H2O</sub>.</speak>'
    found = parse_marks(text)
    assert found.text == "The WWW, H2O."
    assert found.spans == (Span(4, 7, "sub", "World Wide Web"), Span(9, 12, "sub", "H 2 O"))
    assert script_text(text, "en").spans == (
        Token(4, 7, "entry", "World Wide Web"),
        Token(9, 12, "entry", "H two O"),
    )


@pytest.mark.parametrize(
    ("alias", "spoken"),
    [
        ("Tom &amp; Jerry", "Tom and Jerry"),
        ("5 &quot;inches&quot;", 'five "inches"'),
        ("x &lt; y", "x less than y"),
        ("Mary&#32;Ann", "Mary Ann"),
    ],
)
def test_entities_of_an_attribute_are_read_as_what_they_stand_for(alias: str, spoken: str) -> None:
    found = script_text(f'A <sub alias="{alias}">X</sub> &amp; B.', "en")
    assert [span.spoken for span in found.spans] == [spoken]
    assert found.text == "A X & B."


@pytest.mark.parametrize(
    ("alias", "found"),
    [
        ("a &lt;b&gt; c", "<b>"),
        ("&lt;/b&gt;", "</b>"),
        ("one [pause 1s] two", "[pause 1s]"),
        ("&lt;break time='1s'/&gt;", "<break time='1s'/>"),
    ],
)
def test_a_mark_in_an_alias_is_a_fault(alias: str, found: str) -> None:
    with pytest.raises(ScriptError) as raised:
        script_text(f'A <sub alias="{alias}">X</sub> lamp.', "en")

    assert f'has "{found}" in its alias, which would be said' in str(raised.value)
    assert "write only the words that are to be said" in str(raised.value)


def test_a_mark_keeps_its_place_on_later_lines() -> None:
    found = script_text("你好。\n<sub alias='万维网'>WWW</sub> <b>和</b> &amp; 水", "zh")
    assert found.text == "你好。\nWWW 和 & 水"
    assert [found.text[span.start : span.end] for span in found.spans] == ["WWW"]
    assert found.spans[0].spoken == "万维网"


@pytest.mark.parametrize(
    ("mark", "english", "mandarin"),
    [
        (
            '<say-as interpret-as="characters">A1-b</say-as>',
            "A one dash B",
            "A 一 杠 B",
        ),
        ('<say-as interpret-as="spell-out">USB</say-as>', "U S B", "U S B"),
        (
            '<say-as interpret-as="digits">12 05</say-as>',
            "one two, zero five",
            "一二，零五",
        ),
        (
            '<say-as interpret-as="cardinal">1,205</say-as>',
            "one thousand two hundred five",
            "一千二百零五",
        ),
        ('<say-as interpret-as="cardinal">-2</say-as>', "minus two", "负二"),
        ('<say-as interpret-as="ordinal">21</say-as>', "twenty-first", "第二十一"),
        ('<say-as interpret-as="ordinal">2nd</say-as>', "second", "第二"),
        (
            '<say-as interpret-as="date" format="mdy">12/10/2026</say-as>',
            "December tenth, twenty twenty-six",
            "二零二六年十二月十日",
        ),
        (
            '<say-as interpret-as="date" format="dd-mm-yy">12-10-85</say-as>',
            "October twelfth, nineteen eighty-five",
            "一九八五年十月十二日",
        ),
        (
            '<say-as interpret-as="date" format="ym">2026-11</say-as>',
            "November twenty twenty-six",
            "二零二六年十一月",
        ),
        (
            '<say-as interpret-as="date" format="md">2/29</say-as>',
            "February twenty-ninth",
            "二月二十九日",
        ),
    ],
)
def test_words_are_said_as_their_mark_says(mark: str, english: str, mandarin: str) -> None:
    assert said(f"It is {mark}.", "en") == english
    assert said(f"这是{mark}。", "zh") == mandarin


def test_telephone_numbers_are_said_in_their_groups() -> None:
    assert said('<say-as interpret-as="telephone">12 345 ext. 6</say-as>') == (
        "one two, three four five, extension six"
    )
    assert said('<say-as interpret-as="telephone">021-1 转 11</say-as>', "zh") == "零二幺，幺转幺幺"
    assert said('<say-as interpret-as="telephone">+1 12</say-as>') == "plus one, one two"


def test_currencies_and_dates_without_a_format_are_left_to_the_language() -> None:
    assert said('<say-as interpret-as="currency">$42.01</say-as>') == (
        "forty-two dollars and one cent"
    )
    assert said('<say-as interpret-as="currency">$2</say-as>', "zh") == "两美元"
    assert (
        said('<say-as interpret-as="date">2026-11-29</say-as>', "zh") == "二零二六年十一月二十九日"
    )


OR_SUB = 'or write <sub alias="..."> with the words'


@pytest.mark.parametrize(
    ("kind", "words", "rule", "way_out"),
    [
        ('"digits"', "12a", "must be digits alone", "use characters for letters and signs"),
        ('"telephone"', "call", "must be a telephone number", "use characters for letters"),
        ('"cardinal"', "1.5", "must be a whole number", OR_SUB),
        ('"cardinal"', "1" + "0" * 15, "is too large to be read as a number", "use digits"),
        ('"ordinal"', "-1", "must not be negative", OR_SUB),
        (
            '"characters"',
            "a☃",
            'holds "☃", which has no name to spell',
            'write <sub alias="..."> with the words',
        ),
        (
            '"date" format="mdy"',
            "13/10/2026",
            'is no day in the order "mdy"',
            "correct the format or the date",
        ),
        (
            '"date" format="md"',
            "2/30",
            'is no day in the order "md"',
            "correct the format or the date",
        ),
        (
            '"date" format="mdy"',
            "12/10",
            'must be 3 numbers, as its format "mdy" says',
            "correct one of them",
        ),
        (
            '"date" format="dym"',
            "1/2/3",
            'has the format "dym", which must be one of mdy, dmy, ymd, md, dm, ym, my, y, m, d',
            OR_SUB,
        ),
        ('"date"', "soon", "cannot be read as a date", "write it otherwise, " + OR_SUB),
        (
            '"currency"',
            "much",
            "cannot be read as an amount of money",
            "write it otherwise, " + OR_SUB,
        ),
    ],
)
def test_words_that_are_not_of_their_kind_are_refused(
    kind: str, words: str, rule: str, way_out: str
) -> None:
    text = f"It is <say-as interpret-as={kind}>{words}</say-as>."
    place = text.index(">") + 2
    assert flaws(text) == [f'"{words}" {rule} (character {place}); {way_out}']


def test_a_mark_goes_before_what_a_reader_finds() -> None:
    tokens = (Token(0, 3, "money", "a"), Token(4, 9, "date", "b"), Token(10, 12, "time", "c"))
    spans = (Token(6, 7, "entry", "d"), Token(9, 10, "entry", "e"))
    assert [token.spoken for token in merged(tokens, spans)] == ["a", "d", "e", "c"]
    assert merged(tokens, ()) == tokens


# --- wrong marks ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "Hi <voice name='x'>you</voice>",
            "\"<voice name='x'>\" is no mark that is known; known marks are speak, p, s, "
            "break, sub, say-as, emphasis and prosody (character 4); "
            "remove it, or write what is to be said",
        ),
        (
            "One.\nTwo <sub alias='x'>three",
            "\"<sub alias='x'>\" is never closed by </sub> (line 2, character 5); "
            "write </sub> behind its words",
        ),
        (
            "One</say-as> two",
            '"</say-as>" closes what no <say-as> opened (character 4); remove it, '
            "or open it before",
        ),
        (
            "<prosody rate='slow'><sub alias='x'>a</prosody></sub>",
            '"</prosody>" is closed before </sub>, which was opened later (character 38); '
            "close the last opened first",
        ),
        (
            "<sub alias='x'>a <say-as interpret-as='digits'>1</say-as></sub>",
            "\"<say-as interpret-as='digits'>\" stands inside another mark that says how its words "
            "are read (character 18); keep one of them",
        ),
        (
            "<sub alias='x'>a [pause 1s] b</sub>",
            '"[pause 1s]" is a pause inside words that are read as one (character 18); '
            "put it before or behind them",
        ),
        (
            "<sub alias=''>a</sub>",
            "\"<sub alias=''>\" has an empty alias (character 1); "
            'write what is to be said: <sub alias="...">',
        ),
        (
            "So <sub alias='x'> </sub>",
            "\"<sub alias='x'>\" has no words between its tags, which captions could show "
            "(character 4); write them, or remove it",
        ),
        (
            "<say-as interpret-as='poem'>a</say-as>",
            '"<say-as interpret-as=\'poem\'>" has interpret-as "poem", which must be one of '
            "characters, spell-out, digits, telephone, cardinal, ordinal, date, currency "
            '(character 1); or write <sub alias="..."> with the words',
        ),
        (
            "<say-as>a</say-as>",
            '"<say-as>" lacks the attribute "interpret-as" (character 1); '
            'write <say-as interpret-as="...">',
        ),
        (
            "<sub title='x'>a</sub>",
            '"<sub title=\'x\'>" has the attribute "title", which <sub> does not have '
            "(character 1); remove it",
        ),
        (
            "[pause 1s]",
            '"[pause 1s]" leaves nothing to say without its marks; write words',
        ),
    ],
)
def test_a_wrong_mark_is_refused_with_its_place(text: str, told: str) -> None:
    assert flaws(text)[0] == told


def test_emphasis_and_prosody_are_left_out_and_told() -> None:
    text = "A <emphasis level='strong'>big</emphasis> <prosody rate='90%'>lamp</prosody>"
    found = script_text(f"<speak>{text}</speak>", "en")
    assert found.text == "A big lamp"
    assert found.notices == (
        "tags that change nothing in speech were left out: <emphasis> <prosody>",
    )


def test_paragraphs_and_sentences_begin_lines() -> None:
    assert script_text("<p><s>One.</s> <s>Two.</s></p><p>Three.</p>", "en").text == (
        "One.\nTwo.\nThree."
    )
