"""Which language a script is written in. Pure."""

from typing import Literal, TypeAlias

Language: TypeAlias = Literal["en", "zh"]
