"""What holds of every Mandarin text, whatever is written in it."""

import random
import re
import unicodedata
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.reading.mandarin.reader import mandarin_tokens, plain
from tasks.reading.tokens import spoken_form
from tests.examples import examples

_LEFT = re.compile(r"[0-9%‰°℃+=×÷&@#<>±≥≤≈≠→/*_^|$¥￥€£₹₩₽฿₫½²³①Ⅱ~～]")
"""Digits and signs that a voice would misread or not read."""
_PIECES = [
    "0",
    "1",
    "2",
    "3",
    "5",
    "7",
    "9",
    "10",
    "12",
    "24",
    "30",
    "99",
    "100",
    "110",
    "618",
    "1080",
    "1203",
    "2026",
    "4090",
    "12345",
    "13545678900",
    "-",
    "~",
    "—",
    "/",
    ".",
    ",",
    ":",
    "：",
    "，",
    "。",
    "、",
    ";",
    "!",
    "？",
    "+",
    "=",
    "×",
    "÷",
    "%",
    "‰",
    "°",
    "℃",
    "¥",
    "￥",
    "$",
    "HK$",
    "€",
    "£",
    "₩",
    "#",
    "@",
    "&",
    "*",
    "_",
    "^",
    "|",
    "<",
    ">",
    "≥",
    "≤",
    "≈",
    "±",
    "→",
    "(",
    ")",
    "（",
    "）",
    '"',
    "'",
    "“",
    "”",
    "个",
    "件",
    "元",
    "块",
    "折",
    "年",
    "月",
    "日",
    "号",
    "点",
    "分",
    "秒",
    "楼",
    "室",
    "米",
    "斤",
    "万",
    "亿",
    "第",
    "周",
    "一",
    "二",
    "双",
    "满",
    "减",
    "送",
    "买",
    "比",
    "到",
    "房间",
    "电话",
    "密码",
    "航班",
    "今天",
    "开始",
    "大促",
    "女神节",
    "战胜",
    "個",
    "萬",
    "點",
    "號",
    "樓",
    "錢",
    "kg",
    "km/h",
    "m²",
    "GB",
    "K",
    "w",
    "L",
    "A",
    "V",
    "W",
    "P",
    "Hz",
    "x",
    "X",
    "RTX",
    "i7",
    "CO",
    "SALE",
    "VIP",
    "iPhone",
    "www.",
    ".com",
    "https://",
    "fernlight",
    "½",
    "①",
    "(1)",
    "Ⅱ",
    "²",
    "３",
    "８",
    "％",
    "Ａ",
    "壹",
    "佰",
    "拾",
    "𝟙",
    "⑳",
    "1️⃣",
    "😀",
    "\n",
]
_TEXTS = st.lists(st.sampled_from(_PIECES), max_size=14).map("".join) | st.text(max_size=40)


def _thrown_together(count: int, *, seed: int) -> Iterator[str]:
    chance = random.Random(seed)
    for _ in range(count):
        yield "".join(chance.choices(_PIECES, k=chance.randint(1, 14)))


def _check(text: str) -> None:
    tokens = mandarin_tokens(text)
    end = 0
    for token in tokens:
        assert end <= token.start < token.end <= len(text), (text, token)
        assert not _LEFT.search(token.spoken), (text, token)
        assert not any(sign.isdigit() for sign in token.spoken), (text, token)
        end = token.end
    spoken = spoken_form(text, tokens)
    assert not _LEFT.search(spoken), (text, spoken)
    assert not any(unicodedata.category(sign) == "Nd" for sign in spoken), (text, spoken)


@settings(max_examples=examples(200), deadline=None)
@given(_TEXTS)
def test_no_text_breaks_the_reader_or_leaves_a_digit_or_a_sign(text: str) -> None:
    _check(text)


def test_nor_do_two_thousand_texts_thrown_together() -> None:
    for text in _thrown_together(2000, seed=1):
        _check(text)


@pytest.mark.sweep
def test_nor_do_ten_thousand_texts_thrown_together() -> None:
    for text in _thrown_together(10_000, seed=2):
        _check(text)


@settings(max_examples=examples(100), deadline=None)
@given(_TEXTS)
def test_what_has_been_put_into_words_is_not_read_again(text: str) -> None:
    spoken = spoken_form(text, mandarin_tokens(text))
    again = spoken_form(spoken, mandarin_tokens(spoken))
    assert "".join(again.split()) == "".join(spoken.split())


@settings(max_examples=examples(100), deadline=None)
@given(_TEXTS)
def test_the_plain_form_keeps_every_place_and_is_plain_already(text: str) -> None:
    seen = plain(text)
    assert len(seen) == len(text)
    assert plain(seen) == seen


@pytest.mark.parametrize(
    "written",
    [
        "3-5天",
        "618大促",
        "￥99.9",
        "8:05",
        "2026-11-29",
        "20%",
        "5kg",
        "2个",
        "No.1",
        "1080P",
        "-3℃",
        "3/4杯",
        "2024Q3",
        "i7-13700K",
        "买2送1",
        "www.fernlight.com",
        "10w+粉丝",
        "HK$100",
        "8.5折",
        "16:9屏幕",
        "24/7",
        "400-820-8820",
        "1,999元",
        "第2名",
    ],
)
def test_a_token_reads_alike_in_every_neutral_place(written: str) -> None:
    alone = spoken_form(written, mandarin_tokens(written))
    for text in (
        "{}。",
        "好，{}，好。",
        "【{}】",
        "“{}”",
        "看看 {} 吧",
        "一行\n{}\n两行",
        "（{}）",
        "{}！",
    ):
        whole = text.format(written)
        assert spoken_form(whole, mandarin_tokens(whole)) == text.format(alone)


@pytest.mark.parametrize("form", ["NFC", "NFKC", "NFD"])
@pytest.mark.parametrize(
    "written",
    ["满300减50元", "￥1,999", "2026-11-29", "５０％", "ＲＴＸ　４０９０", "－３℃", "Ⅱ型", "½杯"],
)
def test_a_text_reads_alike_in_every_normal_form(written: str, form: str) -> None:
    other = unicodedata.normalize(form, written)
    left = spoken_form(written, mandarin_tokens(written))
    right = spoken_form(other, mandarin_tokens(other))
    assert "".join(right.split()) == "".join(left.split())
