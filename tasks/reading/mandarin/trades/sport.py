"""Matches, races and what players did in them. Pure."""

import re

from tasks.reading.mandarin.numerals import amount, counted, digits, is_counted
from tasks.reading.mandarin.rules import Rule, Said, after, before, rule, sentence_around

_MOST_POINTS = 200
_NO_SIDE = re.compile(r" ?[室楼樓号號层層栋棟座单單倒章页頁节節课課区區排桌门門A-Za-z(（/%=+-]")
_SOME_SIDE = re.compile(r"[\u3400-\u9fff，, ]$")
_NO_SCORE = re.compile(
    r"(?:从|從|由|分机|分機|内线|內線|转|轉|[号號章页頁节節层層座栋棟A-Za-z-]) ?$"
)
_MATCH = re.compile(
    r"乒超|羽超|排超|[男女混][单双团](?:[ ：:决半\d]|$)|"
    r"(?:[男女][排足篮]|国[乒羽足]|乒乓\S{0,2})(?=\d+[-:]\d)|(?<![A-Za-z])(?:WTA|ATP|BO[357])(?![A-Za-z])|[法美温澳]网|抢七|7-6\(|[春夏]季?决赛?|德比|"
    r"逆转|战胜|取胜|险胜|完胜|大胜|击败|横扫|决赛|不敌|惜败|晋级|夺冠|首局|次局|决胜局"
)
_LEAGUE = re.compile(
    r"(?<![A-Za-z])W?(?:NBA|CBA|LPL|KPL|LCK)(?![A-Za-z])|[英中西意德法]超|[西意德法][甲乙]|欧[冠联]|"
    r"亚冠|世预赛|季后赛|常规赛|小组赛|半场|主场|客场|[首次]回合"
)
_SIDE = re.compile(r" [A-Z][A-Za-z\d]*(?![A-Za-z\d])")


def is_of_match(match: re.Match[str]) -> bool:
    """11-9、8-11 of a match, and T1 3-2 KT."""
    right = after(match)
    if re.search(r"[男女][排足篮]$", before(match)) and re.match(r"[(，。]", right):
        return True
    if _SIDE.match(right) and re.search(r"[A-Za-z]\d? $", before(match)):
        return len(match[0]) == 3
    if is_counted(right) or re.match(r" ?[月日号点时年页]", right):
        return False
    sentence = sentence_around(match)
    left = before(match)
    is_of_sides = _LEAGUE.search(sentence) and (
        is_between_sides(left, right) or re.search(r"第[一二三四1-4]节$", left)
    )
    return bool(is_of_sides or _MATCH.search(sentence))


def is_above(low: str, high: str) -> bool:
    """Whether two written numbers run down."""
    return float(low.replace(",", "")) > float(high.replace(",", ""))


def is_between_sides(left: str, right: str) -> bool:
    """Whether teams may stand on both sides of a score, and no floors, pages or extensions."""
    has_side = _SOME_SIDE.search(left) and not _NO_SCORE.search(left)
    return bool(has_side) and not _NO_SIDE.match(right)


def may_be_score(low: str, high: str) -> bool:
    """2-0 runs downwards: no range."""
    is_whole = low.isdecimal() and high.isdecimal()
    return is_whole and _MOST_POINTS > int(low) > int(high)


def _split_time(match: re.Match[str]) -> Said | None:
    """接力3:27.85; one place behind the point is a ratio as often."""
    minutes, seconds, part = match.groups()
    if len(part) == 1 and not re.search(r"[圈泳蝶仰蛙自]|米|跑|成绩", sentence_around(match)):
        return None
    return Said("time", f"{counted(minutes, '分')}分{amount(seconds)}秒{digits(part)}")


def _lap(match: re.Match[str]) -> Said:
    """1:24:38.241."""
    hours, minutes, seconds, part = match.groups()
    start = f"{counted(hours, '小时')}小时{amount(minutes)}分"
    return Said("time", f"{start}{amount(seconds)}秒{digits(part)}")


def _games(match: re.Match[str]) -> Said | None:
    """11-6/11-9/8-11: one game after the other."""
    games = [part.split("-") for part in match[0].split("/")]
    if not all(max(int(each) for each in game) >= _LEAST_GAME for game in games):
        return None
    return Said("range", "、".join("比".join(map(amount, game)) for game in games))


_GYM = re.compile(r"[卧推]推|深蹲|硬拉|健身|组间|力量|增肌")
_LEAST_GAME = 11
_COUNTED_LEFT = re.compile(
    r"(?:销量|粉丝|播放|月薪|价格?|点赞|评论|收藏|人数|奖金|跑分|[¥$])[是约达破超：: ]*$"
)
_COUNTED_RIGHT = re.compile(r" ?(?:粉|人|单|赞|元|播放|阅读|收藏|评论|屏|分辨率|画质|视频|内存|金)")
_RUNNING = re.compile(
    r"马拉松|配速|[慢快长路夜晨]跑|越野|骑行|补给|补胶|(?<![A-Za-z])PB(?![A-Za-z])"
)


def _run(match: re.Match[str]) -> Said | None:
    """30k补胶 of a marathon."""
    is_counted_in_thousands = _COUNTED_LEFT.search(before(match)) or _COUNTED_RIGHT.match(
        after(match)
    )
    if is_counted_in_thousands or not _RUNNING.search(sentence_around(match)):
        return None
    return Said("measure", f"{counted(match[1], '公里')}公里")


def _tie_break(match: re.Match[str]) -> Said | None:
    """7-6(5) of tennis."""
    won, lost, points = match.groups()
    if {won, lost} != {"6", "7"}:
        return None
    return Said("range", f"{amount(won)}比{amount(lost)}({amount(points)})")


def _minute_of_match(match: re.Match[str]) -> Said | None:
    """张玉宁67'、89'进球."""
    if not re.search(
        r"补时|进球|破门|点球|绝杀|红牌|黄牌|换下|扳平|比分|[中英西意德法]超",
        sentence_around(match),
    ):
        return None
    more = f"加{amount(match[2])}" if match[2] else ""
    return Said("measure", f"{amount(match[1])}{more}分钟")


_BASKETBALL = re.compile(
    r"(?<![A-Za-z])W?(?:NBA|CBA)(?![A-Za-z])|篮|助攻|湖人|勇士|火箭|广厦|辽宁队|\d中\d|罚\d中"
)


def _shots(match: re.Match[str]) -> Said | None:
    """三分5-11 and 罚球4/5: how many went in of how many."""
    made, tried = match.groups()
    is_shot = before(match).endswith(("投篮", "罚球", "罚篮"))
    if int(made) > int(tried) or is_counted(after(match)):
        return None
    if not is_shot and not _BASKETBALL.search(sentence_around(match)):
        return None
    return Said("range", f"{amount(tried)}中{amount(made)}")


_SHARED = re.compile(
    r"控球|支持率|得票|选票|胜率|占比|比例|持股|股权|股份|男女|分成|分账|投票|民调|对半"
)


def _shares(match: re.Match[str]) -> Said | None:
    """控球率58%-42%: both sides of a hundred, which 湿度40%-60% are not."""
    left, right = match.groups()
    if float(left) + float(right) != 100:
        return None
    rises = float(left) < float(right)
    if rises and ":" not in match[0] and not _SHARED.search(sentence_around(match)):
        return None
    return Said("range", f"百分之{amount(left)}比百分之{amount(right)}")


def _of_brackets(match: re.Match[str]) -> Said | None:
    """射门15(6)-11(4)."""
    is_match = re.search(r"射门|射正|犯规|角球|抢断", sentence_around(match))
    return Said("sign", "比") if is_match else None


def _paces(match: re.Match[str]) -> Said:
    """6'00"-7'30": minutes and seconds of a kilometre."""
    first, seconds, last, more = match.groups()
    sides = ((first, seconds), (last, more))
    return Said(
        "range",
        "到".join(
            f"{counted(minute, '分')}分" + (f"{amount(second)}秒" if int(second) else "")
            for minute, second in sides
        ),
    )


def _runs(match: re.Match[str]) -> Said | None:
    """5k/10k: how far groups run."""
    if not _RUNNERS.search(sentence_around(match)):
        return None
    return Said("measure", "、".join(f"{counted(each, '公里')}公里" for each in match.groups()))


_RUNNERS = re.compile(r"跑|马拉松|配速|[Rr]un|RUN|越野")
_MARK = r"(?:[\"″]|'')"
RULES: tuple[Rule, ...] = (
    rule(
        rf"(?<![\d'])(\d{{1,2}})['′](\d\d){_MARK}? ?[-~–到至] ?"
        rf"(\d{{1,2}})['′](\d\d){_MARK}?(?![\d'])",
        _paces,
    ),
    rule(r"(?<![A-Za-z\d./])(\d{1,2})[kK]/(\d{1,2})[kK](?![A-Za-z\d/])", _runs),
    rule(r"(?<![\d'A-Za-z])(\d{1,3})(?:\+(\d))?'(?![\d'])", _minute_of_match),
    rule(r"(?<![\d.:])(\d{1,2}):([0-5]\d)\.(\d{1,3})(?![\d.:])", _split_time),
    rule(
        r"(?<![A-Za-z])RM(?=1 ?\d)|(?<=\d)RM(?= ?\d)",
        lambda m: Said("model", "RM") if _GYM.search(sentence_around(m)) else None,
    ),
    rule(r"(?<![\d.:])(\d{1,2}):([0-5]\d):([0-5]\d)\.(\d{1,3})(?![\d.:])", _lap),
    rule(r"(?<![\d./-])\d{1,2}-\d{1,2}(?:/\d{1,2}-\d{1,2}){1,6}(?![\d./-])", _games),
    rule(r"(?<![A-Za-z\d./-])(\d{1,3}(?:\.\d)?)[kK](?![A-Za-z\d])(?!\+)", _run),
    rule(r"(?<![\d.-])([67])-([67])\((\d{1,2})\)", _tie_break),
    rule(
        r"(?:(?<=三分)|(?<=3分)|(?<=分球)|(?<=投篮)|(?<=罚球)|(?<=罚篮)|(?<=罚))(\d{1,2})[-/](\d{1,2})"
        r"(?![\d./:-])",
        _shots,
    ),
    rule(r"(?<![\d.])(\d{1,2}(?:\.\d)?)%[-:](\d{1,2}(?:\.\d)?)%", _shares),
    rule(
        r"(?:(?<=xG)|(?<=xG ))(\d\.\d{1,2})-(\d\.\d{1,2})(?!\d)",
        lambda m: Said("range", f"{amount(m[1])}比{amount(m[2])}"),
    ),
    rule(r"(?<=\d\))-(?=\d{1,2}\()", _of_brackets),
)
