"""Telephone numbers in texts of any language."""

import re

import pytest

from tasks.reading.phone_numbers import find_phone_numbers

CUE = re.compile(r"(?:call|电话)[: ]*$", re.IGNORECASE)


def groups(text: str) -> list[tuple[str, ...]]:
    return [number.groups for number in find_phone_numbers(text, CUE)]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("020 7946 0958", ("020", "7946", "0958")),
        ("(020) 7946 0958", ("020", "7946", "0958")),
        ("+44 (0)20 7946 0958", ("44", "0", "20", "7946", "0958")),
        ("+442079460958", ("44", "20", "7946", "0958")),
        ("02079460958", ("020", "7946", "0958")),
        ("(415) 555-0132", ("415", "555", "0132")),
        ("1-800-555-0199", ("1", "800", "555", "0199")),
        ("1-800-FLOWERS", ("1", "800", "FLOWERS")),
        ("555-1234", ("555", "1234")),
        ("135-4567-8900", ("135", "4567", "8900")),
        ("电话13545678900。", ("135", "4567", "8900")),
        ("+86 135 4567 8900", ("86", "135", "4567", "8900")),
        ("010-12345678", ("010", "12345678")),
        ("400-820-8820", ("400", "820", "8820")),
        ("call 4155550132", ("415", "555", "0132")),
        ("call 1800 555 019", ("1800", "555", "019")),
    ],
)
def test_a_number_is_told_by_its_shape_or_by_the_words_before_it(
    text: str, parts: tuple[str, ...]
) -> None:
    assert groups(text) == [parts]


@pytest.mark.parametrize(
    "text",
    [
        *("2026-11-29", "978-3-16-148410-0", "1234 5678 9012 3456", "123-45-6789", "94107-1234"),
        *("100-200", "500-1000 lamps", "192.168.1.1", "3.14159265", "12345678", "50 000 000"),
        *("since 2019 300 000 people", "$4155550132", "1,299", "4155550132", "call 1000000 people"),
    ],
)
def test_other_numbers_are_no_telephone_numbers(text: str) -> None:
    assert groups(text) == []


def test_an_extension_belongs_to_its_number() -> None:
    (number,) = find_phone_numbers("1-800-555-0199 ext. 12, or", CUE)

    assert (number.start, number.end, number.extension, number.has_plus) == (0, 22, "12", False)


def test_a_plus_is_kept() -> None:
    assert find_phone_numbers("+1 415 555 0132", CUE)[0].has_plus
