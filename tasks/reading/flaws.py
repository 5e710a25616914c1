"""What is wrong with a script, for people: every flaw at once."""

from dataclasses import dataclass

from model.errors import SpeechError

MOST_FLAWS = 20
"""So many are told of one script."""


@dataclass(frozen=True)
class Flaw:
    """One thing that keeps a script from being read: the text at fault, the rule, the way out."""

    value: str
    rule: str
    way_out: str

    def __str__(self) -> str:
        value = f'"{self.value}" ' if self.value else ""
        return f"{value}{self.rule}; {self.way_out}"


class ScriptError(SpeechError):
    """A script that a person must correct before it is read; ``flaws`` are all of them."""

    def __init__(self, flaws: tuple[Flaw, ...]) -> None:
        super().__init__(flaws)
        self.flaws = flaws

    def __str__(self) -> str:
        return "the script: " + "; ".join(map(str, self.flaws))
