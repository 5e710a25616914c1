"""Marks, ranks and classes. Pure."""

import re

from tasks.reading.mandarin.numerals import amount, counted
from tasks.reading.mandarin.rules import Rule, Said, after, before, rule, sentence_around

_TESTED = re.compile(r"(?:总分|成绩|绩点|GPA|SAT|托福|高考|考[了出])[是为达：: ]{0,3}$")
_MARKED = re.compile(r"(?:评分|打分|得分|口碑分?|好评|评价|综合分|豆瓣|点评)[是为达高：: ]{0,3}$")
_TAUGHT = re.compile(
    r" ?(?:[大小]?班|辅导|私教|教学|课|真人|外教|精[讲品]|答疑|指导|陪练|线上|线下|专属|服务|咨询)"
)
_LESSON = re.compile(r"教练|私教|老师|课时|分班|试听|家教|外教|网课|报班|雅思|托福|分班")
_EXAM = re.compile(r"期[中末]|[月统联模摸]考|[一二三]模|中考|高考|会考|分班考|雅思|托福")
_FULL_MARKS = frozenset(
    ("60", "70", "80", "90", "100", "110", "50", "120", "130", "150", "300", "750")
)
_PASSES = re.compile(r"过线|及格|达标|通过|上线|优秀|满分|录取|签到|出勤|到课|完成|报名|升学")
_RANKED = re.compile(
    r"(?:年级|班级?|级|年龄组|组别|全校|全国|全省|全市|全区|校内)(?:排名?)?第?$|(?:排名|名次)第?$"
)


def _mark(match: re.Match[str]) -> Said | None:
    """评分9.3/10 and 4.9/5分: of how many points."""
    mark, most = match.groups()
    is_mark = _MARKED.search(before(match)) or match[0].endswith("分")
    if not is_mark or float(mark) > int(most):
        return None
    return Said("measure", f"{counted(mark, '分')}分，满分{amount(most)}分")


def _points(match: re.Match[str]) -> Said | None:
    """总分1490/1600, GPA 3.8/4.0."""
    points, most = match.groups()
    line = match.string[: match.start()].rpartition("\n")[2]
    is_exam = most in _FULL_MARKS and _EXAM.search(line)
    is_exam = is_exam or bool(re.search(rf"(?:{_EXAM.pattern})$", line) and most.endswith("0"))
    if not (is_exam or _TESTED.search(before(match))) or float(points) > float(most):
        return None
    return Said("measure", f"{amount(points)}，满分{amount(most)}")


def _rank(match: re.Match[str]) -> Said | None:
    """年级第37/862: which of how many."""
    rank, most = match.groups()
    if not _RANKED.search(before(match)) or int(rank) > int(most.replace(",", "")):
        return None
    prefix = "" if before(match).endswith("第") else "第"
    return Said("ordinal", f"{prefix}{amount(rank)}名，共{amount(most)}人")


def _class(match: re.Match[str]) -> Said | None:
    """1v6小班: one teacher to so many; players of a game are v."""
    if match[1] != "1" and not _TAUGHT.match(after(match)):
        return None
    if not (_TAUGHT.match(after(match)) or _LESSON.search(sentence_around(match))):
        return None
    return Said("model", f"{amount(match[1])}对{amount(match[2])}")


def _passed(match: re.Match[str]) -> Said | None:
    """32/45人过线: so many of all."""
    some, most = match.groups()
    if int(some) > int(most) or not _PASSES.match(after(match)):
        return None
    return Said("measure", f"{amount(most)}人中{counted(some, '人')}人")


RULES: tuple[Rule, ...] = (
    rule(r"(?<![\d./])(\d{1,3})/(\d{1,3})人", _passed),
    rule(r"(?<![\d./])(\d{1,2}(?:\.\d)?)/(5|10|100)(?![\d./])分?", _mark),
    rule(r"(?<![\d./])(\d{1,4}(?:\.\d{1,2})?)/(\d{1,4}(?:\.\d)?)(?![\d./])分?", _points),
    rule(
        r"(?:(?<=第)|(?<=排名)|(?<=名次)|(?<=[班级组]))(\d{1,4})/(\d{1,2},\d{3}|\d{2,5})(?![\d/.])(?:名|人)?",
        _rank,
    ),
    rule(
        r"(?<![A-Za-z\d])([1-4])[vV](\d{1,2})(?![A-Za-z\d])",
        _class,
    ),
)
