"""Pinyin to phonemes, and the tones of connected Mandarin.

Readings come from pypinyin; words whose tones or readings it gets wrong are in
``word_readings.py``, contexts in ``polyphones.py``. A syllable
is written as pinyin with a tone digit, ``5`` for the neutral tone: ``ni3``, ``ma5``, ``lü4``.
Symbols are those Kokoro v1.0 was trained on: IPA, the tone's arrow after the vowel.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import pairwise
from types import MappingProxyType

from model.speech.hanzi.lone_characters import alone
from model.speech.hanzi.polyphones import readings_in, with_particles
from model.speech.hanzi.word_readings import NEUTRAL_SECOND, WORDS

TONE_MARKS = {"1": "→", "2": "↗", "3": "↓", "4": "↘", "5": ""}

INITIALS = MappingProxyType(
    {
        **{"b": "p", "p": "pʰ", "m": "m", "f": "f", "d": "t", "t": "tʰ", "n": "n", "l": "l"},
        **{"g": "k", "k": "kʰ", "h": "x", "j": "ʨ", "q": "ʨʰ", "x": "ɕ", "r": "ɻ", "s": "s"},
        **{"zh": "ꭧ", "ch": "ꭧʰ", "sh": "ʂ", "z": "ʦ", "c": "ʦʰ", "": ""},
    }
)

FINALS = MappingProxyType(
    {
        **{"a": ("a", ""), "o": ("ɔ", ""), "e": ("ɤ", ""), "ê": ("ɛ", ""), "er": ("ɚ", "")},
        **{"ai": ("ai", ""), "ei": ("ei", ""), "ao": ("au", ""), "ou": ("ou", "")},
        **{"an": ("a", "n"), "en": ("ə", "n"), "ang": ("a", "ŋ"), "eng": ("ə", "ŋ")},
        **{"ong": ("ʊ", "ŋ"), "i": ("i", ""), "ia": ("ja", ""), "ie": ("je", "")},
        **{"iao": ("jau", ""), "iu": ("jou", ""), "ian": ("jɛ", "n"), "in": ("i", "n")},
        **{"iang": ("ja", "ŋ"), "ing": ("i", "ŋ"), "iong": ("jʊ", "ŋ"), "io": ("jɔ", "")},
        **{"u": ("u", ""), "ua": ("wa", ""), "uo": ("wo", ""), "uai": ("wai", "")},
        **{"ui": ("wei", ""), "uan": ("wa", "n"), "un": ("wə", "n"), "uang": ("wa", "ŋ")},
        **{"ueng": ("wə", "ŋ"), "ü": ("y", ""), "üe": ("ɥe", ""), "üan": ("ɥɛ", "n")},
        **{"ün": ("y", "n"), "-i": ("ɨ", "")},
    }
)
"""Final -> what stands before the tone's arrow, and after it."""

SYLLABICS = MappingProxyType({"m": "m", "n": "n", "ng": "ŋ", "hm": "xm", "hng": "xŋ"})

_WHOLE_SYLLABLES: Mapping[str, str] = MappingProxyType(
    {
        **{"yi": "i", "ya": "ia", "ye": "ie", "yao": "iao", "you": "iu", "yan": "ian"},
        **{"yin": "in", "yang": "iang", "ying": "ing", "yong": "iong", "yo": "io", "yai": "ai"},
        **{"yu": "ü", "yue": "üe", "yuan": "üan", "yun": "ün", "wu": "u", "wa": "ua", "wo": "uo"},
        **{"wai": "uai", "wei": "ui", "wan": "uan", "wen": "un", "wang": "uang", "weng": "ueng"},
    }
)

_LONGEST_WORD = max(map(len, WORDS))
_CARDINAL_DIGITS = frozenset("零〇一二三四五六七八九幺两")
_DIGITS = _CARDINAL_DIGITS | {"十", "点"}
_FIXED_YI = frozenset("第初")
_ADVERB_ENDS = frozenset("直向旦律")
"""老二一直 holds no figure of two digits."""
_PARTICLES = MappingProxyType(
    {
        "的": "de5",
        "了": "le5",
        "吗": "ma5",
        "呢": "ne5",
        "吧": "ba5",
        "们": "men5",
        "着": "zhe5",
        "得": "de5",
    }
)
_FULL_ZI_AFTER = frozenset("女男王电原分母父君才弟质量离因粒亲太公瓜")
_ATTACHED = frozenset("的了吗呢吧们着得过儿")
_FULL_ER_AFTER = frozenset("女婴幼少孤胎健男宠弃产小患生血托育能琪妻娇骄马鸟月风云鱼岁敏障乖亲我吾")
"""Behind these 儿 is a syllable: 女儿, 婴儿; elsewhere it only colours the one before."""
_NUMERAL = re.compile(
    r"[零〇一二三四五六七八九十百千万亿幺两][零〇一二三四五六七八九十百千万亿幺两点]+[年月日号元角分秒个度折天岁位款件]?"
)
_ORDINAL_ONE = re.compile(
    r"(?<=年级)一|(?<=[零一二两三四五六七八九十]比)一(?![个次点])|(?<=[二三四五六七八九多]合)一|(?:(?<=位于)|(?<=商场)|(?<=地上))一(?=层)|"
    r"(?<=单)一(?=[产来麦功成品口性的化色]|菌株|葡萄)|(?<=[高初])一(?=[学新同上下数语英物]|年级|班)|"
    r"一(?=季度|本线|期(?:工程|项目|交付|楼盘)|层(?:大[厅堂]|中庭|入口|专柜|[东西南北]|服务)|[栋幢]|"
    r"段(?:奶粉|婴)|中(?:$|学|附|校)|审|环[路内外]|[模诊]考|类(?:疫苗|医疗|器械)|"
    r"班(?:的?(?:同学|学生|老师|家长|班主任)))"
)
"""一 that says which, not how many: 三年级一班, 一季度."""
_SYLLABLE = re.compile(r"(zh|ch|sh|[bpmfdtnlgkhjqxrzcs])?([aeiouüê]+(?:ng|n|r)?)")
HAN = r"[\u3400-\u9fff\uf900-\ufaff〇]"


def words_of(
    hanzi: str, certain: Mapping[int, str] = MappingProxyType({})
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Words of a run of Han characters, and their syllables with the tones of connected speech.

    Unknown stretches are paired: most words have two syllables.

    Args:
        hanzi: the run, in simplified characters.
        certain: place in it -> the only reading that the character written there may have.
    """
    from pypinyin.seg.mmseg import seg

    heard = with_particles(hanzi, seg.cut(hanzi))
    words = [word for piece in _pieces(heard) for word in piece]
    syllables = [list(readings) for _, readings in words]
    _apply_contexts(heard, syllables, certain)
    _apply_yi_and_bu(heard, syllables)
    _apply_third_tones(syllables)
    return tuple(zip(_as_written(hanzi, words), map(tuple, syllables), strict=True))


def _as_written(hanzi: str, words: Iterable[tuple[str, tuple[str, ...]]]) -> Iterator[str]:
    start = 0
    for text, _ in words:
        yield hanzi[start : start + len(text)]
        start += len(text)


def _apply_contexts(hanzi: str, syllables: list[list[str]], certain: Mapping[int, str]) -> None:
    """Readings that the words around a character decide; changes ``syllables`` in place."""
    from pypinyin.seg.mmseg import seg

    readings = {**readings_in(hanzi, seg.cut(hanzi)), **certain}
    if not readings:
        return
    start = 0
    for word, index, _ in _flat(hanzi, syllables):
        is_erhua = _is_erhua(syllables[word][index])
        reading = readings.get(start)
        is_neutral = start in certain and syllables[word][index] == f"{certain[start][:-1]}5"
        if reading and not is_neutral:  # 頭髮
            syllables[word][index] = reading + ("r" if is_erhua else "")
        start += 2 if is_erhua else 1


def phonemes_of(syllable: str) -> str:
    """Phonemes of one syllable: ``hao3`` -> ``xau↓``; ``r`` at the end marks erhua (``hua1r``).

    Raises:
        ValueError: there is no such syllable.
    """
    has_erhua = syllable.endswith("r") and syllable[-2:-1].isdigit()
    plain = syllable[:-1] if has_erhua else syllable
    body, tone = plain[:-1], plain[-1:]
    if tone not in TONE_MARKS:
        raise ValueError(f'syllable "{syllable}" has no tone; write 1 to 5 after it')
    mark = TONE_MARKS[tone]
    if body in SYLLABICS:
        return SYLLABICS[body] + mark
    initial, final = split_syllable(body)
    head, coda = FINALS[final]
    sound = INITIALS[initial]
    if has_erhua:
        return sound + _with_erhua(head, coda, mark)
    if final == "o" and initial:
        head = "wo"
    return sound + head + mark + coda


def split_syllable(body: str) -> tuple[str, str]:
    """Initial and final of a toneless syllable: ``zhi`` -> ``("zh", "-i")``.

    Raises:
        ValueError: there is no such syllable.
    """
    if body in _WHOLE_SYLLABLES:
        return "", _WHOLE_SYLLABLES[body]
    match = _SYLLABLE.fullmatch(body.replace("v", "ü"))
    if not match:
        raise ValueError(f'"{body}" is not a pinyin syllable')
    initial, final = match[1] or "", match[2]
    if initial in ("j", "q", "x") and final.startswith("u"):
        final = "ü" + final[1:]
    if final == "i" and initial in ("zh", "ch", "sh", "r", "z", "c", "s"):
        final = "-i"
    final = {"ue": "üe", "uen": "un", "uei": "ui", "iou": "iu"}.get(final, final)
    if final not in FINALS:
        raise ValueError(f'"{body}" is not a pinyin syllable: final "{final}" is unknown')
    return initial, final


def _with_erhua(head: str, coda: str, mark: str) -> str:
    """The retroflex ending: ``-n`` and ``-i`` fall, a high vowel glides into it."""
    if head in ("ɨ", "ə"):
        return "ɚ" + mark
    if head in ("ai", "wai"):
        head = head[:-1]
    if head in ("ei", "wei"):
        head = head[:-2] + "ə"
    if head == "jɛ" and coda == "n":
        head = "ja"
    return head + mark + ("ŋ" if coda == "ŋ" else "") + "ɚ"


def _pieces(hanzi: str) -> Iterator[list[tuple[str, tuple[str, ...]]]]:
    """Numbers, listed words, and pypinyin's reading of what lies between them."""
    start = position = 0
    while position < len(hanzi):
        word, readings = _known_word(hanzi, position)
        if not word:
            position += 1
            continue
        if position > start:
            yield _read_piece(hanzi[start:position], start > 0)
        yield [(word, readings)]
        start = position = position + len(word)
    if start < len(hanzi):
        yield _read_piece(hanzi[start:], start > 0)


def _known_word(hanzi: str, position: int) -> tuple[str, tuple[str, ...]]:
    """A number with its measure word, or a listed word; empty where there is neither."""
    word = _listed_word(hanzi, position)
    number = _NUMERAL.match(hanzi, position)
    if number and len(number[0]) > len(word):
        from pypinyin import Style, lazy_pinyin

        singly = [lazy_pinyin(sign, style=Style.TONE3, v_to_u=True)[0] for sign in number[0]]
        return number[0], tuple(singly)
    return (word, tuple(WORDS[word].split())) if word else ("", ())


def _listed_word(hanzi: str, position: int) -> str:
    for length in range(_LONGEST_WORD, 1, -1):
        word = hanzi[position : position + length]
        if word in WORDS and not (word[0] == "一" and position and hanzi[position - 1] in _DIGITS):
            return word
    return ""


def _read_piece(text: str, follows_word: bool) -> list[tuple[str, tuple[str, ...]]]:
    """Readings by pypinyin: its phrases are words, single characters are paired."""
    from pypinyin import Style, lazy_pinyin
    from pypinyin.seg.mmseg import seg

    words: list[tuple[str, tuple[str, ...]]] = []
    single: list[tuple[str, str]] = []

    def flush() -> None:
        for i in range(0, len(single), 2):
            pair = single[i : i + 2]
            word = "".join(sign for sign, _ in pair)
            words.append((word, _with_neutral_end(word, [syllable for _, syllable in pair])))
        single.clear()

    for phrase in seg.cut(text):
        readings = lazy_pinyin(phrase, style=Style.TONE3, neutral_tone_with_five=True, v_to_u=True)
        readings = _corrected(phrase, readings)
        if len(phrase) > 1 and phrase[-1] == "儿" and phrase[-2] not in _FULL_ER_AFTER:
            readings = [*readings[:-2], f"{readings[-2]}r"]
        if len(phrase) == 1 and phrase in _ATTACHED and (words or single or follows_word):
            flush()
            _attach(words, phrase, readings[0])
        elif len(phrase) == 1:
            single.append((phrase, alone(phrase) or readings[0]))
        else:
            flush()
            words.append((phrase, tuple(readings)))
    flush()
    return words


def _with_neutral_end(word: str, syllables: list[str]) -> tuple[str, ...]:
    """``syllables``, the last of them neutral in 玻璃 and its like."""
    if word not in NEUTRAL_SECOND:
        return tuple(syllables)
    return (*syllables[:-1], f"{syllables[-1][:-1]}5")


def _corrected(phrase: str, readings: list[str]) -> list[str]:
    """Tones before sandhi, and particles in the neutral tone."""
    fixed = {"一": "yi1", "不": "bu4"}
    out = [fixed.get(sign, reading) for sign, reading in zip(phrase, readings, strict=True)]
    if len(phrase) == 1 and phrase in _PARTICLES:
        return [_PARTICLES[phrase]]
    out = list(_with_neutral_end(phrase, out))
    if len(phrase) > 1 and phrase[-1] == "子" and phrase[-2] not in _FULL_ZI_AFTER:
        out[-1] = "zi5"
    return out


def _attach(words: list[tuple[str, tuple[str, ...]]], sign: str, reading: str) -> None:
    """Add a particle, or the 儿 of erhua, to the word before it."""
    if not words:
        words.append((sign, (reading,)))
        return
    text, syllables = words.pop()
    if sign == "儿" and text[-1] not in _FULL_ER_AFTER:
        words.append((text + sign, (*syllables[:-1], syllables[-1] + "r")))
    else:
        words.append((text + sign, (*syllables, reading)))


def _flat(hanzi: str, syllables: list[list[str]]) -> list[tuple[int, int, str]]:
    """(word, place in it, character) of every syllable; 儿 of erhua has none of its own."""
    places: list[tuple[int, int, str]] = []
    at = 0
    for word_index, word in enumerate(syllables):
        for index, syllable in enumerate(word):
            places.append((word_index, index, hanzi[at]))
            at += 2 if _is_erhua(syllable) else 1
    return places


def _is_erhua(syllable: str) -> bool:
    return syllable.endswith("r") and syllable[-2:-1].isdigit()


def _tone(syllable: str) -> str:
    return syllable.rstrip("r")[-1]


def _with_tone(syllable: str, tone: str) -> str:
    tail = "r" if _is_erhua(syllable) else ""
    body = syllable[:-1] if tail else syllable
    return body[:-1] + tone + tail


def _apply_yi_and_bu(hanzi: str, syllables: list[list[str]]) -> None:
    """一 and 不 before another syllable; changes ``syllables`` in place."""
    places = _flat(hanzi, syllables)
    signs = [sign for _, _, sign in places]
    tones = [_tone(syllables[word][index]) for word, index, _ in places]
    ordinals = (
        {match.start() for match in _ORDINAL_ONE.finditer("".join(signs))}
        if "一" in signs
        else frozenset[int]()
    )
    for i, (word, index, sign) in enumerate(places[:-1]):
        syllable = syllables[word][index]
        if sign == "不" and syllable == "bu4":
            is_question = i > 0 and signs[i - 1] == signs[i + 1]
            tone = "5" if is_question else "2" if tones[i + 1] == "4" else "4"
        elif sign == "一" and syllable == "yi1" and i not in ordinals:
            if _is_plain_one(signs, i, syllables[word]):
                continue
            is_repeated = i > 0 and signs[i - 1] == signs[i + 1]
            lifts = tones[i + 1] == "4" or signs[i + 1] == "个"
            tone = "5" if is_repeated else "2" if lifts else "4"
        else:
            continue
        syllables[word][index] = _with_tone(syllable, tone)


def _is_plain_one(signs: list[str], i: int, word: list[str]) -> bool:
    """一 that keeps its first tone: in numbers, ordinals, dates and at a word's end."""
    before = signs[i - 1] if i else ""
    after = signs[i + 1]
    part = "".join(signs[i + 2 : i + 4])  # 一点三 is a decimal, 一点三十分 a time
    is_decimal = after == "点" and part[:1] in _CARDINAL_DIGITS and "十" not in part
    is_listed = " ".join(word) in _listed_with_plain_one()
    is_figure = before in _DIGITS and after not in _ADVERB_ENDS
    return (
        before in _FIXED_YI
        or is_figure
        or after in _CARDINAL_DIGITS
        or after in "十杠"
        or is_decimal
        or is_listed
    )


@cache
def _listed_with_plain_one() -> frozenset[str]:
    return frozenset(
        reading for word, reading in WORDS.items() if "一" in word and not word.endswith("儿")
    )


def _apply_third_tones(syllables: list[list[str]]) -> None:
    """A third tone before another becomes a second; changes ``syllables`` in place.

    The rule holds inside a foot: a word of several syllables, or single ones taken together. A
    single third tone before a foot that begins with one rises too.
    """
    for word in syllables:
        for i in range(len(word) - 1):
            if _tone(word[i]) == "3" and _tone(word[i + 1]) == "3":
                word[i] = _with_tone(word[i], "2")
    for left, right in pairwise(syllables):
        if len(right) == 1 or len(left) == 1:
            is_third = _tone(left[-1]) == "3" and _tone(right[0]) == "3"
            if is_third:
                left[-1] = _with_tone(left[-1], "2")
