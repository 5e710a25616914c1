"""Telephone numbers in a text of any language. Pure.

A number counts as one because of its shape, or because of the words before it, which are those of a
language. How its digits are read aloud is for the reader of the language.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_CANDIDATE = re.compile(
    r"(?<![A-Za-z0-9$€£¥₹#@+])(?<!\d[.,:/-])(?<!\d )(\+ ?)?(?<![A-Za-z]-)\(?\d"
    r"(?:(?:[ .\u00a0-]|\) ?| ?\(|\)-)?\d){2,16}"
    r"(?![A-Za-z0-9%°$€£¥]|[.,:/-]\d| ?[-–=+×] ?\d)"
)
_LETTERS = re.compile(
    r"(?<![\w+-])1-(8(?:00|33|44|55|66|77|88))-((?=[A-Z0-9-]*[A-Z]{3})[A-Z0-9-]{4,14})(?![\w-])"
)
_EXTENSION = re.compile(r",? ?\(?(?:ext\.?|extension|x\.?)[ :]?(\d{1,6})(?!\w)\)?", re.IGNORECASE)
_SHAPES = re.compile(
    r"(?:1[ .-]?)?(?:\(\d{3}\)[ -]?|\d{3}[ .-])\d{3}[ .-]\d{4}"  # North America, hotlines
    r"|\d{3}-(?:0\d{3}|\d{3}[1-9]|\d\d[1-9]0)"  # but not 100-1000
    r"|1[38]00[ -]\d{3}[ -]\d{3}|1[3-9]\d([ -])\d{4}\1\d{4}|[48]00-\d{3,4}-\d{3,4}"  # China
    r"|\(?0\d{2,3}[) -]{1,2}\d{7,8}|\(?0\d{1,4}\)?[ -]\d{3,4}[ -]?\d{3,4}"
    r"|\(?0\d{2,4}\)?(?:[ -]\d{2,4}){2,4}"
    r"|00[ -]?[1-9]\d{0,2}[ -]\(?\d{1,5}\)?(?:[ -]\d{2,5}){1,4}"  # from abroad
)
_SLASHED = re.compile(
    r"(?<![\w.,:/$€£#-])(?:\(\d{3}\)|\d{3})/ ?\d{3}[-. ]\d{4}(?![\w/]|[.,:-]\d)"
    r"|(?<![\w.,:/$€£#-])(?<!\d )\(?0[1-9]\d{1,3}\)? ?/ ?\d{3,8}(?:[ -]\d{1,4}){0,3}"
    r"(?![\w/]|[.,:-]\d)"
)
_LEAST_SLASHED = 7  # digits; 013/256 is a number of something else
_COUNTRY = {10: "US", 11: "CN"}


@dataclass(frozen=True)
class PhoneNumber:
    """``text[start:end]`` is a telephone number.

    Attributes:
        start: index of its first character.
        end: index behind its last character, that of the extension if there is one.
        has_plus: whether it begins with the plus of an international number.
        groups: its digits as they are grouped in print; the last one is a word in numbers such as
            1-800-FLOWERS.
        extension: the digits of the extension, or nothing.
    """

    start: int
    end: int
    has_plus: bool
    groups: tuple[str, ...]
    extension: str = ""


def find_phone_numbers(text: str, cue: re.Pattern[str]) -> tuple[PhoneNumber, ...]:
    """The telephone numbers of ``text``, in order.

    Args:
        text: in any language.
        cue: what stands right before a number that is to be dialled ("call", "hotline:"); it is
            searched in the 30 characters before the number and should end with ``$``.
    """
    slashed = [
        PhoneNumber(match.start(), match.end(), False, tuple(re.findall(r"\d+", match[0])))
        for match in _SLASHED.finditer(text)
        if len(re.sub(r"\D", "", match[0])) >= _LEAST_SLASHED
    ]
    found = list(slashed)
    for number in (*_with_letters(text), *_with_digits(text, cue)):
        if all(number.end <= other.start or other.end <= number.start for other in found):
            found.append(number)
    return tuple(sorted(found, key=lambda number: number.start))


def _with_letters(text: str) -> Iterator[PhoneNumber]:
    for match in _LETTERS.finditer(text):
        groups = ("1", match[1], *match[2].split("-"))
        yield PhoneNumber(match.start(), match.end(), False, groups)


def _with_digits(text: str, cue: re.Pattern[str]) -> Iterator[PhoneNumber]:
    for match in _CANDIDATE.finditer(text):
        written = match[0]
        start = match.start()
        if written.startswith("(") and ")" not in written:
            written, start = written[1:], start + 1
        is_called = bool(cue.search(text[max(0, start - 30) : start]))
        if not _is_phone_number(written, is_called):
            continue
        extension = _EXTENSION.match(text, match.end())
        yield PhoneNumber(
            start,
            extension.end() if extension else match.end(),
            written.startswith("+"),
            _groups(written),
            extension[1] if extension else "",
        )


def _is_phone_number(written: str, is_called: bool) -> bool:
    digits = re.sub(r"\D", "", written)
    if written.startswith("+"):
        return 7 <= len(digits) <= 15 and (is_called or _is_known(written, None))
    if is_called and _is_dialled(written, digits):
        return True
    if _SHAPES.fullmatch(written):
        return True
    return digits == written and (
        (len(digits) == 11 and digits.startswith("1") and _is_known(digits, "CN"))
        or (len(digits) in (10, 11) and digits.startswith("0") and _is_known(digits, "GB"))
    )


def _is_dialled(written: str, digits: str) -> bool:
    """Whether it is long enough; short ones (911, 95588) are codes, which a language tells."""
    is_round = digits.endswith("000") and written == digits
    is_long = len(digits) >= 7 or (len(digits) == 6 and written != digits)
    return is_long and not is_round


def _is_known(written: str, country: str | None) -> bool:
    import phonenumbers  # a large module, needed by few texts

    try:
        number = phonenumbers.parse(written, country)
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.is_possible_number(number) and (
        country is None or phonenumbers.is_valid_number(number)
    )


def _groups(written: str) -> tuple[str, ...]:
    """The groups as they are written, or as the country prints them where none are."""
    digits = re.sub(r"\D", "", written)
    groups: tuple[str, ...] = tuple(re.findall(r"\d+", written))
    if len(groups) > 1 or len(digits) < 7:
        return groups
    import phonenumbers  # a large module, needed by few texts

    country = "GB" if digits.startswith("0") else _COUNTRY.get(len(digits))
    has_plus = written.startswith("+")
    if not has_plus and country is None:
        return groups
    try:
        number = phonenumbers.parse(written, None if has_plus else country)
    except phonenumbers.NumberParseException:
        return groups
    style = phonenumbers.PhoneNumberFormat
    printed = phonenumbers.format_number(
        number, style.INTERNATIONAL if has_plus else style.NATIONAL
    )
    grouped: tuple[str, ...] = tuple(re.findall(r"\d+", printed))
    return grouped if "".join(grouped) == digits else groups
