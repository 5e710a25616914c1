"""Labels that say who speaks a line of a script, which nobody speaks themselves. Pure."""

import re
from collections import Counter

from tasks.reading.cleaning.draft import Edit

_ROLES = (
    "host|co-host|narrator|narration|voice[- ]?over|vo|v\\.o\\.|announcer|presenter|interviewer|"
    "interviewee|moderator|anchor|reporter|speaker|guest|male voice|female voice|actor|spokesperson"
)
_ASIDE = r"(?: ?\([^()\n]{1,20}\))?"
_LINE = r"^[ \t]*"
_BEGINS = rf"(?:{_LINE}|(?<=[.!?。！？…])[ \t]*)"
_CAPITALS = re.compile(
    rf"{_BEGINS}((?=[A-Z])(?:{_ROLES.upper()})(?: ?#?\d{{1,2}})?{_ASIDE}[:：][ \t]*)(?=[^\s/\d])",
    re.MULTILINE,
)
_NEVER_NAMES = "narrator|narration|voice[- ]?over|vo|v\\.o\\.|announcer|male voice|female voice"
_TITLE = re.compile(
    rf"{_LINE}((?=[A-Z])(?:(?i:{_NEVER_NAMES}){_ASIDE}|(?i:{_ROLES}) ?#?\d{{1,2}}{_ASIDE}"
    rf"|(?i:{_ROLES}){_ASIDE}(?=[:：][ \t]+(?:\S+ +[a-z]|(?:\S+ +){{3}})))[:：][ \t]+)(?=[^\s/\d])",
    re.MULTILINE,
)
_NAMES = "旁白|解说词?|画外音|配音|口播|男声|女声|(?:口播|解说|旁白|配音)?文案|口播稿|解说稿|台词"
_PEOPLE = "主持人|主播|解说员|男主播|女主播|男主持|女主持|讲解员?|播音员?|主讲人|出镜人?|嘉宾"
_MANDARIN_ASIDE = r"(?:[（(][^（()）\n]{1,12}[)）])?"
_MANDARIN = re.compile(
    rf"{_BEGINS}((?P<bracket>【)?(?:(?P<never_name>{_NAMES})|{_PEOPLE})[0-9A-Za-z一二三四五]?"
    rf"{_MANDARIN_ASIDE}(?(bracket)】[:：]?|[:：])[ \t]*)"
    r"(?=[^\s\d](?P<name>[^\n。！？!?，,]{0,3}(?:。|$))?)",
    re.MULTILINE,
)
_SURNAMES = (
    "李王张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜"
    "崔钟谭陆汪范石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔汤欧阳司诸葛上官"
    "小老阿"
)
"""Of a name that follows a label: a family name, or what friends put before it."""
_MAY_BE_NAME = re.compile(rf"[{_SURNAMES}]|[A-Za-z]+\b")
_NAME = r"(?:[A-Z][A-Za-z]{0,15}|[\u4e00-\u9fff]{1,5})(?: ?\d{1,2})?"
_NAMED = re.compile(rf"{_LINE}(({_NAME}){_ASIDE}[:：][ \t]*)(?=[^\s/\d])", re.MULTILINE)
_PAIRS = (frozenset("甲乙"), frozenset("男女"), frozenset("AB"))


def speaker_labels(text: str) -> list[Edit]:
    """The labels of ``text``: roles such as ``HOST:`` and ``旁白：``, and the names of a dialogue.

    A name before a colon is a label only where every line has one, and one of them is a role or
    comes twice; ``Price: 10`` and ``主持人：李明`` stay what they are.
    """
    if not any(sign in text for sign in ":：】"):
        return []
    spans = {match.span(1) for each in (_CAPITALS, _TITLE) for match in each.finditer(text)}
    spans |= _mandarin(text)
    spans |= _dialogue(text, has_roles=bool(spans))
    return [(start, end, "") for start, end in sorted(spans)]


def _mandarin(text: str) -> set[tuple[int, int]]:
    """All of them where there are several; of one alone, what follows may be the person's name."""
    found = list(_MANDARIN.finditer(text))
    is_sure = len(found) > 1
    return {m.span(1) for m in found if is_sure or m["never_name"] or not _may_be_name(m)}


def _may_be_name(label: re.Match[str]) -> bool:
    return bool(label["name"] is not None and _MAY_BE_NAME.match(label.string, label.end(1)))


def _dialogue(text: str, *, has_roles: bool) -> set[tuple[int, int]]:
    found = list(_NAMED.finditer(text))
    counts = Counter(match[2] for match in found)
    names = {
        name for name in counts if any(name in pair and pair <= set(counts) for pair in _PAIRS)
    }
    is_dialogue = len(counts) > 1 and (has_roles or max(counts.values()) > 1)
    if is_dialogue and len(found) == _num_lines(text):
        names |= set(counts)
    return {match.span(1) for match in found if match[2] in names}


def _num_lines(text: str) -> int:
    return sum(1 for line in text.splitlines() if line.strip())
