"""How a whole text is read aloud: the readers of the languages and the lexicon meet here. Pure."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from tasks.reading.english.reader import english_tokens
from tasks.reading.foreign.doubtful_lines import doubtful_words
from tasks.reading.languages import Language, english_word_of
from tasks.reading.lexicon import NO_LEXICON, Lexicon, lexicon_tokens, with_entries
from tasks.reading.mandarin.doubts.characters import DoubtfulCharacter, doubtful_characters
from tasks.reading.mandarin.reader import mandarin_tokens
from tasks.reading.pronunciation.brands import built_in_lexicon
from tasks.reading.tokens import Token, merged

_READERS: Mapping[Language, Callable[[str], tuple[Token, ...]]] = MappingProxyType(
    {"en": english_tokens, "zh": mandarin_tokens}
)


def read_aloud(text: str, language: Language, lexicon: Lexicon = NO_LEXICON) -> tuple[Token, ...]:
    """The tokens of a text, in order; what lies between them is read as it is written.

    Args:
        text: as captions show it, whole, with its line breaks.
        language: in which it is read.
        lexicon: a person's own words, which go before those that come with Nightshoot, and these
            before the reader's.
    """
    own = lexicon_tokens(text, language, lexicon)
    brands = lexicon_tokens(text, language, built_in_lexicon())
    tokens = _READERS[language](text)
    tokens = merged(_foreign_words(text) if language == "en" else _english_words(text), tokens)
    return with_entries(tokens, merged(brands, own))


def _foreign_words(text: str) -> tuple[Token, ...]:
    """The word by which a short line seems to be of another language, marked."""
    found = doubtful_words(text)
    if found is None:
        return ()
    start, end, name = found
    word = text[start:end]
    doubt = f'"{word}" seems to be {name}, and is read as English; put it into the lexicon'
    return (Token(start, end, "abbreviation", word, None, doubt),)


def _english_words(text: str) -> tuple[Token, ...]:
    """A small word of English in a Mandarin text without a word of Chinese, marked."""
    found = english_word_of(text)
    if found is None:
        return ()
    start, end = found
    doubt = 'this may be an English script; if it is, write "en" in the column "language"'
    return (Token(start, end, "abbreviation", text[start:end], None, doubt),)


def characters_to_check(
    text: str, language: Language, tokens: Sequence[Token]
) -> tuple[DoubtfulCharacter, ...]:
    """Characters between the tokens of a text whose reading a person should check, in order."""
    return doubtful_characters(text, tokens) if language == "zh" else ()
