"""What the column ``say`` of a lexicon means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.speech.english import read_english
from model.speech.hanzi.pinyin import phonemes_of
from model.speech.hibari import vocabulary
from tasks.reading.pronunciation.notation import PHONEMES, SayError, read_say
from tasks.reading.pronunciation.syllables import SYLLABLES


@pytest.mark.parametrize(
    ("say", "sounds"),
    [
        # as the voices' own reader writes them
        ("/nˈIki/", "/nˈIki/"),
        ("/ɹˈAʧəl/", "/ɹˈAʧəl/"),
        # as dictionaries write them
        ("/ˈnaɪki/", "/nˈIki/"),
        ("/naɪki/", "/nˈIki/"),
        ("/ˈpɔːrʃə/", "/pˈɔɹʃə/"),
        ("/ˈhwɑːweɪ/", "/hwˈɑwA/"),
        ("/tʃɪps/", "/ʧˈɪps/"),
        ("/t͡ʃɪps/", "/ʧˈɪps/"),
        ("/dʒɔɪ/", "/ʤˈY/"),
        ("/haʊs/", "/hˈWs/"),
        ("/goʊld/", "/ɡˈOld/"),
        ("/gəʊld/", "/ɡˈOld/"),
        ("/bɝd ˈwɔtɚ/", "/bɜɹd wˈɔtəɹ/"),
        ("/ˈbɒt.l̩/", "/bˈɑtᵊl/"),
        ("/ˈstrɛŋkθ/", "/stɹˈɛŋkθ/"),
        ("/ˌækəˈdɛmɪk/", "/ˌækədˈɛmɪk/"),
        ("/'bet/", "/bˈɛt/"),
        ("/ʃ/", "/ʃ/"),
        ("/ ˈnaɪki /", "/nˈIki/"),
    ],
)
def test_an_ipa_becomes_phonemes_of_the_voices(say: str, sounds: str) -> None:
    said = read_say(say)
    assert (said.spoken, said.sounds, said.is_mandarin) == ("", sounds, False)


@pytest.mark.parametrize(
    "word", ["strawberry", "chocolate", "joyful", "around", "thirteen", "house"]
)
def test_what_the_voices_read_themselves_stays_as_it_is(word: str) -> None:
    phonemes = read_english(word).symbols
    assert read_say(f"/{phonemes}/").sounds == f"/{phonemes}/"


def test_every_phoneme_has_a_sound_in_every_voice() -> None:
    assert set(PHONEMES) <= set(vocabulary())


@pytest.mark.parametrize(
    ("say", "sounds"),
    [
        ("hua2 wei2", "hua2 wei2"),
        ("hua2wei2", "hua2 wei2"),
        ("Huá wéi", "hua2 wei2"),
        ("huáwéi", "hua2 wei2"),
        ("xiǎo mǐ", "xiao3 mi3"),
        ("xiān", "xian1"),
        ("xī'ān", "xi1 an1"),
        ("lü4 lv4 lu:4", "lü4 lü4 lü4"),
        ("nǚ ér", "nü3 er2"),
        ("mā ma", "ma1 ma5"),
        ("ma1 ma5", "ma1 ma5"),
        ("yi4 dian3r", "yi4 dian3r"),
    ],
)
def test_a_pinyin_has_tone_numbers_or_tone_marks(say: str, sounds: str) -> None:
    said = read_say(say)
    assert (said.spoken, said.sounds, said.is_mandarin) == ("", sounds, True)


def test_every_syllable_of_mandarin_has_a_sound() -> None:
    for syllable in SYLLABLES:
        assert set(phonemes_of(f"{syllable}1")) <= set(vocabulary())


@pytest.mark.parametrize(
    ("say", "is_mandarin"),
    [
        ("ny key", False),
        ("B Y D", False),
        ("café", False),
        ("rosé", False),
        ("de l'eau", False),
        ("la la land", False),
        ("耐克", True),
        ("耐克 Air", True),
    ],
)
def test_anything_else_is_plain_words(say: str, is_mandarin: bool) -> None:
    said = read_say(say)
    assert (said.spoken, said.sounds, said.is_mandarin) == (say, None, is_mandarin)


def test_an_english_entry_has_accents_and_no_tones() -> None:
    assert read_say("lé", may_be_pinyin=False).spoken == "lé"
    assert read_say("lé").sounds == "le2"


@pytest.mark.parametrize(
    ("say", "told"),
    [
        ("", "has nothing to say; write how the word is said, such as /ˈnaɪki/"),
        ("'-'", "has nothing to say; write how the word is said, such as /ˈnaɪki/"),
        ("/naɪki", "has one slash; write an IPA between two slashes, like /ˈnaɪki/"),
        ("/", "has one slash; write an IPA between two slashes, like /ˈnaɪki/"),
        ("//", "has no sounds; write an IPA between the slashes, like /ˈnaɪki/"),
        ("/ˈ/", "has no sounds; write an IPA between the slashes, like /ˈnaɪki/"),
        ("/a/ or /b/", "has a slash inside; give one pronunciation"),
        (
            "/ʁosa/",
            'has "ʁ" and "a", for which the voices have no sound; '
            'write ɹ for "ʁ", æ as in trap or ɑ as in father for "a"',
        ),
        ("/bɔ̃/", 'has "◌̃", for which the voices have no sound; write n or ŋ for "◌̃"'),
        ("/n7ki/", 'has "7", for which the voices have no sound; use only '),
        ("hua6", 'has the tone 6 in "hua6"; write 1 to 4, or 5 for the neutral tone'),
        ("xq3", 'has "xq3", which is no syllable of Mandarin; correct it'),
        ("7 eleven", "has digits; write numbers in words"),
        ("4", "has digits; write numbers in words"),
        ("a+b", 'has "+", which is no letter; write plain words, an IPA or a pinyin'),
        ("Ltd.", 'has ".", which is no letter; write plain words, an IPA or a pinyin'),
        ("Привет", 'has "П", a letter that no voice reads; write Latin letters'),
        ("耐克！", 'has "！", which is no letter; write plain words, an IPA or a pinyin'),
    ],
)
def test_what_nothing_can_say_is_told_with_the_way_out(say: str, told: str) -> None:
    with pytest.raises(SayError) as caught:
        read_say(say)
    assert f"{caught.value.rule}; {caught.value.way_out}".startswith(told)


@given(st.text(max_size=20), st.booleans())
def test_any_text_is_a_pronunciation_or_a_fault(say: str, may_be_pinyin: bool) -> None:
    try:
        said = read_say(say, may_be_pinyin=may_be_pinyin)
    except SayError:
        return
    assert bool(said.sounds) or not any(sign.isdigit() for sign in said.spoken)
    if said.sounds and said.sounds.startswith("/"):
        assert set(said.sounds[1:-1]) <= PHONEMES
