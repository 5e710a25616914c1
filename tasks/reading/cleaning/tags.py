"""Tags in a text: where they are, their names and attributes, and which of them mean what. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

_VALUE = r"\"[^\"<>]*\"|'[^'<>]*'|[“”][^“”<>]*[“”]|[^\s\"'“”<>/=]+"
_TAG = re.compile(
    r"<(?P<close>/)?(?P<name>[A-Za-z][A-Za-z0-9]*(?:[:-][A-Za-z0-9]+)*)"
    rf"(?P<attributes>(?:\s+[A-Za-z][\w:.-]*(?:\s*=\s*(?:{_VALUE}))?)*)\s*(?:(?P<empty>/)\s*)?>"
)
_ATTRIBUTE = re.compile(rf"([A-Za-z][\w:.-]*)(?:\s*=\s*({_VALUE}))?")
_SILENT = re.compile(r"<!--[\s\S]{0,500}?-->|<!DOCTYPE[^<>]*>|<\?xml[^<>]*\?>", re.IGNORECASE)
_BROKEN = re.compile(
    r"</?(?:speak|break|sub|say-as|emphasis|prosody)\b[^>\n]{0,80}>?", re.IGNORECASE
)
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


def tags(text: str) -> Iterator[Tag]:
    """Every tag of a text, in order; ``x < y`` and ``<first name>`` are none."""
    at = 0
    while (at := text.find("<", at)) >= 0:
        found = _tag_at(text, at)
        if found:
            yield found
            at = found.end
        else:
            at += 1


def _tag_at(text: str, at: int) -> Tag | None:
    silent = _SILENT.match(text, at)
    if silent:
        return Tag(at, silent.end(), "")
    match = _TAG.match(text, at)
    if match:
        name = match["name"].lower()
        written = {key.lower(): value for key, value in _ATTRIBUTE.findall(match["attributes"])}
        is_known = name in NESTED | PARAGRAPHS | INLINE | {"break"}
        if all(value or key in _WITHOUT_VALUE for key, value in written.items()):
            if is_known or written or match["close"] or match["empty"]:
                is_closing, is_empty = bool(match["close"]), bool(match["empty"])
                attributes = {key: value.strip(_QUOTES).strip() for key, value in written.items()}
                return Tag(at, match.end(), name, is_closing, is_empty, attributes)
            return None
        if not is_known:
            return None
    broken = _BROKEN.match(text, at)
    return Tag(at, broken.end(), "", is_broken=True) if broken else None
