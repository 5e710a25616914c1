"""The winds: NW 15-20 mph."""

import re

from tasks.reading.english.rules import Rule, token
from tasks.reading.tokens import Token

_POINTS = {
    **{"N": "north", "S": "south", "E": "east", "W": "west"},
    **{"NE": "northeast", "NW": "northwest", "SE": "southeast", "SW": "southwest"},
}
_WIND = re.compile(
    r"(?:(?<=[Ww]inds )|(?<=[Ww]ind )|(?<=[Ww]ind: )|(?<=[Ww]inds: )|(?<=[Bb]reeze ))"
    r"(NE|NW|SE|SW|[NSEW])(?=[ \u00a0](?:at[ \u00a0]|around[ \u00a0])?\d)"
)


def _wind(match: re.Match[str]) -> Token:
    """Winds NW 15-20 mph."""
    return token(match, "abbreviation", _POINTS[match[1]])


RULES = (Rule(_WIND, _wind),)
