"""TOML that strangers wrote -> its tables, in bounded time and memory. Pure."""

import re
import tomllib
from typing import Any

_MOST_PARTS = 100
# of a key the parser keeps each of its beginnings: 100,000 parts, in 200 kB, are 40 GB by count
_PART = r"(?>[\w-]+|\"[^\"\n]*\"|'[^'\n]*')[ \t]*\.[ \t]*"
_LONG_KEY = re.compile(rf"(?<![\w.\"'-])(?>{_PART}){{{_MOST_PARTS}}}")


def parsed_toml(text: str) -> dict[str, Any]:
    """The tables of a TOML file.

    Raises:
        tomllib.TOMLDecodeError: it is none, or one that no person writes.
    """
    if _LONG_KEY.search(text):
        raise tomllib.TOMLDecodeError(f"a key has more than {_MOST_PARTS} parts")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise
    except RecursionError as error:
        raise tomllib.TOMLDecodeError("its brackets are nested too deeply") from error
    except ValueError as error:  # of Python's limit for whole numbers
        raise tomllib.TOMLDecodeError("a number has too many digits") from error
