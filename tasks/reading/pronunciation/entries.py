"""A lexicon's cells -> an entry, or everything that is wrong with them. Pure."""

from dataclasses import dataclass
from typing import cast

from tasks.reading.languages import Language
from tasks.reading.lexicon import Entry
from tasks.reading.pronunciation.notation import Said, SayError, read_say

_LANGUAGES = ("", "en", "zh")
MAX_WORD_CHARS = 60
MAX_SAY_CHARS = 200


@dataclass(frozen=True)
class CellFault:
    """One thing wrong with an entry: in which column, the value, the rule, the way out."""

    column: str
    value: str
    rule: str
    way_out: str


class EntryError(ValueError):
    """Cells that are no entry; ``faults`` are all of theirs."""

    def __init__(self, faults: tuple[CellFault, ...]) -> None:
        super().__init__(faults)
        self.faults = faults


def read_entry(word: str, language: str, say: str) -> Entry:
    """The entry that three cells give.

    Raises:
        EntryError: with every fault of theirs.
    """
    language = language.lower()
    faults = [*_word_faults(word), *_language_faults(language)]
    said = Said("")
    try:
        said = _checked_say(word, language, say)
    except SayError as error:
        faults.append(CellFault("say", say, error.rule, error.way_out))
    if faults:
        raise EntryError(tuple(faults))
    if said.is_mandarin:
        language = "zh"
    return Entry(word, cast(Language, language) if language else None, said.spoken, said.sounds)


def _word_faults(word: str) -> list[CellFault]:
    if not word:
        return [CellFault("word", "", "is empty", "write the word as it stands in the scripts")]
    if not any(sign.isalnum() for sign in word):
        way_out = "write the word as it stands in the scripts"
        return [CellFault("word", word, "has no letter and no digit", way_out)]
    if len(word) > MAX_WORD_CHARS:
        rule = f"is longer than {MAX_WORD_CHARS} characters"
        return [CellFault("word", word, rule, "give single words or short phrases")]
    return []


def _language_faults(language: str) -> list[CellFault]:
    if language in _LANGUAGES:
        return []
    return [CellFault("language", language, "is unknown", "write en or zh, or leave it empty")]


def _checked_say(word: str, language: str, say: str) -> Said:
    if len(say) > MAX_SAY_CHARS:
        raise SayError(f"is longer than {MAX_SAY_CHARS} characters", "say less")
    if say == word:
        raise SayError("is the word itself", "write it as it sounds, or remove the row")
    said = read_say(say, may_be_pinyin=language != "en")
    if said.is_mandarin and language == "en":
        raise SayError(
            "has Chinese characters, which no English voice can say",
            "write Latin letters or an IPA, or zh in the column language",
        )
    return said
