"""Commands, versions, cells of sheets, messages, and English phrases with a figure. Pure."""

import re

from tasks.reading.mandarin.money import is_priced
from tasks.reading.mandarin.numerals import amount, digits, is_counted
from tasks.reading.mandarin.rules import Rule, Said, after, before, rule, sentence_around

_COMMAND = re.compile(
    r"(?<![A-Za-z])(?:pip3?|npm|npx|yarn|pnpm|git|docker|kubectl|sudo|apt|brew|conda|python3?|node|"
    r"curl|ssh|ls|rm|cp|tar|grep|ffmpeg|make|cargo|go)(?: [\w@./:=-]+)* $"
)
_SHEET = re.compile(r"Excel|WPS|表格|公式|单元格|引用|锁定|[Ss]heets?|F4")
_ENGLISH_NUMBERS = {"1": "one", "2": "two", "3": "three", "4": "four", "5": "five"}


def _flag(match: re.Match[str]) -> Said | None:
    """A flag: pip install -U, npm i --save."""
    line = match.string[: match.start()].rpartition("\n")[2]
    return Said("sign", "杠" * len(match[0])) if _COMMAND.search(line) else None


def _cell(match: re.Match[str]) -> Said | None:
    """$A$1 of a sheet."""
    if not _SHEET.search(sentence_around(match)):
        return None
    column, row = match.groups()
    return Said("model", f"{column}{amount(row)}", f"{match[0]} is read without its signs")


def _in_english(match: re.Match[str]) -> Said:
    """Buy 1 Get 1."""
    return Said("cardinal", _ENGLISH_NUMBERS[match[0]])


_ENGLISH_ORDINALS = (
    *("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"),
    *("tenth", "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth"),
    *("seventeenth", "eighteenth", "nineteenth", "twentieth"),
)


def _ordinal_in_english(match: re.Match[str]) -> Said | None:
    """2nd floor."""
    number = int(match[1])
    is_told = 1 <= number <= len(_ENGLISH_ORDINALS)
    return Said("model", _ENGLISH_ORDINALS[number - 1]) if is_told else None


_LATIN_SHORT = {"e.g.": "例如", "i.e.": "也就是", "eg.": "例如", "ie.": "也就是"}


def _next_protection(match: re.Match[str]) -> Said | None:
    """IP68/69."""
    if not re.search(r"(?<![A-Za-z])IP\d\d$", before(match)):
        return None
    return Said("model", f"、{digits(match[1])}{match[2] or ''}")


_HTTP = re.compile(
    r"HTTP|状态码|错误码|接口|[Nn]ginx|网关|服务器|网页|页面|浏览器|(?:报|返回|出现|提示)了? ?\d{3}"
)


def _status(match: re.Match[str]) -> Said | None:
    """报503 and 返回404: a status, by its digits; round ones are numbers (500)."""
    if not _HTTP.search(f"{sentence_around(match)} {before(match)[-4:]}{match[0]}"):
        return None
    if is_counted(after(match)) or is_priced(before(match)):
        return None
    return Said("digits", digits(match[0]))


_MESSAGE = re.compile(r"短信|编辑|发送|回复|[发發]至|发[A-Z]")
_PAIRS = ("P/E", "P/B", "P/S", "I/O", "C/P", "L/C", "N/A", "D/A", "D/P", "B/L", "Y/Y", "M/M", "R/W")
_GAME = re.compile(r"Lv|LV|EXP|MP|[血攻防伤]|副本|装备|技能|角色|[A-Z]{2,3}\+\d")


def _key_of_message(match: re.Match[str]) -> Said | None:
    """CXXZ#姓名#证件号: what is typed; #新品# is a topic."""
    sentence = sentence_around(match)
    left = match.string[max(0, match.start() - 30) : match.end()]
    is_typed = re.search(r"(?<![#A-Za-z])[A-Z]{2,8}#", left) and _MESSAGE.search(sentence + left)
    return Said("sign", "井号") if is_typed else None


def _pair_of_letters(match: re.Match[str]) -> Said | None:
    """P/E and I/O are said as two letters."""
    pair = f"{before(match)[-1]}/{after(match)[0]}"
    return Said("sign", " ") if pair in _PAIRS else None


def _port(match: re.Match[str]) -> Said | None:
    """端口用8443, 别用8080: the numbers of a sentence about ports."""
    is_port = re.search(r"端口|(?<![A-Za-z])[Pp]ort", sentence_around(match))
    is_other = is_counted(after(match)) or is_priced(before(match))
    return Said("digits", digits(match[0])) if is_port and not is_other else None


def _lost_points(match: re.Match[str]) -> Said | None:
    """HP-50 beside EXP+200: what a player loses."""
    return Said("sign", "减") if _GAME.search(sentence_around(match)) else None


RULES: tuple[Rule, ...] = (
    rule(r"(?<=[A-Za-z\d\u3400-\u9fff])#(?=[\u3400-\u9fffA-Za-z\d])", _key_of_message),
    rule(r"(?<=(?<![A-Za-z/])[A-Z])/(?=[A-Z](?![A-Za-z/]))", _pair_of_letters),
    rule(
        r"(?<![\d.])(\d{1,3}(?:\.\d{1,3})?)\.[xX](?![A-Za-z\d])",
        lambda m: Said("version", f"{amount(m[1])}点x"),
    ),
    rule(
        r"(?<![\d./])(\d{1,3})/(?=\d{1,3} ?(?:Plus|Pro|Max|Ultra|[Mm]ini|Air|SE|Lite)(?![a-z]))",
        lambda m: Said("model", f"{amount(m[1])}、"),
    ),
    rule(r"(?:(?<=HP)|(?<=MP)|(?<=SAN))-(?=\d+(?:[，。、；]|$))", _lost_points),
    rule(r"(?<![\d.,:A-Za-z/-])\d{3,5}(?![\d.,:%A-Za-z/+-])", _port),
    rule(
        r"(?<![\d.,:A-Za-z/¥$€£+-])(?:40[1-9]|41\d|42[29]|50[1-4]|30[1-8])"
        r"(?![\d.,:%A-Za-z/+~-]|[万千百]| ?[毫微]?秒| ?字节)",
        _status,
    ),
    rule(r"(?:(?<=输入)|(?<=键入)|(?<=敲入))>(?=[A-Za-z])", lambda _: Said("sign", "大于号")),
    rule(r"(?<= )-{1,2}(?=[A-Za-z])", _flag),
    rule(r"\$([A-Z]{1,2})\$?(\d{1,4})(?![\d.,])", _cell),
    rule(
        r"(?i)(?:(?<=\bbuy )|(?<=\bget )|(?<=\btake ))[1-5](?= (?:get|take|free)| ?[^a-z\d ]|$)",
        _in_english,
    ),
    rule(r"(?<![\d.A-Za-z])(\d{1,2})(?:st|nd|rd|th)(?![A-Za-z\d])", _ordinal_in_english),
    rule(
        r"(?<![A-Za-z.])(?:e\.g\.|i\.e\.|eg\.|ie\.)(?![A-Za-z\d]) ?",
        lambda m: Said("abbreviation", _LATIN_SHORT[m[0].strip()]),
    ),
    rule(
        r"(?<![\d.A-Za-z])([1-5]) ?on ?([1-5])(?![\d.A-Za-z])",
        lambda m: Said("model", f"{amount(m[1])}对{amount(m[2])}"),
    ),
    rule(
        r"(?:(?<=(?<![A-Za-z])[EV]p)|(?<=(?<![A-Za-z])P)|(?<=(?<![A-Za-z])pp)|(?<=[Ff]ig)|(?<=[Ss]ec)|"
        r"(?<=[Rr]ev)|(?<=[Vv]er))\. ?(?=\d|[A-Z](?![A-Za-z]))",
        lambda _: Said("abbreviation", " "),
    ),
    rule(
        r"(?<![A-Za-z\d])N°(\d{1,3})(?!\d)",
        lambda m: Said("ordinal", f"{amount(m[1])}号"),
    ),
    rule(
        r"(?<![\d.,])(?:18650|21700|26650|14500|32700)(?= ?(?:电[芯池]|锂))",
        lambda m: Said("model", digits(m[0])),
    ),
    rule(r"/(?:IP)?(\d\d)(K)?(?![A-Za-z\d])", _next_protection),
    rule(r"(?<=(?<![A-Za-z])[A-D])\*(?=[率级等、，。/和以或]|$)", lambda _: Said("sign", "星")),
)
