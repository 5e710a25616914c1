"""Figures that are read in pieces which no rule joined: a person should look at them. Pure.

The rules read what they know whole. What lies between two of their tokens falls to the signs, which
make a slash or a hyphen a pause; that is right between two measures (380V/50Hz) and wrong where the
sign said something (0.3%/年, 37/862). So is a letter behind a number that no unit is known by.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from tasks.reading.tokens import Kind, Token, spoken_form

_SPELLED_ENDS = frozenset(
    (
        *("p", "i", "c", "e", "g", "x", "k", "a", "b", "s", "th", "st", "nd", "rd", "in", "bit"),
        *("min", "pro", "max", "mini", "ti", "plus", "lite", "air"),
    )
)
"""Letters behind a number that are said as letters or words: 1080p, 4k, 10bit."""
_NAMES: frozenset[Kind] = frozenset(("model", "digits", "version", "phone", "year", "address"))
_PLAIN: frozenset[Kind] = frozenset(("cardinal", "decimal", "ordinal", "percent", "money"))
_COUNTED: frozenset[Kind] = frozenset(("model", "cardinal", "decimal", "range"))
_LONGEST_UNIT = 4
_SPANS = frozenset("MY")
"""12M may be twelve months, 10Y ten years."""
_NUM_ENDS = 2
_NUMBER = re.compile(r"(?<![\d.])\d+(?:,\d{3})*(?:\.\d+)?(?![\d.])")
_LETTERS = re.compile(r"[A-Za-z]+")
_WHOLE_WORD = re.compile(r"[A-Za-z]+(?![A-Za-z\d])")
_HAN = re.compile(r"[\u3400-\u9fff]")
_RUN = re.compile(r"[A-Za-z\d.,%‰¥$€£+×*/°℃:²³⁰-⁹\"'-]")
_QUOTES = re.compile(r"[\"'](?![\"'\d])")
_CLOSES = re.compile(r"[，。、；)]|$")
_RATE = re.compile(r"\d ?[A-Za-z]{1,4}$")
_RATE_UNIT = re.compile(r"(?:m?[lLgs]|kg|h|d|min|m|mm)(?![A-Za-z\d])")
_LOST = frozenset("*_^|\\#<>")
"""Signs that mean something inside a code (Ab#12, A|B, user_name)."""
_SEEN_BEHIND = 2  # Han characters that a slash may belong to


def with_doubts(seen: str, tokens: Sequence[Token]) -> tuple[Token, ...]:
    """``tokens`` of the plain text ``seen``, with a doubt where one is only a piece of a figure."""
    found: list[Token] = []
    for index, token in enumerate(tokens):
        left = tokens[index - 1] if index and tokens[index - 1].end == token.start else None
        right = tokens[index + 1] if index + 1 < len(tokens) else None
        right = right if right and right.start == token.end else None
        why = None if token.doubt else _why(seen, token, left, right)
        found.append(replace(token, doubt=_doubt(seen, token, tokens, why)) if why else token)
    return tuple(found)


def _doubt(seen: str, token: Token, tokens: Sequence[Token], why: str) -> str:
    start, end = token.start, token.end
    while start and _RUN.match(seen[start - 1]):
        start -= 1
    while end < len(seen) and _RUN.match(seen[end]):
        end += 1
    is_slash = seen[token.start : token.end] == "/" and end == token.end
    end += _SEEN_BEHIND * is_slash
    while start == token.start and start and seen[start - 1] in "()":
        start -= 1
        while start and _RUN.match(seen[start - 1]):
            start -= 1
    start += len(seen[start : token.start]) - len(seen[start : token.start].lstrip(".,:+-"))
    written = seen[start:end].rstrip(".,:，。、；：！？ ")
    said = spoken_form(written, tuple(_within(tokens, start, start + len(written))))
    return f'{written} is read "{" ".join(said.split())}": {why}'


def _within(tokens: Sequence[Token], start: int, end: int) -> Iterator[Token]:
    for token in tokens:
        if start <= token.start and token.end <= end:
            yield replace(token, start=token.start - start, end=token.end - start)


def _why(seen: str, token: Token, left: Token | None, right: Token | None) -> str | None:
    written = seen[token.start : token.end]
    before, after = seen[: token.start], seen[token.end :]
    is_pause = token.kind == "sign" and not token.spoken.strip("、 ")
    if is_pause and written == "/" and _is_weak_slash(before, after, left, right):
        return "the slash is only a pause; write 每, 比, 除以 or 或 where it is one"
    if is_pause and written == "-" and _is_weak_hyphen(before, after, left, right):
        return "the hyphen is only a pause; write 到, 杠, 减 or 比 where it is one"
    if is_pause and written == "-" and re.search(r"[A-Za-z\d(]$", before) and _CLOSES.match(after):
        return "the sign is left out; write 减, 负 or 阴性 where it is one"
    if is_pause and written == "/" and _RATE.search(before) and _RATE_UNIT.match(after):
        return "the slash is only a pause; write 每, 比, 除以 or 或 where it is one"
    is_within = re.search(r"[A-Za-z\d]$", before) and re.match(r"[A-Za-z\d]", after)
    is_figure = written not in "/-" and before[-1:].isdigit() and after[:1].isdigit()
    if is_pause and (is_figure or (is_within and written in _LOST)):
        return f"{written} is left out; write it in words"
    if token.kind == "range" and "到" in token.spoken and _runs_down(written):
        return "a range that runs down; write 减 or 比 where it is none"
    if (
        right is None
        and written[-1:].isdigit()
        and _has_unknown_unit(before, token, written, after)
    ):
        return "the letters behind the number are spelled; write the unit in words"
    if written[-1:].isdigit() and _QUOTES.match(after) and not _is_quoted(before, after):
        return f"{after[0]} is not read; write 英寸, 英尺, 秒 or 分 where it is one"
    return None


def _is_weak_slash(before: str, after: str, left: Token | None, right: Token | None) -> bool:
    """0.3%/年, 10⁹/L, ¥39.9/2提 and 37/862; not 380V/50Hz, N150/8G or 5寸/黑色."""
    if before.endswith(")") and right and right.kind in _PLAIN:  # (60×40×30)/6000
        return True
    if left is None and right and re.search(r"[A-Z]{2}$", before):  # DIM/6000
        return right.kind in _PLAIN and re.match(r"\d{4}", after) is not None
    if left is None or not re.search(r"[\d%‰⁰-⁹²³元]$", before):
        return False
    if left.kind == "percent" and right and right.kind == "percent":
        return False
    if right is None:
        is_of_name = left.kind in _NAMES and _LETTERS.match(after)  # SPF10/PA++
        return bool(_HAN.match(after) or _LETTERS.match(after)) and not is_of_name
    return left.kind in _PLAIN and right.kind in (_PLAIN | {"measure"})


def _is_weak_hyphen(before: str, after: str, left: Token | None, right: Token | None) -> bool:
    """5.5-6.0, 6061-T6; not Y2-132M or 2RS-B."""
    if left is None or not re.search(r"[\d%)]$", before):
        return False
    if left.kind not in _PLAIN:
        has_point = re.search(r"\d\.\d+$", before) and re.match(r"\d+\.\d", after)
        return right is not None and (bool(has_point) or left.kind in ("time", "date"))
    is_word = re.match(r"[a-z]{3}", after)  # 5-star, 24-hour
    return right is not None or bool(_LETTERS.match(after) and not is_word)


def _runs_down(written: str) -> bool:
    numbers = _NUMBER.findall(written)
    units = set(re.findall(r"[A-Za-z]+|[百千万亿]", written))
    is_rising = re.search(r"^-|[-~–]-", written) or len(units) > 1  # -5~-3℃, 80cm-1m
    is_counted = len(numbers) == _NUM_ENDS and not any(number[0] == "0" for number in numbers)
    if is_rising or not is_counted:
        return False
    first, last = numbers
    is_year = re.fullmatch(r"(?:19|20)\d\d", first) and len(last) < len(first)
    return not is_year and float(first.replace(",", "")) > float(last.replace(",", ""))


def _has_unknown_unit(before: str, token: Token, written: str, after: str) -> bool:
    """30y, 182spm, 12M; not 1080p, and no letters of a name (RTX5070ti)."""
    letters = _WHOLE_WORD.match(after)
    if token.kind not in _COUNTED or letters is None or re.search(r"[A-Za-z\d_-]$", before):
        return False
    word = letters[0]
    if word == "d" and re.search(r"(?<!\d)[23]$", before + written):  # 3d打印
        return False
    is_short = word.islower() and len(word) <= _LONGEST_UNIT and word not in _SPELLED_ENDS
    return is_short or word in _SPANS


def _is_quoted(before: str, after: str) -> bool:
    """Whether the sign behind a number closes what is quoted on its line."""
    line = before.rpartition("\n")[2] + after.partition("\n")[0]
    return line.count(after[0]) % 2 == 0
