"""How web and e-mail addresses, handles, hashtags and file names are read aloud."""

import re

from tasks.reading.addresses import Address, find_addresses
from tasks.reading.english.names.models import letters, name_words
from tasks.reading.english.numbers import cardinal, digits, pairs
from tasks.reading.english.rules import word_set
from tasks.reading.tokens import Token

_SIGNS = {
    ".": "dot",
    "-": "dash",
    "_": "underscore",
    "/": "slash",
    ":": "colon",
    "?": "question mark",
    "=": "equals",
    "&": "and",
    "#": "hash",
    "%": "percent",
    "+": "plus",
    "~": "tilde",
    "@": "at",
    "!": "exclamation mark",
    "$": "dollar",
    "*": "asterisk",
    ",": "comma",
    ";": "semicolon",
    "'": "apostrophe",
    "(": "open bracket",
    ")": "close bracket",
}
_PART = re.compile(r"[^\W\d_]+|\d+|[^\w\s]|_")
_CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\WA-Z\d_]+|\d+|_")
_SPELLED = frozenset(("en", "eu", "uk", "cn", "ig", "faq"))
_HASHTAG = re.compile(r"\b[Hh]ashtags?:? $")
_AT = re.compile(r"\b[Aa]t[ \u00a0]$")
_SPOKEN_ENDINGS = frozenset(["co", "me", "to"])
_WORD_ENDINGS = word_set(
    "com net org edu gov info biz shop store doc docx zip gif mov wav bat key log jar raw pages bak"
)


def address_tokens(text: str) -> tuple[Token, ...]:
    """The tokens of all addresses of ``text``."""
    return tuple(
        Token(
            address.start,
            address.end,
            "address",
            _words(address, before=text[: address.start]),
            doubt=address.doubt,
        )
        for address in find_addresses(text)
        if address.name not in ("ASP.NET", "ADO.NET", "VB.NET", "B.Com", "M.Com")
    )


def _words(address: Address, *, before: str) -> str:
    if address.kind == "hashtag":
        is_named = _HASHTAG.search(before)
        return _camel(address.name) if is_named else f"hashtag {_camel(address.name)}"
    if address.kind == "handle":
        return (
            plain_words(address.name) if _AT.search(before) else f"at {plain_words(address.name)}"
        )
    if address.kind == "file":
        name, _, ending = address.name.rpartition(".")
        return f"{plain_words(name)} dot {ending_words(ending)}"
    if address.kind == "email":
        local, _, host = address.name.partition("@")
        return f"{plain_words(local)} at {_host(host)}"
    found = re.fullmatch(r"([^/?#:]+)(.*)", address.name)
    host, path = (found[1], found[2]) if found else (address.name, "")
    return f"{_host(host)} {plain_words(path)}".strip()


def _host(host: str) -> str:
    if re.fullmatch(r"[\d.]+", host):
        return " dot ".join(digits(part) for part in host.split("."))
    labels = host.split(".")
    words = [plain_words(label) for label in labels[:-1]]
    return " dot ".join([*words, _top(labels[-1])])


def _top(ending: str) -> str:
    plain = ending.lower()
    if len(plain) == 2 and plain not in _SPOKEN_ENDINGS:
        return letters(ending)
    return plain if plain in _WORD_ENDINGS else _word(plain)


def ending_words(ending: str) -> str:
    """The ending of a file name, without its dot."""
    plain = ending.lower()
    if plain in _WORD_ENDINGS:
        return {"doc": "doc", "docx": "doc X", "bak": "back"}.get(plain, plain)
    return "".join(
        f" {_number(part) if part.isdecimal() else letters(part)}" for part in _PART.findall(ending)
    )[1:]


def plain_words(name: str) -> str:
    """A name in parts, and its signs."""
    parts = [_SIGNS.get(part) or _part(part) for part in _PART.findall(name)]
    return " ".join(part for part in parts if part)


def _part(part: str) -> str:
    if part.isdecimal():
        return _number(part)
    if re.search(r"[a-z][A-Z]", part):
        return _camel(part)
    return _word(part)


def _word(part: str) -> str:
    if part in _SPELLED:
        return letters(part)
    return name_words(part)


def _camel(name: str) -> str:
    parts = [part for part in _CAMEL.findall(name) if part != "_"]
    return " ".join(_number(part) if part.isdecimal() else _word(part) for part in parts)


def _number(written: str) -> str:
    if not written.isascii():
        return digits(written)
    is_year = re.fullmatch(r"(?:19|20)\d\d", written)
    if is_year or (len(written) == 3 and written.endswith("00") and written[0] != "0"):
        return pairs(written)
    if len(written) <= 2 and not (len(written) == 2 and written[0] == "0"):
        return cardinal(int(written))
    return digits(written)
