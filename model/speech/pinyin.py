"""Pinyin to phonemes, and the tones of connected Mandarin.

Readings come from pypinyin; words whose tones or readings it gets wrong are listed here. A syllable
is written as pinyin with a tone digit, ``5`` for the neutral tone: ``ni3``, ``ma5``, ``lü4``.
Symbols are those Kokoro v1.0 was trained on: IPA, the tone's arrow after the vowel.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import pairwise
from types import MappingProxyType

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

_NOUNS_IN_ZI = (
    "筷kuai4 椅yi3 房fang2 车che1 被bei4 帽mao4 裤ku4 袜wa4 瓶ping2 盒he2 袋dai4 箱xiang1 篮lan2 "
    "盘pan2 刀dao1 叉cha1 勺shao2 镜jing4 梳shu1 鼻bi2 脖bo2 肚du4 嗓sang3 孙sun1 嫂sao3 句ju4 "
    "例li4 点dian3 面mian4 圈quan1 院yuan4 屋wu1 柜gui4 架jia4 叶ye4 种zhong3 果guo3 橘ju2 "
    "桃tao2 饺jiao3 包bao1 粽zong4 狮shi1 兔tu4 猴hou2 鸽ge1 蚊wen2 虫chong2 本ben3 册ce4 "
    "孩hai2 妻qi1 杯bei1 裙qun2 鞋xie2 桌zhuo1 样yang4 日ri4 儿er2"
)
_WORDS_IN_ZI = {entry[0] + "子": f"{entry[1:]} zi5" for entry in re.findall(r"\S+", _NOUNS_IN_ZI)}

WORDS: Mapping[str, str] = MappingProxyType(
    {
        **_WORDS_IN_ZI,
        # neutral second syllables that pypinyin reads in full
        **{"朋友": "peng2 you5", "喜欢": "xi3 huan5", "时候": "shi2 hou5", "先生": "xian1 sheng5"},
        **{"东西": "dong1 xi5", "便宜": "pian2 yi5", "漂亮": "piao4 liang5", "舒服": "shu1 fu5"},
        **{"清楚": "qing1 chu5", "明白": "ming2 bai5", "告诉": "gao4 su5", "认识": "ren4 shi5"},
        **{"知道": "zhi1 dao5", "觉得": "jue2 de5", "值得": "zhi2 de5", "记得": "ji4 de5"},
        **{"显得": "xian3 de5", "衣服": "yi1 fu5", "头发": "tou2 fa5", "眼睛": "yan3 jing5"},
        **{"耳朵": "er3 duo5", "意思": "yi4 si5", "事情": "shi4 qing5", "地方": "di4 fang5"},
        **{
            "太阳": "tai4 yang5",
            "月亮": "yue4 liang5",
            "晚上": "wan3 shang5",
            "早上": "zao3 shang5",
        },
        **{"妈妈": "ma1 ma5", "爸爸": "ba4 ba5", "哥哥": "ge1 ge5", "姐姐": "jie3 jie5"},
        **{"弟弟": "di4 di5", "妹妹": "mei4 mei5", "爷爷": "ye2 ye5", "奶奶": "nai3 nai5"},
        **{"宝宝": "bao3 bao5", "谢谢": "xie4 xie5", "客气": "ke4 qi5", "麻烦": "ma2 fan5"},
        **{"热闹": "re4 nao5", "豆腐": "dou4 fu5", "窗户": "chuang1 hu5", "关系": "guan1 xi5"},
        **{"学生": "xue2 sheng5", "医生": "yi1 sheng5", "部分": "bu4 fen5", "故事": "gu4 shi5"},
        **{"消息": "xiao1 xi5", "休息": "xiu1 xi5", "生意": "sheng1 yi5", "味道": "wei4 dao5"},
        **{"什么": "shen2 me5", "怎么": "zen3 me5", "那么": "na4 me5", "这么": "zhe4 me5"},
        **{"多少": "duo1 shao5", "咱们": "zan2 men5", "力气": "li4 qi5", "精神": "jing1 shen5"},
        # readings that depend on the word
        **{
            "长大": "zhang3 da4",
            "行长": "hang2 zhang3",
            "银行": "yin2 hang2",
            "还款": "huan2 kuan3",
        },
        **{"还钱": "huan2 qian2", "归还": "gui1 huan2", "退还": "tui4 huan2", "首都": "shou3 du1"},
        **{"都市": "du1 shi4", "成都": "cheng2 du1", "重复": "chong2 fu4", "重新": "chong2 xin1"},
        **{"重庆": "chong2 qing4", "音乐": "yin1 yue4", "快乐": "kuai4 le4", "数据": "shu4 ju4"},
        **{
            "少年": "shao4 nian2",
            "调整": "tiao2 zheng3",
            "空调": "kong1 tiao2",
            "差不多": "cha4 bu5 duo1",
        },
        **{"出差": "chu1 chai1", "睡觉": "shui4 jiao4", "了解": "liao3 jie3", "为了": "wei4 le5"},
        **{
            "得到": "de2 dao4",
            "获得": "huo4 de2",
            "不得不": "bu4 de2 bu4",
            "了不起": "liao3 bu5 qi3",
        },
        **{"得了": "de2 le5", "目的": "mu4 di4", "的确": "di2 que4", "的士": "di2 shi4"},
        **{
            "地址": "di4 zhi3",
            "分量": "fen4 liang5",
            "一会儿": "yi1 hui4r",
            "一点儿": "yi1 dian3r",
            "有点儿": "you3 dian3r",
            "下载": "xia4 zai4",
        },
        **{"直播间": "zhi2 bo1 jian1", "保温杯": "bao3 wen1 bei1", "链接": "lian4 jie1"},
        **{"欢迎": "huan1 ying2", "来到": "lai2 dao4", "大家": "da4 jia1", "今天": "jin1 tian1"},
        **{"明天": "ming2 tian1", "昨天": "zuo2 tian1", "现在": "xian4 zai4", "小时": "xiao3 shi2"},
        **{"分钟": "fen1 zhong1", "我们": "wo3 men5", "你们": "ni3 men5", "他们": "ta1 men5"},
        **{"她们": "ta1 men5", "可以": "ke3 yi3", "点击": "dian3 ji1", "下方": "xia4 fang1"},
        **{"下单": "xia4 dan1", "立减": "li4 jian3", "漏水": "lou4 shui3", "水果": "shui3 guo3"},
        **{"百分之": "bai3 fen1 zhi1", "千分之": "qian1 fen1 zhi1", "零下": "ling2 xia4"},
        **{"认真地": "ren4 zhen1 de5", "轻松地": "qing1 song1 de5", "快速地": "kuai4 su4 de5"},
        **{"不断地": "bu4 duan4 de5", "开心地": "kai1 xin1 de5", "努力地": "nu3 li4 de5"},
        **{
            "展览馆": "zhan3 lan3 guan3",
            "老虎": "lao3 hu3",
            "美丽": "mei3 li4",
            "优惠": "you1 hui4",
        },
        **{"女儿": "nü3 er2", "儿童": "er2 tong2", "婴儿": "ying1 er2"},
        **{"幼儿": "you4 er2", "少儿": "shao4 er2", "儿女": "er2 nü3", "儿科": "er2 ke1"},
        **{
            "育儿": "yu4 er2",
            "儿歌": "er2 ge1",
            "新生儿": "xin1 sheng1 er2",
            "星期一": "xing1 qi1 yi1",
        },
        **{"周一": "zhou1 yi1", "统一": "tong3 yi1", "唯一": "wei2 yi1", "万一": "wan4 yi1"},
        **{"之一": "zhi1 yi1", "礼拜一": "li3 bai4 yi1", "十一": "shi2 yi1", "初一": "chu1 yi1"},
        **{"一一": "yi1 yi1", "一月": "yi1 yue4", "一号": "yi1 hao4", "一日": "yi1 ri4"},
        **{"一楼": "yi1 lou2", "一等奖": "yi1 deng3 jiang3", "一流": "yi1 liu2", "一级": "yi1 ji2"},
    }
)
"""Words read here, not by pypinyin. Tones are those of the word alone, before sandhi."""

_LONGEST_WORD = max(map(len, WORDS))
_CARDINAL_DIGITS = frozenset("零〇一二三四五六七八九幺两")
_DIGITS = _CARDINAL_DIGITS | {"十", "点"}
_FIXED_YI = frozenset("第初")
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
_ERHUA_AFTER = frozenset("花点会事玩哪这那味块头劲活门份空鸟歌画词样边面圈片根串馅口气盖角伴")
_NUMERAL = re.compile(
    r"[零〇一二三四五六七八九十百千万亿幺两][零〇一二三四五六七八九十百千万亿幺两点]+[年月日号元角分秒个度折天岁位款件]?"
)
_DOUBLED_THEN_DI = re.compile(r"(.)\1地$")
_SYLLABLE = re.compile(r"(zh|ch|sh|[bpmfdtnlgkhjqxrzcs])?([aeiouüê]+(?:ng|n|r)?)")
HAN = r"[\u3400-\u9fff\uf900-\ufaff〇]"


def words_of(hanzi: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Words of a run of Han characters, and their syllables with the tones of connected speech.

    Unknown stretches are paired: most words have two syllables.
    """
    words = [word for piece in _pieces(hanzi) for word in piece]
    syllables = [list(readings) for _, readings in words]
    _apply_yi_and_bu(hanzi, syllables)
    _apply_third_tones(syllables)
    return tuple((text, tuple(s)) for (text, _), s in zip(words, syllables, strict=True))


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
            words.append(("".join(c for c, _ in pair), tuple(s for _, s in pair)))
        single.clear()

    for phrase in _with_adverbs(seg.cut(text)):
        readings = lazy_pinyin(phrase, style=Style.TONE3, neutral_tone_with_five=True, v_to_u=True)
        readings = _corrected(phrase, readings)
        if len(phrase) == 1 and phrase in _ATTACHED and (words or single or follows_word):
            flush()
            _attach(words, phrase, readings[0])
        elif len(phrase) == 1:
            single.append((phrase, readings[0]))
        else:
            flush()
            words.append((phrase, tuple(readings)))
    flush()
    return words


def _with_adverbs(phrases: Iterable[str]) -> Iterator[str]:
    """Phrases, with 地 after a doubled character (慢慢地) as the particle it is there."""
    said = ""
    for phrase in phrases:
        said += phrase
        yield "的" if phrase == "地" and _DOUBLED_THEN_DI.search(said) else phrase


def _corrected(phrase: str, readings: list[str]) -> list[str]:
    """Tones before sandhi, and particles in the neutral tone."""
    fixed = {"一": "yi1", "不": "bu4"}
    out = [fixed.get(sign, reading) for sign, reading in zip(phrase, readings, strict=True)]
    if len(phrase) == 1 and phrase in _PARTICLES:
        return [_PARTICLES[phrase]]
    if len(phrase) > 1 and phrase[-1] == "子" and phrase[-2] not in _FULL_ZI_AFTER:
        out[-1] = "zi5"
    return out


def _attach(words: list[tuple[str, tuple[str, ...]]], sign: str, reading: str) -> None:
    """Add a particle, or the 儿 of erhua, to the word before it."""
    if not words:
        words.append((sign, (reading,)))
        return
    text, syllables = words.pop()
    if sign == "儿" and text[-1] in _ERHUA_AFTER:
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
    for i, (word, index, sign) in enumerate(places[:-1]):
        syllable = syllables[word][index]
        if sign == "不" and syllable == "bu4":
            is_question = i > 0 and signs[i - 1] == signs[i + 1]
            tone = "5" if is_question else "2" if tones[i + 1] == "4" else "4"
        elif sign == "一" and syllable == "yi1" and not _is_plain_one(signs, i, syllables[word]):
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
    is_decimal = after == "点" and i + 2 < len(signs) and signs[i + 2] in _CARDINAL_DIGITS
    is_listed = " ".join(word) in _listed_with_plain_one()
    return (
        before in _FIXED_YI
        or before in _DIGITS
        or after in _CARDINAL_DIGITS
        or after == "十"
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
