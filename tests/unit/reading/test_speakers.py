"""Labels of speakers are left out and told; what only looks like one stays."""

import pytest

from tasks.reading.languages import language_of
from tasks.reading.script_text import script_text

_NOTICE = "labels of speakers were left out: "


@pytest.mark.parametrize(
    ("script", "kept", "labels"),
    [
        ("HOST: Welcome! GUEST 1: Thank you.", "Welcome! Thank you.", "HOST: GUEST 1:"),
        ("Host: welcome to the show.", "welcome to the show.", "Host:"),
        ("VO: Meet the lamp.", "Meet the lamp.", "VO:"),
        ("**HOST:** Welcome, all of you.", "Welcome, all of you.", "HOST:"),
        ("Narrator (V.O.): It was late.\nANN: Hi!", "It was late.\nHi!", "Narrator (V.O.): ANN:"),
        ("Ann: Hi!\nBen: Hello.\nAnn: Bye.", "Hi!\nHello.\nBye.", "Ann: Ben:"),
        ("Speaker 1: Hello.\nSpeaker 2: Hi.", "Hello.\nHi.", "Speaker 1: Speaker 2:"),
        ("主持人：大家好，欢迎光临。", "大家好，欢迎光临。", "主持人："),
        ("主持人：欢迎。", "欢迎。", "主持人："),
        ("主持人：你好", "你好", "主持人："),
        ("主持人A：大家好。", "大家好。", "主持人A："),
        ("【主持人】大家好，欢迎光临。", "大家好，欢迎光临。", "【主持人】"),
        ("【旁白】：夜深了。", "夜深了。", "【旁白】："),
        ("旁白：夜深了。\n小王：你好！", "夜深了。\n你好！", "旁白： 小王："),
        ("主持人：有请嘉宾。嘉宾：谢谢。", "有请嘉宾。谢谢。", "主持人： 嘉宾："),
        ("女声（欢快）：新品上市。", "新品上市。", "女声（欢快）："),
        ("小王：你好。\n小李：你好啊。\n小王：再见。", "你好。\n你好啊。\n再见。", "小王： 小李："),
        ("甲：多少钱？\n乙：三十元。", "多少钱？\n三十元。", "甲： 乙："),
    ],
)
def test_labels_of_speakers_are_left_out_and_told(script: str, kept: str, labels: str) -> None:
    read = script_text(script, language_of(script))

    assert read.text == kept
    assert read.notices[-1] == _NOTICE + labels


@pytest.mark.parametrize(
    "script",
    [
        *("Host: Ann Lee", "Price: $10\nColor: red\nSize: M", "Note: open at 9:00.", "Ratio 3:1"),
        *("SALE: everything must go!", "Guest: 12 people", "Q: Why?\nA: Because.", "http://a.io"),
        *(
            "主持人：李明",
            "主持人：李明。",
            "主播：小美",
            "嘉宾：Ann",
            "【主持人】王芳",
            "【新品】大家好，欢迎光临。",
            "价格：39元\n颜色：红色\n价格：优惠中",
            "客服：400-820-8820",
        ),
        *("时间：9：00", "注意：小心地滑。", "男：39元", "地点：北京\n时间：周五"),
    ],
)
def test_what_only_looks_like_a_label_stays(script: str) -> None:
    read = script_text(script, language_of(script))

    assert (read.text, read.notices) == (script, ())
