"""Tags in a text: where they are, their names and attributes, and which of them mean what. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import unescape

_VALUE = r"\"[^\"<>]*\"|'[^'<>]*'|[“”][^“”<>]*[“”]|[^\s\"'“”<>/=]+"
_TAG = re.compile(
    r"<(?P<close>/)?(?P<name>[A-Za-z][A-Za-z0-9]*(?:[:-][A-Za-z0-9]+)*)"
    rf"(?P<attributes>(?:\s+[A-Za-z][\w:.-]*(?:\s*=\s*(?:{_VALUE}))?)*)\s*(?:(?P<empty>/)\s*)?>"
)
_ATTRIBUTE = re.compile(rf"([A-Za-z][\w:.-]*)(?:\s*=\s*({_VALUE}))?")
_SILENT = re.compile(r"<!--[\s\S]{0,500}?-->|<!DOCTYPE[^<>]*>|<\?xml[^<>]*\?>", re.IGNORECASE)
_MARKS = "(?:speak|break|sub|say-as|emphasis|prosody)"
_BROKEN = re.compile(
    rf"</?{_MARKS}\b[^>\n]{{0,80}}>?"
    # with a space behind the bracket, or brackets as wide as characters
    rf"|[<＜][ \t]{{0,3}}[/／]?[ \t]{{0,3}}{_MARKS}\b(?=[^<>＜＞\n]{{0,80}}[=＝/／]|[ \t]*[>＞])"
    r"[^>＞\n]{0,80}[>＞]?",
    re.IGNORECASE,
)
_ALIASED = re.compile(
    r"<sub\s{1,3}alias\s{0,3}=\s{0,3}(?P<quote>[\"'])(?:(?!(?P=quote))[^\n]){0,200}(?P=quote)\s{0,3}>",
    re.IGNORECASE,
)
_BRACKET = re.compile("[<＜]")
_QUOTES = "\"'“”"

NESTED = frozenset(("speak", "sub", "say-as", "emphasis", "prosody"))
"""Tags that must be closed, the last opened first."""
PARAGRAPHS = frozenset(
    (
        *("p", "s", "br", "div", "li", "ul", "ol", "dl", "dt", "dd", "h1", "h2", "h3", "h4", "h5"),
        *("h6", "tr", "td", "th", "table", "thead", "tbody", "tfoot", "caption", "hr", "section"),
        *("article", "header", "footer", "main", "nav", "aside", "blockquote", "pre", "address"),
        *("html", "head", "body", "title", "figure", "figcaption"),
    )
)
"""Tags that begin a new line."""
INLINE = frozenset(
    (
        *(
            "b",
            "strong",
            "i",
            "em",
            "u",
            "span",
            "font",
            "small",
            "big",
            "mark",
            "a",
            "sup",
            "code",
        ),
        *("kbd", "samp", "var", "ins", "abbr", "acronym", "cite", "q", "center", "label", "time"),
        *("tt", "bdi", "bdo", "wbr", "nobr", "dfn", "data", "o:p"),
    )
)
"""Tags that only change how a text looks."""
_WITHOUT_VALUE = frozenset(
    ("reversed", "hidden", "nowrap", "noshade", "compact", "open", "download")
)


@dataclass(frozen=True)
class Tag:
    """One tag, ``text[start:end]``.

    Attributes:
        start: index of its first character.
        end: index behind its last character.
        name: in small letters; empty for comments and declarations.
        is_closing: ``</name>``.
        is_empty: ``<name/>``.
        attributes: by their names in small letters.
        is_broken: it begins like a mark and is none.
    """

    start: int
    end: int
    name: str
    is_closing: bool = False
    is_empty: bool = False
    attributes: Mapping[str, str] = field(default_factory=dict[str, str])
    is_broken: bool = False


def spans_of_marks(text: str) -> list[tuple[int, int]]:
    """Where whole marks of speech stand, whose attributes keep their entities as they are."""
    return [
        (tag.start, tag.end)
        for tag in tags(text)
        if not tag.is_broken and tag.name in ("sub", "say-as", "break")
    ]


def tags(text: str) -> Iterator[Tag]:
    """Every tag of a text, in order; ``x < y`` and ``<first name>`` are none."""
    at = 0
    while bracket := _BRACKET.search(text, at):
        found = _tag_at(text, bracket.start())
        if found:
            yield found
        at = found.end if found else bracket.end()


def _tag_at(text: str, at: int) -> Tag | None:
    silent = _SILENT.match(text, at)
    if silent:
        return Tag(at, silent.end(), "")
    match = _TAG.match(text, at)
    if match:
        name = match["name"].lower()
        pairs = [(key.lower(), value) for key, value in _ATTRIBUTE.findall(match["attributes"])]
        written = dict(pairs)
        is_known = name in NESTED | PARAGRAPHS | INLINE | {"break"}
        is_said_once = len(written) == len(pairs) or name not in (*NESTED, "break")
        is_whole = all(value or key in _WITHOUT_VALUE for key, value in pairs)
        if is_whole and is_said_once:
            if is_known or written or match["close"] or match["empty"]:
                is_closing, is_empty = bool(match["close"]), bool(match["empty"])
                attributes = {
                    key: unescape(value.strip(_QUOTES)).strip() for key, value in written.items()
                }
                return Tag(at, match.end(), name, is_closing, is_empty, attributes)
            return None
        if not is_known:
            return None
    broken = _ALIASED.match(text, at) or _BROKEN.match(text, at)
    return Tag(at, broken.end(), "", is_broken=True) if broken else None
