"""Characters that stand alone and have two readings of which neither is rare. Pure.

Word lists, phrases and contexts decide nearly all of them; what none of these decides is read the
commoner way, and a person should look at it. Listed are only those that were wrong at least one
time in five where nothing decided.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

from model.speech.hanzi.pinyin import words_of
from model.speech.hanzi.polyphones import readings_in
from model.speech.hanzi.word_readings import WORDS

_OTHER: Mapping[str, tuple[tuple[str, ...], str]] = MappingProxyType(
    {
        "干": (("gan1", "gan4"), r"<干>(?=[了透到手]|得快$)"),
        "散": (("san3", "san4"), r"<散>(?!热|步|会|场|发)(?<![弄打吹拆冲驱走失]散)"),
        "倒": (("dao3", "dao4"), r"<倒>(?=$|[了着])(?<![往向]后倒)"),
        "背": (("bei1", "bei4"), r"<背>(?=$|[在一得起上])"),
        "转": (
            ("zhuan3", "zhuan4"),
            r"(?<![左右向反中往])<转>(?!了?个?[弯身念])(?:(?=[过来起了着动得])|(?<=[能会再可]转)(?=$))",
        ),
        "种": (("zhong3", "zhong4"), r"<种>(?=[在的着了满])"),
        "当": (
            ("dang1", "dang4"),
            r"<当>(?=了(?!一|两|[三-十]|[爸妈爹娘兵官]|[\u4e00-\u9fff]{0,3}[挥长师员生家手人表任理练板播导官]))",
        ),
        "得": (
            ("de2", "de5", "dei3"),
            r"<得>(?:(?<=^得)|(?=[有是会])|(?<=[时钟天月次家门药菜]得))",
        ),
        "还": (("hai2", "huan2"), r"<还>(?=上(?!有|在|是|不|没|市|架|线)|掉)"),
        "炸": (("zha2", "zha4"), r"<炸>(?=了|$)(?<![油酥香]炸)"),
        "看": (
            ("kan1", "kan4"),
            r"<看>(?=[着住](?:孩子|娃|宝宝|行李|包|摊)(?![\u4e00-\u9fff]{0,6}(?:长大|成长|进步|玩耍|远去|背影|笑))|孩子|娃|店|摊|门(?!诊|票|店)|家(?!人|里|长|具|居|电))",
        ),
        "铺": (("pu1", "pu4"), r"<铺>(?=$|[的里])"),
        "钻": (("zuan1", "zuan4"), r"(?<![往里外进出])<钻>(?=$|[的多])"),
        "扎": (("zha1", "za1"), r"<扎>(?=[了着得好]|上)(?<![包捆])"),
        "调": (("tiao2", "diao4"), r"<调>(?=了|过(?![来去]))"),
        "藏": (("cang2", "zang4"), r"<藏>(?=$|的)"),
        "折": (("zhe2", "she2"), r"<折>(?=了$)"),
        "长": (("zhang3", "chang2"), r"<长>(?=到|[我你他她]|[大一两三四五六七八九十几]+岁)"),
    }
)
_PATTERNS = tuple(
    (sign, readings, re.compile("(?=" + re.sub(r"<(.)>", r"(?P<it>\1)", pattern) + ")"))
    for sign, (readings, pattern) in _OTHER.items()
)


def unsure_readings(hanzi: str) -> dict[int, tuple[str, tuple[str, ...]]]:
    """Place in a run of Han characters -> the reading taken there, and the others it may have."""
    likely = [each for each in _PATTERNS if each[0] in hanzi]
    if not likely:
        return {}
    from pypinyin.seg.mmseg import seg

    words = list(seg.cut(hanzi))
    decided = readings_in(hanzi, words)
    alone = _alone(hanzi, words)
    taken: dict[int, str] = {}
    place = 0
    for word, syllables in words_of(hanzi):
        if len(word) == len(syllables):
            taken.update(enumerate(syllables, place))
        place += len(word)
    found: dict[int, tuple[str, tuple[str, ...]]] = {}
    for _, readings, pattern in likely:
        for match in pattern.finditer(hanzi):
            at = match.start("it")
            if at in decided or at not in alone or at not in taken:
                continue
            others = tuple(other for other in readings if other[:-1] != taken[at][:-1])
            others = others or tuple(other for other in readings if other != taken[at])
            found[at] = (taken[at], others)
    return dict(sorted(found.items()))


def _alone(hanzi: str, words: list[str]) -> set[int]:
    """Places of characters that are in no word of either list."""
    alone: set[int] = set()
    place = 0
    for word in words:
        if len(word) == 1:
            alone.add(place)
        place += len(word)
    longest = max(map(len, WORDS))
    for start in range(len(hanzi)):
        for length in range(2, longest + 1):
            if hanzi[start : start + length] in WORDS:
                alone -= set(range(start, start + length))
    return alone
