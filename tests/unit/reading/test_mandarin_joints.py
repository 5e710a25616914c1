"""Figures that no Mandarin rule reads whole carry a doubt, and ordinary ones carry none."""

from pathlib import Path

import pytest

from tasks.reading.mandarin.reader import mandarin_tokens

_HERE = Path(__file__).parent
_MOST_MARKED = 0.02  # of lines whose reading is known to be right


def _doubts(text: str) -> list[str]:
    return [token.doubt for token in mandarin_tokens(text) if token.doubt]


@pytest.mark.parametrize(
    ("written", "doubt"),
    [
        (
            "镜片37.5/862，",
            '37.5/862 is read "三十七点五、八百六十二": '
            "the slash is only a pause; write 每, 比, 除以 or 或 where it is one",
        ),
        (
            "托盘(含税)/6000",
            ')/6000 is read ")、六千": '
            "the slash is only a pause; write 每, 比, 除以 or 或 where it is one",
        ),
        (
            "料号98765-B。",
            '98765-B is read "九万八千七百六十五 B": '
            "the hyphen is only a pause; write 到, 杠, 减 or 比 where it is one",
        ),
        ("批号L#33。", 'L#33 is read "L三十三": # is left out; write it in words'),
        ("输入A|B。", 'A|B is read "A B": | is left out; write it in words'),
        (
            "控温42%-12%",
            '42%-12% is read "百分之四十二到百分之十二": '
            "a range that runs down; write 减 or 比 where it is none",
        ),
        (
            "步频182spm",
            '182spm is read "一百八十二spm": '
            "the letters behind the number are spelled; write the unit in words",
        ),
        (
            '底1:12"的',
            '1:12" is read "一点十二分"": '
            '" is not read; write 英寸, 英尺, 秒 or 分 where it is one',
        ),
    ],
)
def test_a_figure_in_pieces_has_a_doubt_with_its_reading_and_a_way_out(
    written: str, doubt: str
) -> None:
    assert doubt in _doubts(written)


@pytest.mark.parametrize(
    "written",
    [
        "380V/50Hz，2.5K/240Hz，N150/8G",
        "RAID0/1/5/6/10",
        "5寸/黑色，男/女，iOS/Android",
        "电机Y2-132M-4",
        "1080p，4k，10bit，5g",
        "气温-5~-3℃，80cm-1m",
        "2019-21年",
        "70%/35%",
        "5-star酒店，24-hour前台",
        "iPhone 16e",
        "#双十一#话题，*号，C#和F#",
        "SPF10/PA++",
        '他说："第12"。',
    ],
)
def test_figures_whose_pieces_belong_together_have_none(written: str) -> None:
    assert _doubts(written) == []


def test_lines_that_are_read_right_are_hardly_ever_marked() -> None:
    lines = [
        line.split("\t")[0]
        for name in ("mandarin_trials.tsv", "mandarin_sentences.tsv", "mandarin_siblings.tsv")
        for line in (_HERE / name).read_text(encoding="utf-8").splitlines()
    ]
    marked = [line for line in lines if any(' is read "' in doubt for doubt in _doubts(line))]
    assert len(marked) < _MOST_MARKED * len(lines), marked
