"""Mandarin text to tokens: at every place of its plain form the first rule that fits. Pure."""

import re
import unicodedata
from dataclasses import replace

from model.loading import loaded_once
from model.speech.hanzi.traditional import simplified
from tasks.reading.mandarin import (
    accounts,
    addresses,
    counts,
    measures,
    money,
    names,
    phones,
    ranges,
    signs,
)
from tasks.reading.mandarin.doubts.joints import with_doubts
from tasks.reading.mandarin.numerals import cardinal
from tasks.reading.mandarin.rules import Said, Say
from tasks.reading.mandarin.times import dates
from tasks.reading.mandarin.trades import (
    cars,
    finance,
    health,
    homes,
    industry,
    periods,
    schools,
    software,
    sport,
)
from tasks.reading.tokens import Token

_RULES = (
    *addresses.RULES,
    *accounts.RULES,
    *periods.RULES,
    *sport.RULES,
    *schools.RULES,
    *health.RULES,
    *finance.RULES,
    *cars.RULES,
    *industry.RULES,
    *homes.RULES,
    *software.RULES,
    *names.FIRST,
    *phones.RULES,
    *dates.RULES,
    *money.RULES,
    *ranges.RULES,
    *measures.RULES,
    *counts.FIRST,
    *names.RULES,
    *counts.RULES,
    *signs.RULES,
)
_LETTERS = re.compile(r"[A-Za-z]+")
_CANDIDATE = re.compile(r"[^\s\u3400-\u9fff，。！？；：、“”‘’《》【】（）…]|[壹贰叁参肆伍陆柒捌玖]")


def mandarin_tokens(text: str) -> tuple[Token, ...]:
    """The tokens of a Mandarin text, in order; Latin words in it are left to the voice."""
    seen = plain(text)
    tokens: list[Token] = []
    place = 0
    while found := _CANDIDATE.search(seen, place):
        start = found.start()
        token = _token_at(text, seen, start)
        if token:
            tokens.append(_apart(seen, token))
        place = token.end if token else start + 1
    return with_doubts(seen, tokens)


@loaded_once
def _compiled_rules() -> tuple[tuple[re.Pattern[str], Say], ...]:
    """Compiled for the first text: most processes that import this read none."""
    return tuple((re.compile(pattern), say) for pattern, say in _RULES)


def _token_at(text: str, seen: str, start: int) -> Token | None:
    for pattern, say in _compiled_rules():
        match = pattern.match(seen, start)
        said = say(match) if match and match.end() > start else None
        if match and said:
            return _token(start, match.end(), said)
    if text[start] != seen[start] and seen[start].isascii() and seen[start].isalpha():
        letters = _LETTERS.match(seen, start)
        end = letters.end() if letters else start + 1
        return Token(start, end, "acronym", seen[start:end])
    return _numeral(seen[start], start)


def _token(start: int, end: int, said: Said) -> Token:
    return Token(start, end, said.kind, said.spoken, doubt=said.doubt)


def _apart(seen: str, token: Token) -> Token:
    """周五19:00 would sound like 五十九点 without a pause."""
    left = seen[token.start - 1 : token.start]
    if left and left in "一二三四五六七八九" and token.spoken.startswith("十"):
        return replace(token, spoken=f"，{token.spoken}")
    return token


def _numeral(sign: str, start: int) -> Token | None:
    """A number of another script or in a ring, which no rule knows."""
    if unicodedata.category(sign) not in ("No", "Nl"):
        return None
    value = unicodedata.numeric(sign)
    if value != int(value) or value < 0:
        return None
    return Token(start, start + 1, "cardinal", cardinal(int(value)))


_SIGNS = {
    **dict.fromkeys("－−‐‑﹣﹘", "-"),
    **dict.fromkeys("～〜∼˜﹏", "~"),
    **dict.fromkeys("％﹪", "%"),
    **dict.fromkeys("＋﹢", "+"),
    **dict.fromkeys("／∕⁄", "/"),
    **dict.fromkeys("＝﹦", "="),
    **dict.fromkeys("＃﹟", "#"),
    **dict.fromkeys("＠﹫", "@"),
    **dict.fromkeys("＆﹠", "&"),
    **dict.fromkeys("＊﹡∗✕✖", "*"),
    **dict.fromkeys("＄﹩", "$"),
    **dict.fromkeys("￥", "¥"),
    **dict.fromkeys("￡", "£"),
    **dict.fromkeys("￦", "₩"),
    **dict.fromkeys("＜﹤", "<"),
    **dict.fromkeys("＞﹥", ">"),
    **dict.fromkeys("≧⩾", "≥"),
    **dict.fromkeys("≦⩽", "≤"),
    **dict.fromkeys("≒≃≅", "≈"),
    **dict.fromkeys("＿", "_"),
    **dict.fromkeys("｜", "|"),
    **dict.fromkeys("＾", "^"),
    **dict.fromkeys("＼", "\\"),
    **dict.fromkeys("➡➜➔⇒→⇄↔⇌", "→"),
    **dict.fromkeys("“”＂", '"'),
    **dict.fromkeys("″", '"'),
    **dict.fromkeys("（﹙〔〖［", "("),
    **dict.fromkeys("）﹚〕〗］", ")"),
    **dict.fromkeys("☎☏✆", "℡"),
    "\u00b5": "μ",
    "\u2126": "Ω",
    "\u3000": " ",
    "\u00a0": " ",
    "\u2009": " ",
    "\u202f": " ",
    "\t": " ",
}
_BETWEEN_DIGITS = {"：": ":", "∶": ":", "︰": ":", "．": ".", "﹕": ":"}
"""Behind a word these are a sign of the sentence: 时间：9：00 has one of either kind."""

_AMERICAN = re.compile(r"美[元金股国]|US(?![D$])|纽约|纳斯达克")
_OWN_DOLLARS = re.compile(
    r"(?:HK|NT|MOP|S|SG)\$|(?<![A-Z])(?:HKD|NTD|TWD|SGD|MOP)(?![A-Z])|港[币元铁]|[台臺]币|坪|捷[运運]|"
    r"香港|九[龙龍]|旺角|中[环環]|尖沙咀|八[达達]通|呎|(?<![A-Z])GST(?![A-Z])|澳[门門]|[台臺][北中南湾灣]|高雄|新北|新竹|新加坡|[组組]屋"
)
"""Signs of Hong Kong, Macao, Taiwan and Singapore in a script of characters they all share.

Where a script writes US$ or USD beside a bare $, the bare one is its own dollar.
"""
_WIDE_THOUSANDS = re.compile(r"(?<=[０-９])，(?=[０-９]{3}(?![０-９]))")


def plain(text: str) -> str:
    """``text`` with half-width digits, letters and signs, and in simplified characters."""
    one_script = simplified(text)
    narrow = [_narrow(sign) for sign in one_script]
    is_theirs = "$" in narrow and (one_script != text or _OWN_DOLLARS.search(text))
    if is_theirs and not _AMERICAN.search(one_script):
        narrow = [_own_dollar(narrow, index) for index in range(len(narrow))]
    for comma in _WIDE_THOUSANDS.finditer(text):
        narrow[comma.start()] = ","
    for index, sign in enumerate(narrow):
        if sign in _BETWEEN_DIGITS and _is_between(narrow, index):
            narrow[index] = _BETWEEN_DIGITS[sign]
    return "".join(narrow)


def _own_dollar(signs: list[str], index: int) -> str:
    """A bare $ is the dollar of Hong Kong, Taiwan or Singapore, which is 元."""
    left = "".join(signs[max(0, index - 2) : index])
    is_bare = signs[index] == "$" and not re.search("(?<![餐款区座组型])[A-Z]$", left)
    return "¥" if is_bare else signs[index]


def _narrow(sign: str) -> str:
    if sign < "\x80":
        return " " if sign == "\t" else sign
    if sign in _SIGNS:
        return _SIGNS[sign]
    if unicodedata.category(sign) == "Nd":
        return str(unicodedata.decimal(sign))
    code = ord(sign)
    if 0xFF21 <= code <= 0xFF5A and chr(code - 0xFEE0).isalpha():
        return chr(code - 0xFEE0)
    return _plain_letter(sign)


def _plain_letter(sign: str) -> str:
    """Letters of the mathematical alphabets (𝐒𝐀𝐋𝐄) are letters."""
    if not 0x1D400 <= ord(sign) <= 0x1D7FF:
        return sign
    wide = unicodedata.normalize("NFKC", sign)
    return wide if len(wide) == 1 and wide.isascii() else sign


_COUNTED_BEHIND = re.compile(r"\d+(?:[\"人台款名]|GB)")


def _is_between(signs: list[str], index: int) -> bool:
    inside = 0 < index < len(signs) - 1
    if signs[index] == "：" and _COUNTED_BEHIND.match("".join(signs[index + 1 : index + 8])):
        return False  # 1.0：32人服
    return inside and _is_of_number(signs[index - 1]) and _is_of_number(signs[index + 1])


def _is_of_number(sign: str) -> bool:
    return sign.isascii() and sign.isalnum()
