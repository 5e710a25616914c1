r"""Texts with variables: ``Hello {{name}}, only {{price|ask us}}``. Pure.

``{{name|there}}`` has a default for rows without a value. ``\{{name}}`` is no variable but braces.
A text without ``{{`` is no template, and stays what it is, byte by byte.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from tasks.tables.table import column_name

_BRACES = re.compile(r"(\\*)(\{\{|\}\})")
_DEFAULT_BEGINS = re.compile(r"(?<!\\)((?:\\\\)*)\|")
_ESCAPED = re.compile(r"\\([\\|{}])")
_MOST_FLAWS = 20
_ONE_LINE = re.compile(r"\s*\n\s*")
_SHOWN_CHARS = 40


@dataclass(frozen=True)
class Variable:
    """A place that each row fills.

    Attributes:
        name: of the column, as columns are named.
        default: for rows without a value; None where every row must have one.
        written: as it stands in the text.
        index: of its first character in the text.
    """

    name: str
    default: str | None
    written: str
    index: int


@dataclass(frozen=True)
class TemplateFlaw:
    """What is wrong with a place of a template, and the way out."""

    written: str
    index: int
    rule: str
    way_out: str


class TemplateError(ValueError):
    """A text that is no template although it has braces; ``flaws`` are all of them."""

    def __init__(self, flaws: tuple[TemplateFlaw, ...]) -> None:
        super().__init__(flaws)
        self.flaws = flaws


@dataclass(frozen=True)
class Template:
    """Plain texts and variables, in order."""

    text: str
    parts: tuple[str | Variable, ...]

    @property
    def variables(self) -> tuple[Variable, ...]:
        """Its variables, in order; a name may come again."""
        return tuple(part for part in self.parts if isinstance(part, Variable))

    def filled(self, value_of: Callable[[Variable], str]) -> str:
        """The text with the value of each variable; a value is never looked into."""
        return "".join(part if isinstance(part, str) else value_of(part) for part in self.parts)


def is_template(text: str) -> bool:
    """Whether a text is read for variables."""
    return "{{" in text


def escaped(text: str) -> str:
    """A template without variables that is filled to ``text``."""
    if not is_template(text):
        return text
    return _BRACES.sub(lambda match: f"{match[1]}{match[1]}\\{match[2]}", text)


def place_in(text: str, index: int) -> str:
    """Where ``text[index]`` stands, for people."""
    before = text[:index]
    column = index - (before.rfind("\n") + 1) + 1
    if "\n" not in text:
        return f"character {column}"
    return f"line {before.count(chr(10)) + 1}, character {column}"


@lru_cache(maxsize=4096)
def parse_template(text: str) -> Template:
    """The parts of a text that holds ``{{``.

    Raises:
        TemplateError: braces that are not closed or not opened, a variable inside another, or one
            without a name.
    """
    reader = _Reader(text)
    parts = tuple(reader.parts())
    if reader.flaws:
        raise TemplateError(tuple(reader.flaws[:_MOST_FLAWS]))
    return Template(text, parts)


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self.flaws: list[TemplateFlaw] = []

    def parts(self) -> Iterator[str | Variable]:
        text, at, opened = self._text, 0, -1
        num_literal = 0  # opened by \{{, which the next }} closes
        for match in _BRACES.finditer(text):
            slashes, braces = match.groups()
            is_literal = len(slashes) % 2 == 1
            if opened < 0:
                yield text[at : match.start()] + slashes[: len(slashes) // 2]
                at = match.end()
                if is_literal or (braces == "}}" and num_literal):
                    num_literal = max(0, num_literal + (1 if braces == "{{" else -1))
                    yield braces
                elif braces == "{{":
                    opened = match.end() - 2
                else:
                    told = "closes no variable"
                    self._flaw(match.end() - 2, match.end(), told, r"remove it, or write \}}")
            elif is_literal:
                continue
            elif braces == "{{":
                told = "is a variable inside a variable"
                self._flaw(opened, match.end(), told, "close the first one before it: {{name}}")
                opened = match.end() - 2
                at = match.end()
            else:
                found = self._variable(opened, match.end())
                if found:
                    yield found
                opened, at = -1, match.end()
        if opened >= 0:
            way_out = r"write }} behind its name; two braces that are no variable are written \{{"
            self._flaw(opened, len(text), "is never closed by }}", way_out)
        yield text[at:]

    def _variable(self, start: int, end: int) -> Variable | None:
        inner = self._text[start + 2 : end - 2]
        bar = _DEFAULT_BEGINS.search(inner)
        name = inner if bar is None else inner[: bar.end() - 1]
        default = None if bar is None else _ESCAPED.sub(r"\1", inner[bar.end() :]).strip()
        if re.search(r"[{}|\\\n]", name) or not column_name(name):
            rule = "does not name a column between its braces"
            self._flaw(start, end, rule, "write {{name}}, or {{name|what is said without a value}}")
            return None
        return Variable(column_name(name), default, self._text[start:end], start)

    def _flaw(self, start: int, end: int, rule: str, way_out: str) -> None:
        shown = _ONE_LINE.sub(" ", self._text[start:end])
        shown = shown if len(shown) <= _SHOWN_CHARS else shown[: _SHOWN_CHARS - 1] + "…"
        self.flaws.append(TemplateFlaw(shown, start, rule, way_out))
