"""Marks in a script that say how it is read: pauses, and words in place of others. Pure.

They are a part of SSML (``<break time="800ms"/>``, ``<sub alias="World Wide Web">WWW</sub>``,
``<say-as interpret-as="digits">``), and the short ``[pause 0.8s]``. Tags of HTML that only change
how a text looks are left out, and marks for the screen are kept for who shows it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from tasks.reading.cleaning.draft import Draft
from tasks.reading.cleaning.screen_marks import SCREEN_MARK, ScreenMark, screen_mark_of
from tasks.reading.cleaning.tags import INLINE, NESTED, PARAGRAPHS, Tag, tags
from tasks.reading.flaws import MOST_FLAWS, Flaw, ScriptError

MAX_PAUSE_MS = 10_000
SAY_AS = (
    *("characters", "spell-out", "digits", "telephone", "cardinal", "ordinal", "date", "currency"),
)
"""What ``interpret-as`` may be."""
_PAUSE_MS = MappingProxyType(
    {"none": 0, "x-weak": 250, "weak": 500, "medium": 750, "strong": 1000, "x-strong": 1250}
)
_SHORT_PAUSE = re.compile(
    r"[\[［【]\s?(?:pause\b|停顿|暂停)\s*[:：]?\s*([^\[\]［］【】\n]{0,20})[\]］】]", re.IGNORECASE
)
_TIME = re.compile(
    r"\+?(\d{1,6}(?:\.\d{0,6})?|\.\d{1,6})\s*(ms|毫秒|s|sec|seconds?|秒钟?)", re.IGNORECASE
)
_MARKUP = re.compile(r"</?[A-Za-z][^<>]*>|\[pause\b[^\]]*\]", re.IGNORECASE)
_LIKE_A_PAUSE = re.compile(
    r"[\[［【][ \t]{0,3}pause\b[ \t:]{0,4}[\d.][^\[\]［］【】\n]{0,30}[\]］】]?"
    r"|[\[［【][ \t]{0,3}[A-Za-z]{2,12}[ \t:]{1,4}[\d.]{1,8}[ \t]?(?:ms|s|sec|seconds?)[\]］】]"
    # as other programs write it: <#0.5#>, (pause 1s), [1s pause], [short pause], ^0.5^, /pause/
    r"|<#[ \t]?\d{1,2}(?:\.\d{1,3})?[ \t]?#>|(?<![\w^])\^\d(?:\.\d{1,3})?\^(?!\w)"
    r"|[(（](?:pause|break|停)[ \t:：]{0,2}[\d.]{1,5}[ \t]?(?:ms|s|sec|seconds?|秒钟?)?[)）]"
    r"|[\[(（]\d{1,2}(?:\.\d{1,3})?[ \t]?(?:s|sec|seconds?|秒)[ \t]?(?:pause|break|停顿)[\])）]"
    r"|[\[(](?:short|long|brief|slight|dramatic|medium)[ \t](?:pause|break|beat)[\])]"
    r"|(?<![\w#/])(?:#pause#|/pause/)(?![\w#/])",
    re.IGNORECASE,
)
_ATTRIBUTES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "break": frozenset(("time", "strength")),
        "sub": frozenset(("alias",)),
        "say-as": frozenset(("interpret-as", "format", "detail")),
    }
)
_CLOSE_UP = frozenset(",.!?;:，。！？；：、)）”’」』")
_MAX_SHOWN = 60


@dataclass(frozen=True)
class Pause:
    """Silence of at least ``milliseconds`` before ``text[index]``, or at the text's end."""

    index: int
    milliseconds: int


@dataclass(frozen=True)
class Span:
    """``text[start:end]`` and what a mark says of it.

    Attributes:
        start: index of its first character in the text without marks.
        end: index behind its last character.
        kind: ``sub``, or how it is said: one of ``SAY_AS``.
        value: the words of a ``sub``; the ``format`` of a date; else empty.
    """

    start: int
    end: int
    kind: str
    value: str


@dataclass(frozen=True)
class Marked:
    """A text without its marks, and what they said."""

    draft: Draft
    pauses: tuple[Pause, ...]
    spans: tuple[Span, ...]
    notices: tuple[str, ...]
    screen: tuple[ScreenMark, ...] = ()

    @property
    def text(self) -> str:
        """What captions show."""
        return self.draft.text


def parse_marks(text: str) -> Marked:
    """``text`` without its marks, and what they said.

    Raises:
        ScriptError: a mark is broken, unknown or not closed; all of them are told.
    """
    marked, flaws = marks_of(Draft.of(text))
    if flaws:
        raise ScriptError(tuple(flaws))
    return marked


def marks_of(draft: Draft) -> tuple[Marked, list[Flaw]]:
    """As :func:`parse_marks`, of a text that is being cleaned; what is wrong is returned."""
    reader = _Reader(draft)
    found: list[Tag | re.Match[str]] = [
        *tags(draft.text),
        *_SHORT_PAUSE.finditer(draft.text),
        *SCREEN_MARK.finditer(draft.text),
        *_LIKE_A_PAUSE.finditer(draft.text),  # behind the others: of two that begin alike they win
    ]
    if not found:
        return Marked(draft, (), (), ()), []
    at = 0
    for mark in sorted(found, key=_start_of):
        start, end = (mark.start, mark.end) if isinstance(mark, Tag) else mark.span()
        if start < at:
            continue  # a pause in the attribute of a tag
        reader.write(at, start)
        at = end
        if isinstance(mark, Tag):
            reader.take(mark)
        elif mark.re is SCREEN_MARK:
            reader.screen_mark_of(mark)
        elif mark.re is _LIKE_A_PAUSE:
            reader.refuse(mark)
        else:
            reader.pause_of(mark)
    reader.write(at, len(draft.text))
    return reader.finished()


def _start_of(mark: Tag | re.Match[str]) -> int:
    return mark.start if isinstance(mark, Tag) else mark.start()


@dataclass
class _Reader:
    """Collects the text between marks, and what they say."""

    draft: Draft
    signs: list[str] = field(default_factory=list[str])
    origins: list[int] = field(default_factory=list[int])
    pauses: dict[int, int] = field(default_factory=dict[int, int])
    spans: list[Span] = field(default_factory=list[Span])
    screen: list[ScreenMark] = field(default_factory=list[ScreenMark])
    open: list[tuple[Tag, int]] = field(default_factory=list[tuple[Tag, int]])
    ignored: list[str] = field(default_factory=list[str])
    flaws: list[Flaw] = field(default_factory=list[Flaw])

    def write(self, start: int, end: int) -> None:
        """Keep ``draft.text[start:end]``; a space on both sides of a mark is one space."""
        while start < end and self.draft.text[start] in " \t" and self._ends_in_space():
            start += 1
        if start < end and start and self.draft.text[start] in _CLOSE_UP:
            while self.signs[-1:] == [" "]:
                self._cut(len(self.signs) - 1)
        origins = self.draft.origins
        self.signs += self.draft.text[start:end]
        self.origins += origins[start:end] if origins else range(start, end)

    def take(self, tag: Tag) -> None:
        """One tag."""
        if tag.is_broken or tag.name not in NESTED | PARAGRAPHS | INLINE | {"break", ""}:
            self._unknown(tag)
        elif tag.name == "break":
            self._break(tag)
        elif tag.name in NESTED:
            self._nested(tag)
        elif tag.name in PARAGRAPHS:
            self._begin_line(tag)
            if tag.name not in ("p", "s"):
                self._ignore(tag)
        else:
            self._ignore(tag)

    def pause_of(self, match: re.Match[str]) -> None:
        """``[pause 0.8s]``."""
        milliseconds = _milliseconds(match[1].strip())
        if milliseconds is None:
            rule = 'does not say for how long, as "0.8s" or "800ms"'
            self._flaw(match[0], match.start(), rule, "write [pause 0.8s]")
        else:
            self._pause(milliseconds, match[0], match.span())

    def refuse(self, match: re.Match[str]) -> None:
        """``[pause 0.8s`` without its end, ``[paus 0.8s]``."""
        rule = "is like a mark for a pause, but its word or its brackets are not right"
        self._flaw(match[0], match.start(), rule, "write [pause 0.8s]")

    def screen_mark_of(self, match: re.Match[str]) -> None:
        """``[show image2 3s]`` and its like, which change nothing in what is said."""
        self.screen.append(screen_mark_of(match, len(self.signs)))

    def finished(self) -> tuple[Marked, list[Flaw]]:
        """What was collected, and what is wrong with it."""
        for tag, _ in self.open:
            rule = f"is never closed by </{tag.name}>"
            self._flaw(self._shown(tag), tag.start, rule, f"write </{tag.name}> behind its words")
        self._cut(self._end_of_words())
        pauses = tuple(
            Pause(min(index, len(self.signs)), milliseconds)
            for index, milliseconds in sorted(self.pauses.items())
            if milliseconds
        )
        told = " ".join(dict.fromkeys(self.ignored))
        notices = (f"tags that change nothing in speech were left out: {told}",) if told else ()
        draft = Draft("".join(self.signs), self.draft.raw, tuple(self.origins))
        end = len(self.signs)
        screen = tuple(replace(mark, index=min(mark.index, end)) for mark in self.screen)
        return Marked(draft, pauses, tuple(self.spans), notices, screen), self.flaws

    # --- kinds of tags ----------------------------------------------------------------------------

    def _unknown(self, tag: Tag) -> None:
        shown = self._shown(tag)
        if tag.is_broken and "<" in shown[1:]:
            rule = "has a tag in its alias, which would be said"
            way_out = 'write only the words that are to be said: <sub alias="...">'
            self._flaw(shown, tag.start, rule, way_out)
        elif tag.is_broken:
            rule = "begins like a mark, but its quotes, attributes or brackets are not right"
            self._flaw(shown, tag.start, rule, 'write it as in <break time="800ms"/>')
        else:
            known = "speak, p, s, break, sub, say-as, emphasis and prosody"
            rule = f"is no mark that is known; known marks are {known}"
            self._flaw(shown, tag.start, rule, "remove it, or write what is to be said")

    def _break(self, tag: Tag) -> None:
        if tag.is_closing:
            return
        shown = self._shown(tag)
        if not self._has_only_its_attributes(tag):
            return
        written, strength = tag.attributes.get("time"), tag.attributes.get("strength", "medium")
        if strength not in _PAUSE_MS:
            rule = f"has a strength that is none of {', '.join(_PAUSE_MS)}"
            self._flaw(shown, tag.start, rule, 'write a time instead: <break time="800ms"/>')
            return
        milliseconds = _PAUSE_MS[strength] if written is None else _milliseconds(written)
        if milliseconds is None:
            rule = f'has the time "{written}", which must be like "800ms" or "0.8s"'
            self._flaw(shown, tag.start, rule, 'write <break time="800ms"/>')
        else:
            self._pause(milliseconds, shown, (tag.start, tag.end))

    def _pause(self, milliseconds: int, shown: str, span: tuple[int, int]) -> None:
        start, end = span
        if any(tag.name in ("sub", "say-as") for tag, _ in self.open):
            rule = "is a pause inside words that are read as one"
            self._flaw(shown, start, rule, "put it before or behind them")
            return
        before, behind = "".join(self.signs[-1:]), self.draft.text[end : end + 1]
        if _is_of_word(before) and _is_of_word(behind):
            rule = "is a pause inside a word"
            self._flaw(shown, start, rule, "put it before or behind the word, with a space")
            return
        total = self.pauses.get(len(self.signs), 0) + milliseconds
        if total > MAX_PAUSE_MS:
            rule = (
                f"makes a pause of {total / 1000:g} s, and the longest is {MAX_PAUSE_MS // 1000} s"
            )
            self._flaw(shown, start, rule, "write a shorter one")
        self.pauses[len(self.signs)] = min(total, MAX_PAUSE_MS)

    def _nested(self, tag: Tag) -> None:
        if tag.is_empty:
            self._ignore(tag)
        elif tag.is_closing:
            self._close(tag)
        else:
            self._open(tag)

    def _open(self, tag: Tag) -> None:
        is_spoken_otherwise = tag.name == "say-as" or bool(tag.attributes)
        if tag.name in ("sub", "say-as"):
            if is_spoken_otherwise and not self._is_well_said(tag):
                return
        else:
            self._ignore(tag)
        self.open.append((tag, len(self.signs)))

    def _is_well_said(self, tag: Tag) -> bool:
        shown = self._shown(tag)
        if not self._has_only_its_attributes(tag):
            return False
        if any(each.name in ("sub", "say-as") and each.attributes for each, _ in self.open):
            rule = "stands inside another mark that says how its words are read"
            self._flaw(shown, tag.start, rule, "keep one of them")
            return False
        if tag.name == "sub" and not tag.attributes["alias"]:
            rule = "has an empty alias"
            self._flaw(shown, tag.start, rule, 'write what is to be said: <sub alias="...">')
            return False
        if tag.name == "sub" and (found := _MARKUP.search(tag.attributes["alias"])):
            rule = f'has "{found[0]}" in its alias, which would be said'
            self._flaw(shown, tag.start, rule, "write only the words that are to be said")
            return False
        kind = tag.attributes.get("interpret-as", "").lower()
        if tag.name == "say-as" and kind not in SAY_AS:
            rule = f'has interpret-as "{kind}", which must be one of {", ".join(SAY_AS)}'
            self._flaw(shown, tag.start, rule, 'or write <sub alias="..."> with the words')
            return False
        return True

    def _close(self, tag: Tag) -> None:
        names = [each.name for each, _ in self.open]
        if tag.name not in names:
            if not any(flaw.value.startswith(f"<{tag.name}") for flaw in self.flaws):
                rule = f"closes what no <{tag.name}> opened"
                self._flaw(self._shown(tag), tag.start, rule, "remove it, or open it before")
            return
        opened, start = self.open[-1]
        if opened.name != tag.name:
            rule = f"is closed before </{opened.name}>, which was opened later"
            self._flaw(self._shown(tag), tag.start, rule, "close the last opened first")
            opened, start = next(each for each in reversed(self.open) if each[0].name == tag.name)
        self.open.remove((opened, start))
        if tag.name == "sub" and "alias" in opened.attributes:
            self._span(opened, start, "sub", opened.attributes["alias"])
        elif tag.name == "say-as":
            kind = opened.attributes["interpret-as"].lower()
            self._span(opened, start, kind, opened.attributes.get("format", ""))

    def _span(self, opened: Tag, start: int, kind: str, value: str) -> None:
        end = self._end_of_words()
        while start < end and self.signs[start].isspace():
            start += 1
        if start >= end:
            rule = "has no words between its tags, which captions could show"
            self._flaw(self._shown(opened), opened.start, rule, "write them, or remove it")
        else:
            self.spans.append(Span(start, end, kind, value))

    # --- details ----------------------------------------------------------------------------------

    def _has_only_its_attributes(self, tag: Tag) -> bool:
        unknown = [name for name in tag.attributes if name not in _ATTRIBUTES[tag.name]]
        needed = {"sub": "alias", "say-as": "interpret-as"}.get(tag.name)
        if unknown:
            rule = f'has the attribute "{unknown[0]}", which <{tag.name}> does not have'
            self._flaw(self._shown(tag), tag.start, rule, "remove it")
        elif needed and needed not in tag.attributes:
            rule = f'lacks the attribute "{needed}"'
            self._flaw(self._shown(tag), tag.start, rule, f'write <{tag.name} {needed}="...">')
        else:
            return True
        return False

    def _begin_line(self, tag: Tag) -> None:
        self._cut(self._end_of_words(" \t"))
        if self.signs and self.signs[-1] != "\n":
            self.signs.append("\n")
            origins = self.draft.origins
            self.origins.append(origins[tag.start] if origins else tag.start)

    def _cut(self, length: int) -> None:
        """Keep the first characters; a pause behind them comes to their end."""
        if length < len(self.signs):
            late = sum(self.pauses.pop(index) for index in list(self.pauses) if index > length)
            if late:
                self.pauses[length] = self.pauses.get(length, 0) + late
            del self.signs[length:]
            del self.origins[length:]

    def _end_of_words(self, spaces: str = " \t\n\r\f\v\xa0\u3000") -> int:
        end = len(self.signs)
        while end and self.signs[end - 1] in spaces:
            end -= 1
        return end

    def _ends_in_space(self) -> bool:
        return not self.signs or self.signs[-1].isspace()

    def _ignore(self, tag: Tag) -> None:
        if not tag.is_closing and tag.name not in ("speak", ""):
            self.ignored.append(f"<{tag.name}>")

    def _shown(self, tag: Tag) -> str:
        shown = self.draft.text[tag.start : tag.end]
        return shown if len(shown) <= _MAX_SHOWN else shown[: _MAX_SHOWN - 1] + "…"

    def _flaw(self, shown: str, start: int, rule: str, way_out: str) -> None:
        if len(self.flaws) < MOST_FLAWS:
            self.flaws.append(Flaw(shown, f"{rule} ({self.draft.place(start)})", way_out))


def _is_of_word(sign: str) -> bool:
    return sign.isascii() and sign.isalnum()


def _milliseconds(written: str) -> int | None:
    match = _TIME.fullmatch(written)
    if not match:
        return None
    return round(float(match[1]) * (1 if match[2].lower() in ("ms", "毫秒") else 1000))
