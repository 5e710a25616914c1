"""Words in boxes: they fit, break where words end, and are refused where they cannot."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tasks.reading.languages import Language
from tasks.screen.fonts import Fonts, fonts_of, packaged_font
from tasks.screen.text.setting import Box, TextFitError, drawn, fit, units_of
from tests.examples import examples

FONTS: Fonts = fonts_of(())
BOX = Box(width=500, height=200, largest=80, smallest=24, max_lines=3)


def test_short_words_stand_in_the_largest_size_on_one_line():
    setting = fit("$49", "en", FONTS, BOX)

    assert (setting.lines, setting.size) == (("$49",), 80)


def test_longer_words_are_shrunk_and_break_evenly():
    setting = fit("The lamp that finds its own light: bright mornings", "en", FONTS, BOX)

    assert 24 <= setting.size < 80
    assert 1 < len(setting.lines) <= 3
    assert " ".join(setting.lines) == "The lamp that finds its own light: bright mornings"
    lengths = [len(line) for line in setting.lines]
    assert max(lengths) - min(lengths) <= 8


def test_chinese_breaks_between_words_and_never_before_a_stop():
    text = "会自己找光的灯：清晨明亮，夜晚温暖，续航二十小时"
    setting = fit(text, "zh", FONTS, BOX)

    assert "".join(setting.lines) == text
    assert not [line for line in setting.lines if line[0] in "：，。"]
    units = units_of("续航二十小时的台灯", "zh")
    assert "二十小时" in "".join(units)
    assert not [unit for unit in units if unit.startswith("时")]


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("今晚十二点前下单立减五十元", "今晚|十二点前|下单|立减|五十元"),
        ("从清晨到夜晚", "从清晨|到夜晚"),
        ("把它送给妈妈和爸爸", "把它|送给|妈妈|和爸爸"),
        ("我收到快递以后", "我|收到|快递|以后"),
        ("可下单", "可下单"),
    ],
)
def test_no_chinese_line_ends_in_a_preposition_or_inside_an_offer(text, units):
    assert "|".join(units_of(text, "zh")) == units


@pytest.mark.parametrize(
    ("text", "rule", "way_out"),
    [
        (
            "long " * 60,
            "300 characters do not fit, even in the smallest letters",
            "write at most 1",
        ),
        ("x" * 60, "is too wide, even in the smallest letters", "write a shorter word, or two"),
        ("long " * 100, "500 characters do not fit", "write at most 1"),
    ],
)
def test_what_cannot_fit_is_refused_with_the_way_out(text, rule, way_out):
    with pytest.raises(TextFitError) as caught:
        fit(text, "en", FONTS, BOX)

    assert rule in caught.value.rule
    assert way_out in caught.value.way_out


def test_a_place_in_which_no_line_has_room_is_told_as_such():
    with pytest.raises(TextFitError, match="there is no room for a line") as caught:
        fit("A lamp", "en", FONTS, replace(BOX, height=20))

    assert caught.value.most is None


LONG = {
    "plain": "A lamp that finds its own light and keeps it all night long, ",
    "capitals": "WIRELESS EARBUDS WITH 40 HOURS OF PLAYTIME, NOISE CANCELLING AND USB-C CHARGING! ",
    "narrow": "I will fill it in, till it is still; it is little, light, in its tin. ",
    "long words": "Professional thermocirculators revolutionise gastronomic establishments. ",
    "figures": "Save 25% on orders over $100 until 30 June 2026 with code SPRING-25. ",
    "中文": "会自己找光的台灯，清晨明亮，夜晚温暖，续航二十小时，",
    "中英": "全新iPhone 16 Pro Max手机壳，买二送一，限时优惠99元，",
    "引号": "「纯棉」四件套！柔软、透气、不起球……现在下单立减50%，包邮到家。",
}
BOXES = (
    Box(width=890, height=182, largest=81, smallest=36, max_lines=4),
    Box(width=454, height=184, largest=81, smallest=36, max_lines=4),
    Box(width=420, height=90, largest=92, smallest=30, max_lines=2),
    Box(width=300, height=45, largest=40, smallest=22, max_lines=2),
)


def fits(text: str, language: Language, box: Box) -> bool:
    try:
        return bool(fit(text, language, FONTS, box).lines)
    except TextFitError:
        return False


CASES = [
    pytest.param(
        name, box, marks=() if at == 3 and name in ("capitals", "中文") else pytest.mark.sweep
    )
    for at, box in enumerate(BOXES)
    for name in LONG
]


@pytest.mark.parametrize(("name", "box"), CASES)
def test_so_many_characters_as_the_way_out_says_fit_wherever_they_are_taken_from(name, box):
    language: Language = "zh" if LONG[name][0] > "z" else "en"
    text = (LONG[name] * 40)[:520]
    with pytest.raises(TextFitError) as caught:
        fit(text, language, FONTS, box)
    most = caught.value.most
    assert most is not None
    assert caught.value.way_out == f"write at most {most} characters"

    starts = [0]
    for unit in units_of(LONG[name], language):
        starts.append(starts[-1] + len(unit))
    cut = [text[start : start + length] for start in starts for length in (most, most - 1)]
    assert [part for part in cut if not fits(part, language, box)] == []
    # and hardly fewer are told than some stretch has room for: its last word, and what is left of
    # each line for kerning
    room = min(longest_that_fits(text[start : start + 2 * most], language, box) for start in starts)
    longest = max(map(len, units_of(LONG[name], language)))
    assert most <= room <= most + longest + box.max_lines


def longest_that_fits(text: str, language: Language, box: Box) -> int:
    """By bisection: so many characters from the beginning, of which one more is too much."""
    low, high = 0, len(text)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(text[:middle], language, box) else (low, middle)
    return low


@settings(max_examples=examples(60), deadline=None)
@example(words=["c", "cacabecfa"], width=200, height=48)
@given(
    words=st.lists(st.text("abcdefgh", min_size=1, max_size=9), min_size=1, max_size=14),
    width=st.integers(200, 900),
    height=st.integers(40, 400),
)
def test_lines_never_leave_their_box_and_lose_no_word(words, width, height):
    box = Box(width, height, 80, 20, 4)
    text = " ".join(words)
    try:
        setting = fit(text, "en", FONTS, box)
    except TextFitError:
        return
    assert setting.width <= width
    assert setting.height <= height + 1
    assert " ".join(setting.lines).split() == words


def test_drawn_words_leave_ink_inside_their_picture_only():
    setting = fit("Ågypten jagt Quarz 你好", "en", FONTS, BOX)
    pixels = np.asarray(drawn(setting, FONTS, "#ffffff"))

    assert pixels.shape == (setting.height, setting.width, 4)
    ink = pixels[..., 3] > 128
    assert ink.mean() > 0.05
    assert not ink[0].any()


def test_characters_that_no_font_has_are_named_once_each():
    assert FONTS.missing("Łódź 😀😀 你好 ok") == "Łź😀"
    assert packaged_font().covers >= {ord(sign) for sign in "价價aé€￥"}
