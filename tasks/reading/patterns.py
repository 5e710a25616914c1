"""Patterns of hundreds of words, compiled when the first text is read. Pure.

Compiling those of English takes a quarter of a second, and most processes that import the readers
(a worker's runs, ``status``, ``cluster up``) read no text.
"""

import re
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class LatePattern:
    """What rules use of ``re.Pattern``.

    Raises:
        re.error: ``text`` is no pattern; not before it is searched for.
    """

    text: str

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.text)

    def search(self, string: str, start: int = 0) -> re.Match[str] | None:
        """The first match that begins at ``start`` or later."""
        return self._compiled.search(string, start)

    def match(self, string: str, start: int = 0) -> re.Match[str] | None:
        """The match that begins at ``start``."""
        return self._compiled.match(string, start)
