"""Captions: wrapped by width, split by time, written as SRT and VTT."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.media.captions import (
    LINE_COLUMNS,
    Caption,
    captions,
    columns,
    pages,
    to_srt,
    to_vtt,
    wrap,
)
from tasks.speech.script import Language
from tasks.speech_records import Cue, Speech, TimedPhoneme

RATE = 24_000
TEXTS = st.text(alphabet="ab cd,. !?你好，。世界“”😀e\u0301", max_size=300)


def _speech(
    cues: list[tuple[str, float, float]],
    language: Language = "en",
    phonemes: tuple[TimedPhoneme, ...] | None = None,
) -> Speech:
    return Speech(
        speech_id="0" * 64,
        source="builtin",
        voice="hibari",
        language=language,
        sample_rate_hz=RATE,
        num_channels=1,
        num_samples=RATE * 100,
        engine_gain_db=0.0,
        grid_levels_db=(),
        cues=tuple(
            Cue(text=text, start_sample=round(start * RATE), end_sample=round(end * RATE))
            for text, start, end in cues
        ),
        phonemes=phonemes,
        file_sha256="",
        engine_file_sha256="",
    )


def test_english_is_wrapped_at_42_letters_into_even_lines() -> None:
    text = "Pick your size below, and we ship it tomorrow morning."
    assert wrap(text, "en") == ["Pick your size below, and we", "ship it tomorrow morning."]


def test_chinese_is_wrapped_at_16_characters_and_no_line_begins_with_punctuation() -> None:
    lines = wrap("这款陶瓷保温杯能保温六个小时，放进包里也不会漏水。", "zh")
    assert len(lines) == 2
    assert all(columns(line) <= 32 for line in lines)
    assert not lines[1].startswith(("，", "。"))


def test_a_latin_word_inside_chinese_stays_whole() -> None:
    lines = wrap("欢迎下载我们全新推出的Nightshoot应用程序体验", "zh")
    assert any("Nightshoot" in line for line in lines)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (
            "今天傍晚我们将在公园里举行一场盛大的音乐会，欢迎大家带上家人和朋友前来参加",
            ["今天傍晚我们将在公园里举行", "一场盛大的音乐会，欢迎大家", "带上家人和朋友前来参加"],
        ),
        (
            "今天傍晚我們將在公園裡舉行一場盛大的音樂會，歡迎大家前來參加",
            ["今天傍晚我們將在公園裡舉行", "一場盛大的音樂會，歡迎大家前來參加"],
        ),
        (
            "请拨打客服电话13812345678，或访问www.fernlight.com/shop",
            ["请拨打客服电话13812345678，", "或访问www.fernlight.com/shop"],
        ),
        (
            "新款护眼台灯，亮度可调，续航长达十二小时，充电只要三十分钟",
            ["新款护眼台灯，亮度可调，续航长", "达十二小时，充电只要三十分钟"],
        ),
    ],
)
def test_chinese_lines_break_between_words(text: str, lines: list[str]) -> None:
    found = wrap(text, "zh")
    assert len(found) == len(lines)
    for word in ("傍晚", "公园", "音乐会", "家人", "朋友", "十二小时", "三十分钟", "13812345678"):
        assert (word in text) == any(word in line for line in found)
    for word in ("公園", "音樂", "www.fernlight.com/shop", "客服", "台灯"):
        assert (word in text) == any(word in line for line in found)


KEPT = (
    *("三百二十五公里", "299元", "￥1,299.00", "下午3:30", "16GB", "100Mbps", "六个小时", "第三名"),
    *("888直播间", "今晚8点", "共3个购物车", "2000毫安充电宝"),
    *("2026年11月29日", "Nightshoot", "mara@fernlight.com", "13812345678", "百分之二十", "20%"),
)


@pytest.mark.parametrize("kept", KEPT)
def test_no_line_breaks_inside_a_number_with_its_unit_a_price_a_time_or_an_address(
    kept: str,
) -> None:
    for num_before in range(1, 20):
        text = "我们的新灯陪伴你度过每一个夜晚真好"[:num_before] + kept + "，欢迎大家来看看。"
        assert any(kept in line for line in wrap(text, "zh")), wrap(text, "zh")


FIGURES = (
    *(
        "上午10点30分",
        "下午3点半",
        "晚上8点整",
        "早上9:00-11:30",
        "10月1日",
        "2026年3月15日",
        "周六19:30",
    ),
    *("9点30分至18点", "12月24日至26日", "下午三点四十五分", "二零二六年三月十五日", "周一至周五"),
    *("2小时30分钟", "3至5个工作日", "7×24小时", "199.9元", "9块9", "3万5千元", "一百九十九块九"),
    *("满300减50", "买2送1", "每人128元", "99元/人", "第2件半价", "3室2厅", "1米8", "3天2晚"),
    *("人民路88号", "88号3栋2单元501室", "中山北路1200号5楼", "A座1203室", "地铁2号线", "T2航站楼"),
    *("400-800-1234", "138 1234 5678", "京A88888", "G1次列车", "HK$1,280", "第3季第5集"),
    *("上午10點30分", "週六19:30", "88號3棟2樓", "NT$3,990元"),
)
_BESIDE = st.lists(
    st.sampled_from(
        (
            "欢迎来到",
            "我们在",
            "活动从",
            "开始到",
            "需要",
            "只卖",
            "门店地址是",
            "请您",
            "于",
            "预约时间为",
        )
    ),
    min_size=1,
    max_size=4,
).map("".join)


@given(
    left=_BESIDE, figure=st.sampled_from(FIGURES), right=_BESIDE, width=st.sampled_from((20, 32))
)
def test_no_line_and_no_page_breaks_inside_a_figure(
    left: str, figure: str, right: str, width: int
) -> None:
    text = left + figure + right
    for parts in (wrap(text, "zh", width), pages(text, "zh", width)):
        assert any(figure in part for part in parts), parts
        assert "".join(parts).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize(
    "word",
    [
        *("说明书", "发动机", "抖音", "地铁", "成交额", "未成年人", "差不多", "年货", "股价"),
        *("直播间", "充电宝", "试衣间", "粉丝", "扫地机器人", "购物车", "小程序", "优惠券"),
    ],
)
def test_no_line_breaks_inside_a_word_beside_a_number(word: str) -> None:
    for num_before in range(1, 14):
        text = (
            "新款的灯每天都会在夜里陪着你"[:num_before] + f"，60%{word}，欢迎大家一起来看看这盏灯。"
        )
        assert any(word in line for line in wrap(text, "zh")), wrap(text, "zh")


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        ("它会自己变暖，跟着您的手照亮整个书桌。", ("照亮",)),
        ("这款面霜质地轻盈，坚持两周皮肤明显变得细腻。", ("面霜", "皮肤", "明显")),
        ("重度使用一整天毫无压力，全国大部分地区次日达。", ("一整天", "毫无", "次日达")),
        ("关注公众号回复关键词就能领取免费试用装。", ("公众号", "关键词", "试用装")),
        ("每天晚上八点准时开播，点击下方小黄车抢购。", ("每天", "准时", "小黄车")),
        ("换上这盏护眼灯，光线均匀柔和不频闪。", ("护眼灯", "均匀", "柔和")),
        ("換上這盞護眼燈，光線均勻柔和不頻閃。", ("護眼燈", "均勻", "柔和")),
    ],
)
def test_no_line_breaks_inside_a_word_of_a_product_script(
    sentence: str, words: tuple[str, ...]
) -> None:
    for num_before in range(1, 17):
        text = "我们的新品陪伴你度过每一个夜晚真好"[:num_before] + "，" + sentence
        for word in words:
            assert any(word in line for line in wrap(text, "zh")), wrap(text, "zh")


@pytest.mark.parametrize("kept", ["$1,299.00", "8:30 p.m.", "+1 (555) 010-2030", "20 km", "Dr. Ng"])
def test_no_english_line_breaks_inside_what_is_read_as_one(kept: str) -> None:
    for num_before in range(1, 12):
        text = " ".join(("so it is " * 4).split()[:num_before]) + f" {kept} and then we all go home"
        assert any(kept in line for line in wrap(text, "en")), wrap(text, "en")


def test_what_is_read_as_one_and_wider_than_a_line_is_cut_and_not_lost() -> None:
    address = "https://fernlight.example/" + "lamps/" * 20
    lines = wrap(f"请访问{address}谢谢", "zh")
    assert "".join(lines) == f"请访问{address}谢谢"
    assert all(columns(line) <= LINE_COLUMNS["zh"] for line in lines)


def test_a_word_wider_than_a_line_is_cut_and_not_lost() -> None:
    word = "x" * 100
    lines = wrap(word, "en")
    assert "".join(lines) == word
    assert all(len(line) <= 42 for line in lines)


@pytest.mark.parametrize("language", ["en", "zh"])
@given(text=TEXTS)
def test_wrapping_keeps_every_sign_and_the_width(language: Language, text: str) -> None:
    lines = wrap(text, language)
    assert "".join("".join(lines).split()) == "".join(text.split())
    # a sign that may not begin a line can follow one that already fills it
    assert all(columns(line.rstrip(",.!?，。”“ ")) <= LINE_COLUMNS[language] for line in lines)


@given(text=TEXTS)
def test_pages_keep_every_sign_and_have_at_most_two_lines(text: str) -> None:
    parts = pages(text, "en")
    assert "".join("".join(parts).split()) == "".join(text.split())
    assert all(1 <= len(wrap(part, "en")) <= 2 for part in parts)


def test_a_long_cue_is_split_after_punctuation_and_shown_in_turn() -> None:
    first = "This is the first long part of a very long caption text, "
    second = "and this is the second part of it which goes on and on."
    shown = captions(_speech([(first + second, 1.0, 9.0)]), end_frame=1000, fps=25)
    assert [" ".join(c.lines) for c in shown] == [first.strip(), second]
    assert shown[0].start_ms == 1000
    assert shown[0].end_ms <= shown[1].start_ms
    assert shown[1].end_ms == 9200


def test_a_split_falls_where_its_phones_are() -> None:
    text = "word " * 30
    # all phones lie in the first two of eight seconds
    phones = tuple(
        TimedPhoneme(symbol="a", start=16_000 + 320 * i, end=16_320 + 320 * i) for i in range(100)
    )
    shown = captions(_speech([(text, 1.0, 9.0)], phonemes=phones), end_frame=1000, fps=25)
    assert len(shown) == 2
    assert 1900 < shown[1].start_ms < 2100


def test_captions_do_not_overlap_and_end_with_the_video() -> None:
    speech = _speech([("One.", 0.2, 0.5), ("Two.", 0.6, 1.0), ("Three.", 3.0, 5.0)])
    shown = captions(speech, end_frame=100, fps=25)
    assert [(c.start_ms, c.end_ms) for c in shown] == [(200, 600), (600, 1400), (3000, 4000)]
    assert len(captions(speech, end_frame=50, fps=25)) == 2


def test_right_to_left_text_carries_marks_and_left_to_right_text_none() -> None:
    (hebrew,) = captions(_speech([("שלום, world!", 0.0, 1.0)]), end_frame=100, fps=25)
    assert hebrew.lines == ("\u200fשלום, world!\u200f",)
    (latin,) = captions(_speech([("Hello שלום!", 0.0, 1.0)]), end_frame=100, fps=25)
    assert latin.lines == ("Hello שלום!",)


def test_srt_and_vtt_are_written_to_the_letter() -> None:
    shown = (
        Caption(lines=("A & B <i>", "--> 😀"), start_ms=1, end_ms=2000),
        Caption(lines=("Last",), start_ms=3_600_000, end_ms=3_661_042),
    )
    assert to_srt(shown) == (
        "1\n00:00:00,001 --> 00:00:02,000\nA & B <i>\n-> 😀\n\n"
        "2\n01:00:00,000 --> 01:01:01,042\nLast\n\n"
    )
    assert to_vtt(shown) == (
        "WEBVTT\n\n00:00:00.001 --> 00:00:02.000\nA &amp; B &lt;i&gt;\n--&gt; 😀\n\n"
        "01:00:00.000 --> 01:01:01.042\nLast\n\n"
    )


def test_an_emoji_of_several_characters_is_never_parted() -> None:
    family = "👨‍👩‍👧‍👦"
    lines = wrap((family + " ") * 30, "en")
    assert all(set(line.split()) == {family} for line in lines)


@pytest.mark.parametrize(
    ("text", "language", "limit", "lines"),
    [
        (
            "https://www.fernlight.com/shop/lamps?id=12&ref=caption",
            "en",
            42,
            ["https://www.fernlight.com/shop/", "lamps?id=12&ref=caption"],
        ),
        ("mara.lee@fernlight.co.uk", "en", 20, ["mara.lee@", "fernlight.co.uk"]),
        ("C:\\Users\\Mara\\lamp-manual.pdf", "en", 24, ["C:\\Users\\Mara\\lamp-", "manual.pdf"]),
        ("邮箱service@fernlight.com。", "zh", 20, ["邮箱service@", "fernlight.com。"]),
    ],
)
def test_an_address_that_no_line_holds_is_parted_where_its_parts_end(
    text: str, language: Language, limit: int, lines: list[str]
) -> None:
    assert wrap(text, language, limit) == lines
    assert all(columns(line) <= limit for line in wrap(text, language, limit))


@pytest.mark.parametrize("limit", [12, 16, 20, 32, 42])
@pytest.mark.parametrize(
    "text",
    [
        "Visit https://www.fernlight.com/shop/lamps?id=12&ref=caption or mara.lee@fernlight.co.uk.",
        "Supercalifragilisticexpialidocious-antidisestablishmentarianism ends.",
        "a......b://////c-------d________e",
    ],
)
def test_no_line_is_wider_than_it_may_be_and_no_sign_of_an_address_is_lost(
    text: str, limit: int
) -> None:
    lines = [line for page in pages(text, "en", limit) for line in wrap(page, "en", limit)]
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert max(map(columns, lines)) <= limit


def test_what_is_read_as_one_stays_in_one_line() -> None:
    shown = wrap("兼容USB Type-C 3.2 Gen 2接口，传输速度高达20Gbps。", "zh")
    assert any("Gen 2" in line for line in shown)
    assert any(
        "ext. 89" in line for line in wrap("Call our office in town at ext. 89 now", "en", 27)
    )
    assert any("220 W. 42nd" in line for line in wrap("The lamp shop is at 220 W. 42nd", "en", 24))
