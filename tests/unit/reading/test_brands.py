"""The pronunciations that come with Nightshoot."""

import pytest

from model.speech.english import read_english
from model.speech.hanzi.pinyin import phonemes_of
from model.speech.hibari import vocabulary
from tasks.reading.lexicon import lexicon_tokens
from tasks.reading.pronunciation.brands import built_in_lexicon


def sounds_of(text: str, language: str) -> list[str | None]:
    tokens = lexicon_tokens(text, "zh" if language == "zh" else "en", built_in_lexicon())
    return [token.sounds for token in tokens]


def test_every_entry_sounds_with_the_voices_own_symbols() -> None:
    entries = built_in_lexicon().entries
    assert len({entry.word for entry in entries}) >= 400
    for entry in entries:
        assert entry.sounds, entry
        if entry.sounds.startswith("/"):
            assert set(entry.sounds[1:-1]) <= set(vocabulary()), entry
            assert "ˈ" in entry.sounds, entry
        else:
            assert entry.language == "zh", entry
            assert all(map(phonemes_of, entry.sounds.split())), entry


def test_no_word_has_two_entries_for_a_language() -> None:
    entries = built_in_lexicon().entries
    words = [(entry.word, language) for entry in entries for language in languages(entry.language)]
    assert len(set(words)) == len(words)


def languages(language: str | None) -> tuple[str, ...]:
    return (language,) if language else ("en", "zh")


def test_no_english_entry_says_what_the_voice_says_anyway_in_every_case() -> None:
    idle = [
        entry.word
        for entry in built_in_lexicon().entries
        if entry.language != "zh" and entry.word == entry.word.lower()
        if all(
            f" {(entry.sounds or '').strip('/')} " in read_english(f"Our {word} line.").symbols
            for word in (entry.word, entry.word.title(), entry.word.upper())
        )
    ]
    assert idle == []


@pytest.mark.parametrize(
    ("text", "sounds"),
    [
        ("Huawei", "/hwˈɑwA/"),
        ("XIAOMI", "/ʃˈWmi/"),
        ("Hermès", "/ɛɹmˈɛz/"),
        ("L’Oréal", "/lˌɔɹiˈæl/"),
        ("Estée Lauder", "/ˈɛstA lˈɔdəɹ/"),
        ("Hyundai's", "/hˈʌndAz/"),
        ("Porsche", "/pˈɔɹʃə/"),
        ("IKEA", "/Ikˈiə/"),
        ("TAG Heuer", "/tæɡ hˈYəɹ/"),
        ("Moët & Chandon", "/mOˈɛt ən ʃɑndˈɔn/"),
        ("Louis Vuitton", "/lˈui vɪtˈɑn/"),
        ("SEPHORA", "/səfˈɔɹə/"),
    ],
)
def test_an_english_script_says_a_brand_as_its_owners_do(text: str, sounds: str) -> None:
    assert sounds_of(text, "en") == [sounds]


@pytest.mark.parametrize(
    ("text", "sounds"),
    [
        ("这款HUAWEI手机", "hua2 wei2"),
        ("华为手机", "hua2 wei2"),
        ("三只松鼠", "san1 zhi1 song1 shu3"),
        ("小米Xiaomi官方", "xiao3 mi3"),
        ("NIKE跑鞋", "/nˈIki/"),
        ("OPPO新品", "/ˈOpO/"),
        ("在Taobao下单", "tao2 bao3"),
        ("IKEA宜家", "/Ikˈiə/"),
        ("Midea空调", "mei3 di4"),
    ],
)
def test_a_mandarin_script_says_a_brand_as_it_is_called_in_china(text: str, sounds: str) -> None:
    assert sounds_of(text, "zh") == [sounds]


@pytest.mark.parametrize(
    "text",
    [
        "Nestle into the sofa and polish the bally lamp.",
        "The honor is mine, dear bosses: the canon beats the citizen in its seat.",
        "A coach told us to zoom in on the polar converse of the continental omega.",
        "Hermes, the god; a fiat currency; a dove; the nest; a gallant columbia.",
    ],
)
def test_everyday_words_are_left_alone(text: str) -> None:
    assert sounds_of(text, "en") == []
