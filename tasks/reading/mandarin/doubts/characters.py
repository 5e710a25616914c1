"""Characters of a Mandarin text whose reading a person should check. Pure.

They are no tokens: nothing is read otherwise for them, and clauses are cut as without them.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from model.speech.hanzi.traditional import certain_readings, simplified
from model.speech.hanzi.two_readings import unsure_readings
from tasks.reading.tokens import Token

_HAN_RUN = re.compile(r"[\u3400-\u9fff]+")
_SHOWN = 4  # characters on either side


@dataclass(frozen=True)
class DoubtfulCharacter:
    """``text[place]`` and why a person should check it."""

    place: int
    doubt: str


def doubtful_characters(text: str, tokens: Sequence[Token]) -> tuple[DoubtfulCharacter, ...]:
    """Characters of two common readings, where no word and no context decided between them.

    One beside a token is left out: what stands there in words is not known here.
    """
    taken = {place for token in tokens for place in range(token.start - 1, token.end + 1)}
    return tuple(each for each in _found(text) if each.place not in taken)


def _found(text: str) -> Iterator[DoubtfulCharacter]:
    plain = simplified(text)
    certain = certain_readings(text)
    for run in _HAN_RUN.finditer(plain):
        for at, (reading, others) in unsure_readings(run[0]).items():
            place = run.start() + at
            if place in certain:
                continue
            shown = text[max(run.start(), place - _SHOWN) : min(run.end(), place + _SHOWN + 1)]
            yield DoubtfulCharacter(
                place,
                f"{text[place]} in {shown} is read {reading}; if it is {' or '.join(others)}, "
                "give its word that pinyin in a lexicon, or write another word",
            )
