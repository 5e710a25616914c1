"""The last clauses that were placed: rows that share clauses place each of them once."""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import ClassVar
from weakref import WeakKeyDictionary

from tasks.speech.timeline import Block, Gap
from tasks.store.shared_files import SharedFiles

_MOST_KEPT = 48  # about 35 MB, with what is written of them


class RecentBlocks:
    """Blocks of built-in voices by the key of their sound and the gap around them."""

    _lock = Lock()
    _of: ClassVar[WeakKeyDictionary[SharedFiles, "RecentBlocks"]] = WeakKeyDictionary()

    def __init__(self) -> None:
        self._blocks: OrderedDict[tuple[str, Gap], Block] = OrderedDict()

    @classmethod
    def of(cls, shared: SharedFiles) -> "RecentBlocks":
        """Those of the clauses whose sounds are in ``shared``."""
        with cls._lock:
            return cls._of.setdefault(shared, cls())

    def block(self, key: str, gap: Gap, make: Callable[[], Block | None]) -> Block | None:
        """The block of a sound; made where it is not among the last ones."""
        block = self.found(key, gap)
        if block is None:
            block = make()
        if block is not None:
            with self._lock:
                self._blocks[key, gap] = block
                self._blocks.move_to_end((key, gap))
                while len(self._blocks) > _MOST_KEPT:
                    self._blocks.popitem(last=False)
        return block

    def found(self, key: str, gap: Gap) -> Block | None:
        """The block of a sound, where it is among the last ones."""
        with self._lock:
            block = self._blocks.get((key, gap))
            if block is not None:
                self._blocks.move_to_end((key, gap))
        return block
