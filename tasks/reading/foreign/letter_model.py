"""What language a text's letters are of: a model of their sequences, in 29 languages. Pure."""

# py3langid brings no type stubs
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

from dataclasses import dataclass
from typing import Protocol, cast

from model.loading import loaded_once

LATIN = "la"
"""Mottos, laws, plants and ingredients, which English texts quote."""
NAMES = {
    **{"ca": "Catalan", "cs": "Czech", "da": "Danish", "de": "German", "es": "Spanish"},
    **{"et": "Estonian", "fi": "Finnish", "fr": "French", "gl": "Galician", "hr": "Croatian"},
    **{"hu": "Hungarian", "id": "Indonesian", "it": "Italian", "lt": "Lithuanian"},
    **{"lv": "Latvian", "ms": "Malay", "nl": "Dutch", "no": "Norwegian", "pl": "Polish"},
    **{"pt": "Portuguese", "ro": "Romanian", "sk": "Slovak", "sl": "Slovenian", "sv": "Swedish"},
    **{"sw": "Swahili", "tl": "Tagalog", "tr": "Turkish", "vi": "Vietnamese"},
}
_RELATIVES = (
    {"da", "no", "sv"},
    {"es", "gl", "ca", "pt"},
    {"cs", "sk"},
    {"id", "ms"},
    {"hr", "sl"},
)


class _Model(Protocol):
    def set_languages(self, langs: list[str]) -> None: ...

    def rank(self, text: str) -> list[tuple[str, float]]: ...


@dataclass(frozen=True)
class Ranking:
    """How probable the model finds languages.

    Attributes:
        best: the most probable one; ``en`` and :data:`LATIN` too.
        best_share: its probability alone.
        share: the same with those of its relatives, which a short text does not tell apart.
        english: the probability of English.
        relatives: the language and its relatives.
    """

    best: str
    best_share: float
    share: float
    english: float
    relatives: frozenset[str]


def ranking(prose: str) -> Ranking:
    """What the model says of a text in small letters."""
    ranked = _model().rank(prose)
    best, best_share = ranked[0]
    relatives = frozenset(next((each for each in _RELATIVES if best in each), {best}))
    share = sum(each for name, each in ranked if name in relatives)
    english = next(each for name, each in ranked if name == "en")
    return Ranking(best, best_share, share, english, relatives)


@loaded_once
def _model() -> _Model:
    """Loaded where a text has foreign words: about a second, and 50 MB."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    model = cast("_Model", LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True))
    model.set_languages(["en", LATIN, *NAMES])
    return model
