"""The entries that come with Nightshoot: brands and goods whose names voices get wrong."""

import csv
from functools import cache
from pathlib import Path

from tasks.reading.lexicon import Lexicon
from tasks.reading.pronunciation.entries import read_entry


@cache
def built_in_lexicon() -> Lexicon:
    """Read on first use; a campaign's own entries go before it."""
    path = Path(__file__).with_name("brands.csv")
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        return Lexicon(tuple(read_entry(row["word"], row["language"], row["say"]) for row in rows))
