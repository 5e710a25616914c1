"""Mandarin scripts as a presenter reads them.

The spoken columns of the tables are what the reader made of the written ones: each was read by eye,
and the reader corrected until it was right. They keep that from changing unseen.
"""

from pathlib import Path

import pytest

from model.speech.mandarin import read_mandarin
from tasks.reading.mandarin.reader import mandarin_tokens
from tasks.reading.tokens import spoken_form
from tests.unit.reading.blocks import blocks, read_otherwise, with_unspoken

_HERE = Path(__file__).parent


def _table(name: str) -> list[list[str]]:
    lines = (_HERE / name).read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines]


_TOKENS = _table("mandarin_tokens.tsv")
_KINDS = sorted({kind for kind, _, _ in _TOKENS} - {"acronym", "abbreviation"})


def _spoken(written: str) -> str:
    return spoken_form(written, mandarin_tokens(written))


@pytest.mark.parametrize("kind", _KINDS)
def test_every_class_of_the_table_is_found_and_read(kind: str) -> None:
    rows = [(written, spoken) for each, written, spoken in _TOKENS if each == kind]
    wrong = {
        written: (_spoken(written), spoken)
        for written, spoken in rows
        if _spoken(written) != spoken
    }
    assert wrong == {}
    assert all(mandarin_tokens(written)[0].kind == kind for written, _ in rows)
    assert len(rows) >= 15


@pytest.mark.parametrize(
    "rows", blocks([*_table("mandarin_sentences.tsv"), *_table("mandarin_siblings.tsv")])
)
def test_sentences_of_product_videos_are_read_as_a_presenter_reads_them(
    rows: list[list[str]],
) -> None:
    sentences = [(written, spoken) for written, spoken in rows]
    assert read_otherwise(sentences, _spoken) == []
    spoken = [each for _, each in sentences]
    assert with_unspoken(spoken, lambda text: read_mandarin(text).unspoken) == {}


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("618大促开始了。", "六一八大促开始了。"),
        ("RTX 4090和GTX 1080。", "RTX 四零九零和GTX 一零八零。"),
        ("航班CA1234，车牌京A12345。", "航班CA一二三四，车牌京A一二三四五。"),
        ("房间1203。", "房间一二零三。"),
        ("2016届毕业生，2024Q3营收。", "二零一六届毕业生，二零二四 Q三营收。"),
        ("119和120是紧急电话。", "幺幺九和幺二零是紧急电话。"),
        ("热线400 820 8820。", "热线四零零 八二零 八八二零。"),
        (
            "电话(010) 8888-6666，021 6888 8888。",
            "电话零幺零 八八八八 六六六六，零二幺 六八八八 八八八八。",
        ),
        ("6.18和3.8女神节，11.11。", "六一八和三八女神节，双十一。"),
        ("1080P视频。", "一零八零P视频。"),
        ("售价HK$100。", "售价一百港元。"),
        ("售价NT$500，A$20，S$9。", "售价五百新台币，二十澳元，九新加坡元。"),
        ("粉丝10w+，3k人。", "粉丝十万加，三千人。"),
        ("₹300，₩5000。", "三百卢比，五千韩元。"),
        ("海拔-154米。", "海拔负一百五十四米。"),
        ("奥迪A4L，2.0T。", "奥迪A四L，二点零T。"),
        ("营业时间9:00-18:00。", "营业时间九点到十八点。"),
        (
            "早上9点-晚上9点，1月-3月，周一-周五。",
            "早上九点到晚上九点，一月到三月，周一到周五。",
        ),
        ("今天气温-3~8℃。", "今天气温零下三到八摄氏度。"),
        ("酷睿i7-13700K处理器。", "酷睿i七 一三七零零K处理器。"),
        ("5-3=2。", "五减三等于二。"),
        ("3-5天发货。", "三到五天发货。"),
        ("客服24/7在线。", "客服二十四小时全天在线。"),
        ("11/29开始。", "十一月二十九日开始。"),
        ("第一步，①打开盒子，②按开关。", "第一步，一、打开盒子，二、按开关。"),
        ("≥10，≤3，≈5。", "大于等于十，小于等于三，约等于五。"),
        (".5元。", "零点五元。"),
        ("约~30人。", "约三十人。"),
        (
            "内存16GB+512GB，100Mbps宽带，60Hz，1080P，IP68。",
            "内存十六GB加五百一十二GB，一百兆比特每秒宽带，六十赫兹，一零八零P，IP六八。",
        ),
        ("CO2排放，H2O，Vitamin C，维生素B12。", "CO二排放，H二O，Vitamin C，维生素B十二。"),
        ("网址https://fernlight.com/a?b=1。", "网址fernlight点com斜杠a问号b等于一。"),
        ("5km/h，3m/s，10元/kg。", "五公里每小时，三米每秒，十元每公斤。"),
        ("2個禮拜，2萬元。", "两個禮拜，两萬元。"),
        ("官网www.fernlight.com。", "官网三W点fernlight点com。"),
        ("邮箱hello@fernlight.com。", "邮箱hello at fernlight点com。"),
        ("型号No.1。", "型号第一。"),
    ],
)
def test_what_users_of_other_tools_reported_is_read_right(written: str, spoken: str) -> None:
    assert _spoken(written) == spoken
    assert read_mandarin(spoken).unspoken == ()


@pytest.mark.parametrize(
    ("written", "doubt"),
    [
        ("编码1234567890123", None),
        ("1234567890123", "1234567890123 is read digit by digit"),
        ("2,024", "2,024 is read as an amount; write 2024 if it is a year"),
        ("2,024元", None),
        ("3/4", "3/4 is read as a fraction; it may be a date, or 3 of 4"),
        ("3/4杯", None),
        ("1-2", "1-2 is read as a range; write 到, 比 or 减 where it is none"),
        ("1-2天", None),
        ("3-2-501", "3-2-501 is read number by number"),
        ("8888-6666", "8888-6666 is read as a telephone number"),
        ("电话8888-6666", None),
        ("再见2025", "2025 is read as a year"),
        ("2025年", None),
        ("6.18", "6.18 is read as the day of a sale"),
        ("6.18大促", None),
        ("12/31", "12/31 is read as a day of a month"),
        ("12/31截止", None),
        ("2026-11", "2026-11 is read as a month of a year"),
        ("26/11/29", "26/11/29 is read as a day of the year 2026"),
        ("11.1-11.1米", None),
        ("11/9-12/5", "11/9-12/5 is read as days of a year"),
        ("歼-20", "-20 is read without a minus"),
        (
            "12580",
            "12580 is read as an amount; write what it counts, or put its digits apart",
        ),
        ("12580人", None),
    ],
)
def test_what_could_be_meant_otherwise_has_a_doubt_and_what_could_not_has_none(
    written: str, doubt: str | None
) -> None:
    doubts = [token.doubt for token in mandarin_tokens(written) if token.doubt]
    assert doubts == ([doubt] if doubt else [])
