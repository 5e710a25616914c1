"""What a lexicon's ``say`` column means: a respelling, an IPA, or a pinyin. Pure.

An IPA between slashes becomes the phonemes that the voices know: misaki's alphabet, in which a
diphthong is one capital letter and a stress mark stands before its vowel.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

from model.speech.hanzi.pinyin import HAN
from tasks.reading.pronunciation.syllables import SYLLABLES

PHONEMES = frozenset("AIOWYTbdfhijklmnpstuvwzæðŋɑɔəɛɜɡɪɹʃʊʌʒʔʤʧˈˌθᵊᵻ ")
"""Of the voices when they speak English, British ones too."""

VOWELS = frozenset("AIOWYiuæɑɔəɛɜɪʊʌᵊᵻ")

_IPA = MappingProxyType(
    {
        # first what is written with several letters
        **{"eɪ": "A", "ei": "A", "aɪ": "I", "ai": "I", "aʊ": "W", "au": "W", "ɔɪ": "Y", "ɔi": "Y"},
        **{"oʊ": "O", "ou": "O", "əʊ": "O", "tʃ": "ʧ", "dʒ": "ʤ", "ɜr": "ɜɹ", "ɛə": "ɛɹ"},
        **{"e": "ɛ", "o": "O", "ɐ": "ə", "ɒ": "ɑ", "ɝ": "ɜɹ", "ɚ": "əɹ", "ɨ": "ᵻ", "ɾ": "T"},
        **{"r": "ɹ", "ɻ": "ɹ", "g": "ɡ", "ɫ": "l", "ʍ": "w", "Q": "O", "'": "ˈ", "’": "ˈ", "-": ""},
        **{"ː": "", ":": "", ".": "", "‿": "", "ʰ": "", ",": "ˌ", "\u0329": "", "\u032f": ""},
    }
)
_NEAREST = MappingProxyType(
    {
        **{"a": "æ as in trap or ɑ as in father", "y": "u or i", "ø": "ɜ", "œ": "ɜ", "ʁ": "ɹ"},
        **{"x": "k or h", "χ": "k or h", "ç": "ʃ or h", "ɕ": "ʃ", "ʑ": "ʒ", "ɲ": "nj", "ʎ": "lj"},
        **{"ɣ": "ɡ", "β": "b or v", "ɸ": "f", "c": "k", "q": "k", "R": "ɹ", "\u0303": "n or ŋ"},
        **{"ɯ": "u", "ʏ": "ʊ", "ɥ": "w", "ʂ": "ʃ", "ʐ": "ʒ", "ɤ": "ʌ", "ʋ": "v", "ɬ": "l"},
    }
)
_IPA_PATTERN = re.compile("|".join(sorted(map(re.escape, _IPA), key=len, reverse=True)))
_CONSONANTS = "".join(sorted(PHONEMES - VOWELS - set("ˈˌ ")))
_STRESS = re.compile(rf"([ˈˌ])([{_CONSONANTS}]+)")
_TONES = MappingProxyType({"\u0304": "1", "\u0301": "2", "\u030c": "3", "\u0300": "4"})
_JOINTS = r"\s'’-"
_NUMBERED = re.compile(r"[a-zA-ZüÜêÊ:]+[0-9]r?(?![a-z])|[a-zA-ZüÜêÊ:]+[0-9]")
_LATIN = re.compile(r"[A-Za-zÀ-ÖØ-öø-ɏ '’-]+")
_MANDARIN = re.compile(rf"(?:{HAN}|[A-Za-zÀ-ÖØ-öø-ɏ '’-])+")


class SayError(ValueError):
    """A pronunciation that nothing can say: the rule it breaks and the way out."""

    def __init__(self, rule: str, way_out: str) -> None:
        super().__init__(rule, way_out)
        self.rule, self.way_out = rule, way_out


@dataclass(frozen=True)
class Said:
    """How something is said.

    Attributes:
        spoken: words; empty where ``sounds`` are given.
        sounds: as in :class:`tasks.reading.tokens.Token`.
        is_mandarin: whether only a Mandarin voice can say it.
    """

    spoken: str
    sounds: str | None = None
    is_mandarin: bool = False


def read_say(say: str, *, may_be_pinyin: bool = True) -> Said:
    """What a cell of the column ``say`` means.

    Args:
        say: without spaces around it.
        may_be_pinyin: False for an English entry: ``dé jà`` is then a respelling.

    Raises:
        SayError: no voice can say it.
    """
    if not any(sign.isalnum() or sign == "/" for sign in say):
        raise SayError("has nothing to say", "write how the word is said, such as /ˈnaɪki/")
    if say.startswith("/") or say.endswith("/"):
        return Said("", f"/{phonemes_of_ipa(say)}/")
    has_digits = any(sign.isdigit() for sign in say)
    pinyin = None
    if may_be_pinyin:
        pinyin = _numbered_pinyin(say) if has_digits else _marked_pinyin(say)
    if pinyin:
        return Said("", pinyin, is_mandarin=True)
    if has_digits:
        raise SayError("has digits", "write numbers in words")
    return _respelling(say)


# --- IPA ----------------------------------------------------------------------------------------


def phonemes_of_ipa(say: str) -> str:
    """Phonemes for an IPA between slashes; without a stress mark its first vowel is stressed.

    Raises:
        SayError: a symbol that the voices have no sound for.
    """
    if len(say) < 2 or not (say.startswith("/") and say.endswith("/")):
        raise SayError("has one slash", "write an IPA between two slashes, like /ˈnaɪki/")
    written = say[1:-1].strip()
    if "/" in written:
        raise SayError("has a slash inside", "give one pronunciation")
    plain = unicodedata.normalize("NFD", re.sub(r"([lmn])\u0329", "ᵊ\\1", written))
    plain = re.sub("[\u0361\u035c]", "", plain).replace("c\u0327", "ç")
    phonemes = _IPA_PATTERN.sub(lambda match: _IPA[match[0]], plain)
    phonemes = " ".join(phonemes.split())
    unknown = [sign for sign in dict.fromkeys(phonemes) if sign not in PHONEMES]
    if unknown:
        names = " and ".join(f'"{_shown(sign)}"' for sign in unknown)
        raise SayError(f"has {names}, for which the voices have no sound", _nearest(unknown))
    if not phonemes.strip("ˈˌ "):
        raise SayError("has no sounds", "write an IPA between the slashes, like /ˈnaɪki/")
    return _stressed(phonemes)


def _stressed(phonemes: str) -> str:
    """Stress marks right before their vowels, and one at least."""
    phonemes = _STRESS.sub(r"\2\1", phonemes)
    phonemes = re.sub(r"[ˈˌ](?![AIOWYiuæɑɔəɛɜɪʊʌᵊᵻ])", "", phonemes)
    if "ˈ" in phonemes:
        return phonemes
    return re.sub(r"([AIOWYiuæɑɔɛɜɪʊʌ])", r"ˈ\1", phonemes.replace("ˌ", ""), count=1)


def _shown(sign: str) -> str:
    return f"◌{sign}" if unicodedata.combining(sign) else sign


def _nearest(unknown: Sequence[str]) -> str:
    """What to write in place of each; the alphabet where there is nothing near."""
    if all(sign in _NEAREST for sign in unknown):
        return "write " + ", ".join(f'{_NEAREST[sign]} for "{_shown(sign)}"' for sign in unknown)
    return "use only " + "".join(sorted(PHONEMES - {" "}))


# --- pinyin -------------------------------------------------------------------------------------


def _numbered_pinyin(say: str) -> str | None:
    """Pinyin with its tone numbers; None where a digit has another meaning.

    Raises:
        SayError: a tone or a syllable that Mandarin does not have.
    """
    if _NUMBERED.sub("", say).strip(" '’-"):
        return None
    syllables = [_plain(syllable) for syllable in _NUMBERED.findall(say)]
    for syllable in syllables:
        body, tone = syllable.removesuffix("r")[:-1], syllable.removesuffix("r")[-1]
        if tone not in "12345":
            way_out = "write 1 to 4, or 5 for the neutral tone"
            raise SayError(f'has the tone {tone} in "{syllable}"', way_out)
        if body not in SYLLABLES:
            raise SayError(f'has "{syllable}", which is no syllable of Mandarin', "correct it")
    return " ".join(syllables)


def _plain(syllable: str) -> str:
    return syllable.lower().replace("u:", "ü").replace("v", "ü")


def _marked_pinyin(say: str) -> str | None:
    """Pinyin with tone numbers for one with tone marks; None where it is none."""
    syllables: list[str] = []
    for word in re.split(rf"[{_JOINTS}]+", say):
        parts = _marked_syllables(_decomposed(word))
        if parts is None:
            return None
        syllables += parts
    has_tone = any(syllable[-1] != "5" for syllable in syllables)
    return " ".join(syllables) if has_tone else None


def _decomposed(word: str) -> str:
    """Tone marks apart from their letters; ``ü`` and ``ê`` stay one."""
    signs = unicodedata.normalize("NFD", word.lower())
    for apart, letter in (("u\u0308", "ü"), ("e\u0302", "ê")):
        signs = signs.replace(apart, letter)
    return signs


def _marked_syllables(word: str) -> list[str] | None:
    """The syllables of a word, fewest first: ``xiān`` is one. None if it is none.

    In a word of several syllables each has its mark: ``huáwéi``.
    """
    whole = _marked_syllable(word)
    if whole:
        return [whole]
    for end in range(len(word) - 1, 0, -1):
        head = _marked_syllable(word[:end])
        if not head or head[-1] == "5" or word[end] in _TONES:
            continue
        rest = _marked_syllables(word[end:])
        if rest and all(syllable[-1] != "5" for syllable in rest):
            return [head, *rest]
    return None


def _marked_syllable(word: str) -> str | None:
    tones = [_TONES[sign] for sign in word if sign in _TONES]
    body = "".join(sign for sign in word if sign not in _TONES)
    if len(tones) > 1 or body not in SYLLABLES:
        return None
    return body + (tones[0] if tones else "5")


# --- words --------------------------------------------------------------------------------------


def _respelling(say: str) -> Said:
    """Words in place of words.

    Raises:
        SayError: it holds signs, or letters that no voice reads.
    """
    if _LATIN.fullmatch(say):
        return Said(" ".join(say.split()))
    if _MANDARIN.fullmatch(say):
        return Said(say, is_mandarin=True)
    odd = next(sign for sign in say if not _MANDARIN.fullmatch(sign))
    if odd.isalpha():
        raise SayError(f'has "{odd}", a letter that no voice reads', "write Latin letters")
    raise SayError(f'has "{odd}", which is no letter', "write plain words, an IPA or a pinyin")
