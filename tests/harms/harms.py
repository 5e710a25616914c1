"""What may happen to a file: each harm returns what it did, or nothing where it does not apply."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.harms.stores import Files, Store


@dataclass(frozen=True)
class Place:
    """Where harm is done.

    Attributes:
        store: which is harmed.
        whole: its files as they were.
        name: of the file.
        siblings: others of the same kind.
        draw: what is not said otherwise.
    """

    store: Store
    whole: Files
    name: str
    siblings: tuple[str, ...]
    draw: random.Random

    @property
    def data(self) -> bytes:
        """Of the file, as it was."""
        return self.whole[self.name]


def one_bit(place: Place) -> str:
    if not place.data:
        return ""
    data = bytearray(place.data)
    where, bit = place.draw.randrange(len(data)), 1 << place.draw.randrange(8)
    data[where] ^= bit
    place.store.write(place.name, bytes(data))
    return f"bit {bit} of byte {where}"


def many_bytes(place: Place) -> str:
    if not place.data:
        return ""
    data = bytearray(place.data)
    for _ in range(1 + len(data) // 20):
        data[place.draw.randrange(len(data))] = place.draw.randrange(256)
    place.store.write(place.name, bytes(data))
    return "many bytes"


def a_digit(place: Place) -> str:
    """A record that can still be read, and tells something else."""
    data = bytearray(place.data)
    places = [index for index, byte in enumerate(data) if chr(byte).isdigit()]
    if not places or not place.name.endswith((".json", ".jsonl", ".csv")):
        return ""
    where = place.draw.choice(places)
    data[where] = ord("0") + (data[where] - ord("0") + 1 + place.draw.randrange(8)) % 10
    place.store.write(place.name, bytes(data))
    return f"the digit at {where}"


def another_shape(place: Place) -> str:
    """JSON that is no record."""
    if not place.name.endswith(".json"):
        return ""
    shapes = (b"null", b"[]", b"{}", b'"x"', b"[1]", b'{"a":' + b"[" * 100_000)
    shape = place.draw.choice(shapes)
    place.store.write(place.name, shape)
    return f"JSON: {shape[:8].decode()}"


def cut(place: Place) -> str:
    length = place.draw.randrange(max(1, len(place.data)))
    place.store.write(place.name, place.data[:length])
    return f"cut to {length} bytes"


def emptied(place: Place) -> str:
    place.store.write(place.name, b"")
    return "emptied"


def zeros(place: Place) -> str:
    place.store.write(place.name, b"\0" * len(place.data))
    return "zeros"


def removed(place: Place) -> str:
    place.store.remove(place.name)
    return "removed"


def swapped(place: Place) -> str:
    if not place.siblings:
        return ""
    other = place.draw.choice(place.siblings)
    place.store.write(place.name, place.whole[other])
    place.store.write(other, place.data)
    return f"swapped with {other}"


def a_folder(place: Place) -> str:
    if not place.store.has_folders:
        return ""
    place.store.make_folder(place.name, place.draw.random() < 0.5)
    return "replaced by a folder"


HARMS: Mapping[str, Callable[[Place], str]] = {
    each.__name__: each
    for each in (
        *(one_bit, many_bytes, a_digit, another_shape, cut, emptied, zeros, removed, swapped),
        a_folder,
    )
}
