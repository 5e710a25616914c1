"""A script as a person wrote it -> the text that is read, and what its marks say. Pure.

The one way from a manifest's cell to what is captioned and spoken: rows are checked with it, and
speech is made with it.
"""

from dataclasses import dataclass
from functools import lru_cache

from tasks.reading.cleaning.documents import document_flaw
from tasks.reading.cleaning.draft import Draft
from tasks.reading.cleaning.encodings import garbled
from tasks.reading.cleaning.leftovers import repaired
from tasks.reading.cleaning.placeholders import placeholder_flaws
from tasks.reading.cleaning.screen_marks import ScreenMark
from tasks.reading.flaws import MOST_FLAWS, Flaw, ScriptError
from tasks.reading.languages import Language
from tasks.reading.marks import Pause, marks_of
from tasks.reading.say_as import UnfitWordsError, token_of
from tasks.reading.tokens import Token

_MAX_SHOWN = 60


@dataclass(frozen=True)
class ScriptText:
    """What is read aloud.

    Attributes:
        text: what captions show: the script without marks and without what programs left in it.
        pauses: in order; at most one at an index.
        spans: how marks want a part of ``text`` read; they take precedence over a reader's tokens
            (:func:`tasks.reading.tokens.merged`).
        notices: what was repaired or ignored, for people.
        screen: what is seen from which word on, in order.
    """

    text: str
    pauses: tuple[Pause, ...]
    spans: tuple[Token, ...]
    notices: tuple[str, ...]
    screen: tuple[ScreenMark, ...] = ()


@lru_cache(maxsize=64)
def script_text(raw: str, language: Language) -> ScriptText:
    """``raw`` as it is read; a script without marks and leftovers stays what it is, byte by byte.

    It is kept a while: a row's speech, its title and its screens ask for the same script.

    Raises:
        ScriptError: something in it cannot be read as it stands; all of it is told.
    """
    flaw = garbled(raw) or document_flaw(Draft.of(raw))
    if flaw:
        raise ScriptError((flaw,))
    draft, notices = repaired(Draft.of(raw))
    # entities, escapes and Markdown may hide it
    flaw = (garbled(draft.text) or document_flaw(draft)) if notices else None
    if flaw:
        raise ScriptError((flaw,))
    marked, flaws = marks_of(draft)
    flaws += placeholder_flaws(marked.draft)
    spans: list[Token] = []
    for span in marked.spans:
        try:
            spans.append(token_of(span, marked.text, language))
        except UnfitWordsError as error:
            shown = marked.text[span.start : span.end]
            rule = f"{error.rule} ({marked.draft.place(span.start)})"
            flaws.append(Flaw(shown, rule, error.way_out))
    has_words = any(map(str.isalnum, marked.text)) or not any(map(str.isalnum, raw))
    if raw.strip() and not (marked.text.strip() and has_words):
        flaws.append(
            Flaw(raw.strip()[:60], "leaves nothing to say without its marks", "write words")
        )
    if flaws:
        raise ScriptError(tuple(flaws[:MOST_FLAWS]))
    told = (*notices, *marked.notices)
    return ScriptText(marked.text, marked.pauses, tuple(spans), told, marked.screen)
