"""Laws, cases and patents: Art. 6(1)(f), No. 21-cv-1234, US10,234,567B2."""

import re

from tasks.reading.english.names.models import letters, roman_value
from tasks.reading.english.numbers import cardinal, digits, pairs, parse_number, year
from tasks.reading.english.rules import Rule, token
from tasks.reading.tokens import Token

_PARAGRAPHS = re.compile(
    r"(?=\d)(?:(?<=§)|(?<=§ )|(?<=[Ss]ection )|(?<=[Ss]ec\. )|(?<=[Ss]ect\. )|(?<=\b[Ss]\. )"
    r"|(?<=\b[Aa]rt\. )"
    r"|(?<=[Aa]rticle )|(?<=[Rr]ule )"
    r"|(?<=Reg\. )|(?<=[Rr]egulation )|(?<=[Cc]lause )|(?<=[Cc]l\. )|(?<=[Pp]ara\. )"
    r"|(?<=[Pp]aragraph )"
    r"|(?<=[Aa]rt )|(?<=\bR\. )|(?<=\bP\. )|(?<=[Ee]vid\. )|(?<=[Ss]ections )|(?<=[Ii]tem )|"
    r"(?<=[Rr]eg )|(?<=CFR )|(?<=U\.S\.C\. )|(?<=§§ ))"
    r"(?P<number>\d{1,4}[A-Z]?|\d{1,2}\.\d{1,2})(?P<parts>(?:\((?:\d{1,2}|[A-Za-z]"
    r"|[ivx]{1,4})\))+)(?!\w)"
)


def _paragraphs(match: re.Match[str]) -> Token:
    """Section 230(c)(1): two thirty C one."""
    number, letter = re.fullmatch(r"([\d.]+)([A-Z]?)", match["number"]).groups()  # type: ignore[union-attr]
    if "." in number:
        words = [parse_number(number).words]
    else:
        words = [pairs(number) if len(number) > 2 else cardinal(int(number))]
    words += [letter] if letter else []
    for part in re.findall(r"\w+", match["parts"]):
        if part.isdecimal():
            words.append(cardinal(int(part)))
        elif len(part) > 1 and (value := roman_value(part.upper())):
            words.append(cardinal(value))
        else:
            words.append(letters(part))
    return token(match, "model", " ".join(words))


_DOCKET = re.compile(
    r"(?<![\w-])(?:(?P<office>\d):)?(?P<year>\d{2})[-:](?P<court>cv|cr|md|mc|bk|CV|CR|MD|civ"
    r"|Civ)-(?P<number>\d{2,6})(?!\w)"
)


def _docket(match: re.Match[str]) -> Token:
    """No. 21-cv-1234."""
    number = match["number"]
    said = digits(number) if number.startswith("0") or len(number) > 4 else pairs(number)
    office = f"{cardinal(int(match['office']))}, " if match["office"] else ""
    return token(
        match, "digits", f"{office}{pairs(match['year'])} {letters(match['court'])} {said}"
    )


_PATENT = re.compile(
    r"(?<![\w-])(?P<office>US|EP|WO|GB|DE|JP|CN|CA|AU"
    r"|IN)[ \u00a0]?(?P<number>\d{1,2}(?:,\d{3}){2}|\d{7,11})"
    r"(?:[ \u00a0]?(?P<kind>[A-CUEY]\d?))?(?![\w-]|[.,]\d)"
)


def _patent(match: re.Match[str]) -> Token | None:
    """US10,234,567B2: a patent digit by digit, in its groups."""
    if not match["kind"] and not re.search(r"\b[Pp]at(?:ents?|\.)", match.string):
        return None
    groups = match["number"].split(",")
    said = ", ".join(digits(group) for group in groups)
    kind = f", {' '.join(digits(sign) or sign for sign in match['kind'])}" if match["kind"] else ""
    return token(match, "digits", f"{letters(match['office'])} {said}{kind}")


_VERSUS = re.compile(
    r"(?<=[A-Za-z.])[ \u00a0](?P<versus>v\.?)(?=[ \u00a0][A-Z][A-Za-z.']+)(?![ \u00a0](?:I|II)\b)"
)


def _versus(match: re.Match[str]) -> Token | None:
    """Roe v. Wade; England v Australia."""
    before = match.string[: match.start()].split()
    if not before or not before[-1][:1].isupper():
        return None
    return Token(match.start("versus"), match.end("versus"), "abbreviation", "versus")


_SECTIONS = re.compile(
    r"§§[ \u00a0]?(?P<first>\d{1,5}[a-z]?)(?:[-–](?P<last>\d{1,5}[a-z]?))?(?![\w(])"
)


def _sections(match: re.Match[str]) -> Token:
    """§§ 1681–1681x."""
    words = [_numbered(match[name]) for name in ("first", "last") if match[name]]
    return token(match, "range", f"sections {' to '.join(words)}")


def _numbered(written: str) -> str:
    number, letter = re.fullmatch(r"(\d+)([a-z]?)", written).groups()  # type: ignore[union-attr]
    return f"{pairs(number) if len(number) > 2 else cardinal(int(number))} {letter.upper()}".strip()


_UNION = re.compile(
    r"(?<![\w/])(?P<year>(?:19|20)\d\d)/(?P<number>\d{1,4})/(?P<office>EU|EC|EEC|ECSC|CFSP|JHA)(?!\w)"
)
_OF_UNION = re.compile(
    r"(?=\d)(?:(?<=\((?:EU|EC)\) )|(?<=\(EEC\) )|(?<=\((?:EU|EC)\) No )|(?<=\(EEC\) No )"
    r"|(?<=\bSI )|(?<=S\.I\. )|(?<=Directive )|(?<=Decision )|(?<=Regulation ))"
    r"(?P<first>\d{1,4})/(?P<second>\d{1,4})(?![\w/]|[.,]\d)"
)
_EUROPEAN_CASE = re.compile(
    r"(?<![\w-])(?P<court>[CTF])-(?P<number>\d{1,4})/(?P<year>\d{2})(?![\w/])"
)


def _act_number(written: str) -> str:
    if re.fullmatch(r"(?:19|20)\d\d", written):
        return year(int(written))
    return pairs(written) if len(written) > 2 else cardinal(int(written))


def _union(match: re.Match[str]) -> Token:
    """Directive 2011/83/EU."""
    words = f"{year(int(match['year']))} slash {_act_number(match['number'])}"
    return token(match, "model", f"{words} {letters(match['office'])}")


def _of_union(match: re.Match[str]) -> Token | None:
    """Regulation (EU) 2016/679: a year and a number; no fraction."""
    first, second = match["first"], match["second"]
    if not any(re.fullmatch(r"(?:19|20)\d\d", part) for part in (first, second)):
        return None
    return token(match, "model", f"{_act_number(first)} slash {_act_number(second)}")


def _european_case(match: re.Match[str]) -> Token:
    """Case C-131/12."""
    words = f"{match['court']} {pairs(match['number'])} slash {pairs(match['year'])}"
    return token(match, "model", words)


_PARAGRAPH_OF = re.compile(r"(?<![\w.'-])art\.(?= \d{1,3}\()")


def _article(match: re.Match[str]) -> Token:
    """See art. 6(1)(f)."""
    return token(match, "abbreviation", "article")


_CIRCUIT = re.compile(r"(?<![\w.-])([23])d(?= (?:Cir|Dist|Dept|[Ee]d)\.)")
_NUMBERED_YEAR = re.compile(
    r"(?:(?<=\bNo\. )|(?<=\bno\. )|(?<=\bNos\. )|(?<=\bNumber )|(?<=\bnumber ))(?P<year>(?:19"
    r"|20)\d\d)-(?P<number>\d{1,5})(?![\w-]|[.,]\d)"
)


def _circuit(match: re.Match[str]) -> Token:
    """The 2d Cir."""
    return token(match, "ordinal", "second" if match[1] == "2" else "third")


def _numbered_year(match: re.Match[str]) -> Token:
    """Ordinance No. 2024-118."""
    return token(match, "model", f"{year(int(match['year']))} {_act_number(match['number'])}")


RULES = (
    Rule(_CIRCUIT, _circuit),
    Rule(_NUMBERED_YEAR, _numbered_year),
    Rule(_PARAGRAPH_OF, _article),
    Rule(_UNION, _union),
    Rule(_OF_UNION, _of_union),
    Rule(_EUROPEAN_CASE, _european_case),
    Rule(_SECTIONS, _sections),
    Rule(_PARAGRAPHS, _paragraphs),
    Rule(_DOCKET, _docket),
    Rule(_PATENT, _patent),
    Rule(_VERSUS, _versus),
)
