"""Mandarin readings: expected values are written pinyin and characters, not program output."""

import json
from importlib.resources import files

import pytest

from model.speech.hanzi.pinyin import (
    FINALS,
    INITIALS,
    SYLLABICS,
    TONE_MARKS,
    WORDS,
    phonemes_of,
    split_syllable,
    words_of,
)
from model.speech.mandarin import read_mandarin


def _pinyin(hanzi: str) -> str:
    return " ".join(syllable for _, word in words_of(hanzi) for syllable in word)


def _vocabulary() -> set[str]:
    return set(json.loads((files("hibari") / "assets" / "vocab.json").read_text("utf-8")))


@pytest.mark.parametrize(
    ("hanzi", "pinyin"),
    [
        ("你好", "ni2 hao3"),
        ("水果", "shui2 guo3"),
        ("展览馆", "zhan2 lan2 guan3"),
        ("我很好", "wo2 hen2 hao3"),
        ("很美丽", "hen2 mei3 li4"),
        ("小老虎", "xiao3 lao2 hu3"),
        ("不是", "bu2 shi4"),
        ("不好", "bu4 hao3"),
        ("好不好", "hao3 bu5 hao3"),
        ("差不多", "cha4 bu5 duo1"),
        ("一个", "yi2 ge4"),
        ("一天", "yi4 tian1"),
        ("一起", "yi4 qi3"),
        ("一定", "yi2 ding4"),
        ("第一次", "di4 yi1 ci4"),
        ("看一看", "kan4 yi5 kan4"),
        ("一百一十一", "yi4 bai3 yi1 shi2 yi1"),
        ("十一个", "shi2 yi1 ge4"),
        ("星期一", "xing1 qi1 yi1"),
        ("花儿", "hua1r"),
        ("一点儿", "yi4 dian3r"),
        ("一会儿", "yi2 hui4r"),
        ("女儿", "nü3 er2"),
        ("儿童", "er2 tong2"),
        ("银行行长", "yin2 hang2 hang2 zhang3"),
        ("长大", "zhang3 da4"),
        ("音乐", "yin1 yue4"),
        ("快乐", "kuai4 le4"),
        ("重庆", "chong2 qing4"),
        ("还钱", "huan2 qian2"),
        ("觉得", "jue2 de5"),
        ("跑得快", "pao3 de5 kuai4"),
        ("慢慢地走", "man4 man4 de5 zou3"),
        ("朋友", "peng2 you5"),
        ("筷子", "kuai4 zi5"),
        ("孩子们", "hai2 zi5 men5"),
        ("女子", "nü2 zi3"),
        ("我们的", "wo3 men5 de5"),
        ("绿色旅行", "lü4 se4 lü3 xing2"),
        ("二十五", "er4 shi2 wu3"),
    ],
)
def test_characters_have_the_tones_of_connected_speech(hanzi: str, pinyin: str) -> None:
    assert _pinyin(hanzi) == pinyin


@pytest.mark.parametrize(
    ("syllable", "phonemes"),
    [
        ("ni3", "ni↓"),
        ("hao3", "xau↓"),
        ("zhong1", "ꭧʊ→ŋ"),
        ("guo2", "kwo↗"),
        ("shi4", "ʂɨ↘"),
        ("si4", "sɨ↘"),
        ("chi1", "ꭧʰɨ→"),
        ("xue2", "ɕɥe↗"),
        ("juan4", "ʨɥɛ↘n"),
        ("yuan2", "ɥɛ↗n"),
        ("yun2", "y↗n"),
        ("nü3", "ny↓"),
        ("lüe4", "lɥe↘"),
        ("er2", "ɚ↗"),
        ("wo3", "wo↓"),
        ("bo1", "pwo→"),
        ("wen4", "wə↘n"),
        ("gui4", "kwei↘"),
        ("niu2", "njou↗"),
        ("yong3", "jʊ↓ŋ"),
        ("ma5", "ma"),
        ("hua1r", "xwa→ɚ"),
        ("dian3r", "tja↓ɚ"),
    ],
)
def test_a_syllable_has_its_phonemes(syllable: str, phonemes: str) -> None:
    assert phonemes_of(syllable) == phonemes


def test_every_symbol_of_the_tables_is_known_to_the_model() -> None:
    symbols = "".join(
        [*INITIALS.values(), *SYLLABICS.values(), *TONE_MARKS.values()]
        + [part for parts in FINALS.values() for part in parts]
    )
    assert set(symbols) <= _vocabulary()


def test_every_listed_word_has_as_many_syllables_as_characters_and_known_ones() -> None:
    for word, reading in WORDS.items():
        syllables = reading.split()
        num_erhua = sum(syllable.endswith("r") for syllable in syllables)
        assert len(syllables) + num_erhua == len(word), word
        assert all(phonemes_of(syllable) for syllable in syllables)


def test_every_common_character_has_phonemes_the_model_knows() -> None:
    # the 3,755 characters of GB 2312's first level, by use
    rows = (bytes([high, low]) for high in range(0xB0, 0xD8) for low in range(0xA1, 0xFF))
    characters = [text for row in rows if (text := row.decode("gb2312", "ignore"))]
    known = _vocabulary()
    for character in characters:
        reading = read_mandarin(character)
        assert reading.symbols, character
        assert not reading.unspoken, character
        assert set(reading.symbols) <= known, character
    assert len(characters) == 3755


def test_acronyms_inside_chinese_are_spelled_and_words_are_read() -> None:
    assert read_mandarin("VIP").symbols == "vˈi ˈI pˈi"
    assert read_mandarin("APP").symbols == "ˈA pˈi pˈi"
    assert "həlˈO" in read_mandarin("请说hello吧").symbols


def test_english_sentences_in_a_mandarin_voice_are_read_as_english() -> None:
    assert read_mandarin("Only 20 dollars today.").symbols == ("ˈOnli twˈɛnti dˈɑləɹz tədˈA.")
    assert read_mandarin("café很好").unspoken == ()


def test_punctuation_becomes_pauses() -> None:
    assert read_mandarin("好，好。好！").symbols == "xau↓, xau↓. xau↓!"


def test_a_sign_without_a_reading_is_reported_not_lost() -> None:
    reading = read_mandarin("好😀好")
    assert reading.unspoken == ("😀",)
    assert reading.symbols == "xau↓ xau↓"


@pytest.mark.parametrize("body", ["", "xyz", "bq", "hr"])
def test_what_is_no_syllable_is_refused(body: str) -> None:
    with pytest.raises(ValueError, match="is not a pinyin syllable"):
        split_syllable(body)


def test_a_syllable_without_a_tone_is_refused() -> None:
    with pytest.raises(ValueError, match="has no tone"):
        phonemes_of("hao")
