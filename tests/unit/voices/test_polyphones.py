"""Characters of several readings, acronyms and traditional characters; expected by hand."""

import re
from importlib.resources import files
from pathlib import Path

import pytest

from model.speech.hanzi.phrases import PHRASES
from model.speech.hanzi.pinyin import phonemes_of, words_of
from model.speech.hanzi.traditional import certain_readings, is_traditional, simplified
from model.speech.mandarin import is_spelled, read_mandarin

_TABLE = (Path(__file__).parent / "polyphones.tsv").read_text("utf-8").splitlines()


def _syllables(hanzi: str) -> list[str]:
    return [syllable for _, word in words_of(hanzi) for syllable in word]


def _is_read(heard: str, reading: str) -> bool:
    """Whether a syllable is the reading, or the rising tone that a third tone takes."""
    return heard == reading or (reading[-1] == "3" and heard == reading[:-1] + "2")


def test_characters_of_several_readings_have_the_one_of_their_word() -> None:
    wrong: list[str] = []
    for line in _TABLE:
        hanzi, readings = line.split("\t")
        syllables = _syllables(hanzi)
        for sign, body, tone in re.findall(r"(\S)([a-zü]+)(\d)", readings):
            heard = syllables[hanzi.index(sign)]
            if not _is_read(heard, body.replace("v", "ü") + tone):
                wrong.append(f"{hanzi}: {sign} is read {heard}, not {body}{tone}")
    assert wrong == []
    assert len(_TABLE) > 800


@pytest.mark.parametrize(
    ("hanzi", "pinyin"),
    [
        ("大家专注地听着", "da4 jia1 zhuan1 zhu4 de5 ting1 zhe5"),
        ("衣着简朴的讲述者", "yi1 zhuo2 jian2 pu3 de5 jiang3 shu4 zhe3"),
        ("这路长得离谱", "zhe4 lu4 chang2 de5 li2 pu3"),
        ("重重的箱子", "zhong4 zhong4 de5 xiang1 zi5"),
        ("银行行长在重庆听音乐", "yin2 hang2 hang2 zhang3 zai4 chong2 qing4 ting1 yin1 yue4"),
        ("你得多喝水", "ni2 dei3 duo1 he1 shui3"),
        ("这双鞋便宜得很", "zhe4 shuang1 xie2 pian2 yi5 de5 hen3"),
    ],
)
def test_whole_sentences_have_their_readings(hanzi: str, pinyin: str) -> None:
    assert " ".join(_syllables(hanzi)) == pinyin


def test_every_listed_phrase_holds_its_character_and_a_syllable_that_exists() -> None:
    for reading, phrases in PHRASES.items():
        sign, syllable = reading.split()
        assert phonemes_of(syllable)
        assert all(sign in phrase for phrase in phrases.split()), reading


@pytest.mark.parametrize(
    ("written", "as_if"),
    [
        ("銀行行長在重慶聽音樂", "银行行长在重庆听音乐"),
        ("長江邊，長大", "长江边，长大"),
        ("乾淨，著急，沿著", "干净，着急，沿着"),
        ("頭髮，發現", "头发，发现"),
        ("裡面，後來", "里面，后来"),
        ("睡覺，覺得", "睡觉，觉得"),
        ("著名的乾隆", "著名的乾隆"),
        ("兩個禮拜", "两个礼拜"),
        ("還款還是還錢", "还款还是还钱"),
        ("幹部乾杯", "干部干杯"),
    ],
)
def test_traditional_characters_sound_as_the_simplified_word_does(written: str, as_if: str) -> None:
    assert simplified(written) == as_if
    assert read_mandarin(written) == read_mandarin(as_if)


@pytest.mark.parametrize(
    ("written", "syllables"),
    [
        ("頭髮乾了", ["tou2", "fa5", "gan1", "le5"]),
        ("髮更好", ["fa4", "geng4", "hao3"]),
        ("這隻是", ["zhe4", "zhi1", "shi4"]),
        ("祇有", ["zhi2", "you3"]),
        ("乾隆", ["qian2", "long2"]),
    ],
)
def test_a_traditional_character_of_one_reading_keeps_it(
    written: str, syllables: list[str]
) -> None:
    words = words_of(simplified(written), certain_readings(written))

    assert [syllable for _, word in words for syllable in word] == syllables


def test_the_reading_of_a_traditional_character_is_what_a_voice_says() -> None:
    assert "ka→n" in read_mandarin("衣服乾了").symbols
    assert "ka→n" not in read_mandarin("衣服幹了").symbols


def test_simplified_text_needs_no_table_of_characters() -> None:
    assert not is_traditional("银行行长在重庆听音乐，价格便宜，长得漂亮。")


def test_no_entry_of_the_tables_changes_the_number_of_characters() -> None:
    for name in ("TSCharacters.txt", "TSPhrases.txt"):
        text = (files("opencc_purepy") / "dicts" / name).read_text("utf-8")
        entries = [line.split("\t") for line in text.splitlines() if "\t" in line]
        assert len(entries) > 400
        for left, right in entries:
            assert left.startswith("#") or len(right.split()[0]) == len(left), left


@pytest.mark.parametrize(
    "word",
    [
        "SALE",
        "NEW",
        "FREE",
        "PLUS",
        "MAX",
        "PRO",
        "FOUR",
        "HOT",
        "MINI",
        "ULTRA",
        "OPPO",
        "VIVO",
        "NASA",
        "GIFT",
        "sale",
        "hello",
        "Pro",
        "UP",
        "TA",
        "HOKA",
        "TOTO",
        "FUN",
        "JSON",
    ],
)
def test_words_in_capitals_are_read_as_words(word: str) -> None:
    assert not is_spelled(word)


@pytest.mark.parametrize(
    "word",
    [
        "VIP",
        "APP",
        "USB",
        "LED",
        "RTX",
        "SUV",
        "AI",
        "DIY",
        "CEO",
        "GPS",
        "IT",
        "ID",
        "CO",
        "HDMI",
        "A",
        "cn",
        "px",
        "GB",
        "PVC",
        "KTV",
        "SVIP",
        "ES",
        "AE",
        "FA",
        "MU",
        "MR",
        "ETA",
        "FOB",
        "LAX",
        "OPS",
        "SQL",
        "vip",
        "api",
        "ai",
        "usb",
    ],
)
def test_acronyms_and_what_has_no_vowel_are_read_by_letters(word: str) -> None:
    assert is_spelled(word)


def test_a_word_in_capitals_sounds_as_in_small_letters() -> None:
    assert read_mandarin("SALE全场").symbols.startswith("sˈAl ")
    assert read_mandarin("PRO MAX版").symbols.startswith("pɹˈO mˈæks ")
    assert read_mandarin("VIP会员").symbols.startswith("vˈi ˈI pˈi ")
