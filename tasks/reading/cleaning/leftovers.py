"""What programs leave in a text and what it certainly meant: entities, escapes, Markdown. Pure."""

import re
import unicodedata
from collections.abc import Callable
from html.entities import html5

from tasks.reading.cleaning.draft import Draft, Edit
from tasks.reading.cleaning.letter_shapes import letter_shapes
from tasks.reading.cleaning.placeholders import names_field
from tasks.reading.cleaning.speakers import speaker_labels
from tasks.reading.cleaning.tags import spans_of_marks

_MOST_SHOWN = 4
_MOST_LAYERS = 3  # text that was escaped again and again
_EXCEL_CODE = re.compile(r"(?:_x000[Dd]_\n?|_x([0-9A-Fa-f]{4})_)")
_ESCAPE = re.compile(r"\\r\\n|\\[nr]|\\t|\\\"|\\'|\\u([0-9A-Fa-f]{4})")
_ESCAPED = {"n": "\n", "r": "\n", "t": " "}
_PATH = re.compile(
    r"(?:[A-Za-z]:|\\)\\\S*|\$[^$\n]*\\[A-Za-z]+[^$\n]*\$|\\[A-Za-z]{3,20}\{[^{}\n]{0,80}\}"
)
_COMMON_NAMES = "nbsp|amp|quot|apos|lt|gt|[mn]dash|hellip|[lr][sd]quo|copy|reg|trade|euro|pound"
_ENTITY = re.compile(
    r"&(?:#(\d{1,7})|#[xX]([0-9A-Fa-f]{1,6})|([A-Za-z][A-Za-z0-9]{1,31}));"
    rf"|&({_COMMON_NAMES})(?![A-Za-z0-9;=])"
)
# joiners stay behind what they may join: emoji, and letters that are not of the alphabet
_INVISIBLE = re.compile(
    r"[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]"
    r"|(?<![^\x00-\x7f])[\u200c\u200d]|\ufffc"
    # tags, but for those that make a black flag that of a country
    r"|(?<![\U0001f3f4\U000e0020-\U000e007e])[\U000e0001\U000e0020-\U000e007f]+"
)
_BLANK = re.compile("[\u115f\u1160\u2800\u3164\uffa0]+")  # letters that show nothing
_LINE_END = re.compile(r"[\x0b\x0c\x85\u2028\u2029]")
_BRACKETED_ADDRESS = re.compile(r"<(https?://[^\s<>]+|(?:mailto:)?[\w.+-]+@[\w-]+(?:\.[\w-]+)+)>")

_LINK = re.compile(r"(?<![!\]])\[([^\[\]\n]+)\]\(\s*<?[^\s()]+>?(?:\s+[\"'][^\"'\n]*[\"'])?\s*\)")
_IMAGE = re.compile(r"!\[[^\[\]\n]*\]\(\s*<?[^\s()]+>?(?:\s+[\"'][^\"'\n]*[\"'])?\s*\)[ \t]?")
_STRONG = re.compile(
    r"(?<![A-Za-z0-9\\])(\*\*|__|==)(?=\S)([^\n]{0,300}?[^\s*_=])\1(?![A-Za-z0-9])"
)
_EMPHASIS = re.compile(r"(?<![A-Za-z0-9*\\])\*(?=[^\s*|])([^*\n]*?[^\s*])\*(?![A-Za-z0-9*])")
_UNDERLINED = re.compile(r"(?<![A-Za-z0-9_\\])_(?=[^\s_])([^_\n]*?[^\s_])_(?![A-Za-z0-9_])")
_CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_HEADING = re.compile(r"^[ \t]{0,3}(#{1,6}[ \t]+)(?=\S)", re.MULTILINE)
_BULLET = re.compile(
    r"^[ \t]*([-*+•‣▪●○◦·][ \t]+(?:\[[ xX]\][ \t]+)?)(?=\S)|^[ \t]*([•‣▪●○◦])(?=[^\s•])",
    re.MULTILINE,
)
_QUOTE = re.compile(r"^[ \t]{0,3}((?:>[ \t]?)+)(?=[^\s>])(?<!>(?=[\d$€£¥=.]))", re.MULTILINE)
_RULE = re.compile(r"^[ \t]*(?:-{3,}|\*{3,}|={3,})[ \t]*(?:\n|$)", re.MULTILINE)
_NUMBER_BEHIND = re.compile(r"[-−]?\d")

_Pass = Callable[[str], list[Edit]]


def repaired(draft: Draft) -> tuple[Draft, tuple[str, ...]]:
    """``draft`` without what programs left, where it is certain what was meant, and notices."""
    notices: list[str] = []
    for told, find in _PASSES:
        found: list[str] = []
        for _ in range(_MOST_LAYERS):
            edits = find(draft.text)
            if not edits:
                break
            found += [draft.text[start:end] for start, end, _ in edits]
            draft = draft.edited(edits)
        if found:
            notices.append(f"{told}: {_listed(found)}")
    return draft, tuple(notices)


def _listed(found: list[str]) -> str:
    shown = [_visible(each) for each in dict.fromkeys(each.strip(" \t\r\n") for each in found)]
    more = len(shown) - _MOST_SHOWN
    return " ".join(shown[:_MOST_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _visible(text: str) -> str:
    return "".join(
        f"U+{ord(sign):04X}" if unicodedata.category(sign) in ("Cf", "Cc", "Zl", "Zp") else sign
        for sign in text
    )


def _excel_codes(text: str) -> list[Edit]:
    edits: list[Edit] = []
    for match in _EXCEL_CODE.finditer(text):
        sign = chr(int(match[1], 16)) if match[1] else "\n"
        edits.append((*match.span(), "\n" if sign in "\r\n" else _plain(sign)))
    return edits


def _plain(sign: str) -> str:
    """A character that a code stood for, where a script may hold it."""
    if sign in "\t\xa0":
        return " "
    return "" if unicodedata.category(sign) in ("Cc", "Cs") else sign


def _escapes(text: str) -> list[Edit]:
    if "\\" not in text:
        return []
    paths = [match.span() for match in _PATH.finditer(text)]
    edits: list[Edit] = []
    for match in _ESCAPE.finditer(text):
        if any(start <= match.start() < end for start, end in paths):
            continue
        kind = match[0][1]
        sign = (
            chr(int(match[1], 16)) if match[1] else {"n": "\n", "r": "\n", "t": " "}.get(kind, kind)
        )
        edits.append((*match.span(), sign if sign == "\n" else _plain(sign)))
    return edits


def _entities(text: str) -> list[Edit]:
    edits: list[Edit] = []
    marks = spans_of_marks(text) if "&" in text and "<" in text else []
    for match in _ENTITY.finditer(text):
        if any(start < match.start() < end for start, end in marks):
            continue
        decimal, hexadecimal, name, unended = match.groups()
        if name or unended:
            signs = html5.get(f"{name or unended};")
        else:
            code = int(decimal) if decimal else int(hexadecimal, 16)
            signs = chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else None
        if signs is not None:
            edits.append((*match.span(), "".join(_spaced(sign) for sign in signs)))
    return edits


def _spaced(sign: str) -> str:
    """A sign of an entity; its spaces of all widths are spaces, its line ends line ends."""
    if sign in "\r\n":
        return "\n"
    return " " if unicodedata.category(sign) == "Zs" else _plain(sign)


def _invisible(text: str) -> list[Edit]:
    edits = [(*match.span(), "") for match in _INVISIBLE.finditer(text)]
    return sorted([*edits, *((*match.span(), " ") for match in _BLANK.finditer(text))])


def _line_ends(text: str) -> list[Edit]:
    return [(*match.span(), "\n") for match in _LINE_END.finditer(text)]


def _addresses(text: str) -> list[Edit]:
    return [
        (*match.span(), match[1].removeprefix("mailto:"))
        for match in _BRACKETED_ADDRESS.finditer(text)
    ]


def _links(text: str) -> list[Edit]:
    return [(*match.span(), match[1]) for match in _LINK.finditer(text)]


def _images(text: str) -> list[Edit]:
    return [(*match.span(), "") for match in _IMAGE.finditer(text)]


def _emphasis(text: str) -> list[Edit]:
    """The marks alone, so that the words between them keep their places."""
    if not any(sign in text for sign in "*_`="):
        return []
    edits: list[Edit] = []
    for pattern in (_STRONG, _EMPHASIS, _UNDERLINED, _CODE):
        taken = {index for start, end, _ in edits for index in range(start, end)}
        for match in pattern.finditer(text):
            start, end = match.span(match.lastindex or 0)
            marks = (*range(match.start(), start), *range(end, match.end()))
            is_of_words = pattern is _CODE or any(map(str.isalpha, text[start:end]))
            is_field = pattern is _STRONG and match[1] == "__" and names_field(match[2])
            if is_of_words and not is_field and taken.isdisjoint(marks):
                edits += [(match.start(), start, ""), (end, match.end(), "")]
    return sorted(edits)


def _lines(text: str) -> list[Edit]:
    """Marks at the start of lines: headings, bullets, quotations, rules."""
    edits: list[Edit] = [
        (*match.span(), "\n" if match[0][-1:] == "\n" else "") for match in _RULE.finditer(text)
    ]
    ruled = {start for start, _, _ in edits}
    bullets = list(_BULLET.finditer(text))
    for match in (*_HEADING.finditer(text), *_QUOTE.finditer(text), *bullets):
        group = match.lastindex or 0
        is_minus = match[group].strip() in "-+" and _NUMBER_BEHIND.match(text, match.end())
        if match.start() not in ruled and not (is_minus and len(bullets) == 1):
            edits.append((*match.span(group), ""))
    return sorted(edits)


_PASSES: tuple[tuple[str, _Pass], ...] = (
    ("codes of a spreadsheet were replaced by what they stand for", _excel_codes),
    ("escapes were replaced by what they stand for", _escapes),
    ("HTML entities were replaced by what they stand for", _entities),
    ("line ends of other programs were replaced by usual ones", _line_ends),
    ("invisible characters were left out", _invisible),
    ("letters in other shapes were replaced by plain ones", letter_shapes),
    ("brackets around addresses were left out", _addresses),
    ("images were left out", _images),
    ("links were replaced by their texts", _links),
    ("marks of Markdown at the start of lines were left out", _lines),
    ("marks of Markdown were left out", _emphasis),
    ("labels of speakers were left out", speaker_labels),
)
