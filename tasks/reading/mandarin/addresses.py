"""Web addresses, e-mail addresses. Pure.

Nobody says 冒号双斜杠: the scheme is left out, www is 三W, a dot is 点.
"""

import re

from tasks.reading.domains import TOP_LEVEL_DOMAINS
from tasks.reading.mandarin.numerals import digits
from tasks.reading.mandarin.rules import Rule, Said, rule

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST = rf"(?:{_LABEL}\.){{1,6}}"
_PATH = r"(?:[/?#](?:[A-Za-z0-9_~%&=#@+$/?.,:;!-]{0,400}[A-Za-z0-9_~%&=#@+$/-])?)?"
_PORT = r"(?::\d{1,5})?"
_WORDS = {
    **{".": "点", "/": "斜杠", "-": "杠", "_": "下划线", "?": "问号", "=": "等于", "&": "和"},
    **{
        "#": "井号",
        "%": "百分号",
        "~": "波浪线",
        "+": "加",
        ":": "冒号",
        "@": " at ",
        "$": "美元符",
    },
    **{",": "逗号", ";": "分号", "!": "感叹号"},
}


def _spelled(address: str) -> str:
    if address.isupper():
        address = address.lower()
    spoken = "".join(digits(sign) if sign.isdigit() else _WORDS.get(sign, sign) for sign in address)
    return re.sub(r"(?i)www(?=点)", "三W", spoken)


def _bare(match: re.Match[str]) -> Said | None:
    """fernlight.shop, without a scheme: its ending must be one that exists."""
    ending = match[2]
    if ending != ending.lower() or ending not in TOP_LEVEL_DOMAINS:
        return None
    return _web(match)


def _web(match: re.Match[str]) -> Said:
    return Said("address", _spelled(match[1].rstrip("/")))


RULES: tuple[Rule, ...] = (
    rule(
        rf"(?<![A-Za-z0-9.])([A-Za-z0-9][A-Za-z0-9._+-]{{0,63}}@{_HOST}[A-Za-z]{{2,24}})(?![A-Za-z0-9])",
        _web,
    ),
    rule(
        rf"(?<![A-Za-z0-9.])[A-Za-z]{{2,8}}://({_HOST}[A-Za-z]{{2,24}}{_PORT}{_PATH})",
        _web,
    ),
    rule(rf"(?i)(?<![A-Za-z0-9.@-])(www\.{_HOST}[A-Za-z]{{2,24}}{_PORT}{_PATH})", _web),
    rule(
        rf"(?<![A-Za-z0-9.@-])((?!\d+\.\d)(?=[A-Za-z0-9.-]*[A-Za-z]){_HOST}([A-Za-z]{{2,24}})"
        rf"(?![A-Za-z0-9-]){_PORT}{_PATH})",
        _bare,
    ),
)
