"""Words in boxes: they fit, break where words end, and are refused where they cannot."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tasks.screen.text.fonts import Fonts, fonts_of, packaged_font
from tasks.screen.text.setting import Box, TextFitError, drawn, fit, units_of

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
            "300 characters do not fit into the 500x200 pixels",
            "write at most about 1",
        ),
        ("x" * 60, "is wider than the 500x200 pixels that it has", "write a shorter word, or two"),
        ("a" * 500, "has 500 characters, and at most 400 can stand", "write a few words"),
    ],
)
def test_what_cannot_fit_is_refused_with_the_way_out(text, rule, way_out):
    with pytest.raises(TextFitError) as caught:
        fit(text, "en", FONTS, BOX)

    assert rule in caught.value.rule
    assert way_out in caught.value.way_out


def test_the_number_of_characters_in_the_way_out_does_fit():
    text = "A headline that goes on and on about a lamp, its light, its shade, and " * 5
    with pytest.raises(TextFitError) as caught:
        fit(text[:390], "en", FONTS, BOX)

    most = int(caught.value.way_out.split()[4])
    assert fit(text[:most], "en", FONTS, BOX).lines


@settings(max_examples=60, deadline=None)
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
