from __future__ import annotations

import pytest

from tasks.screen.formats import (
    FormatError,
    format_name,
    is_tall,
    parse_formats,
    set_fault,
    shape_for,
)


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ("9:16", ((1080, 1920),)),
        ("9:16, 1:1;16:9 4:5", ((1080, 1920), (1080, 1080), (1920, 1080), (1080, 1350))),
        ("720 x 1280，1080*1080", ((720, 1280), (1080, 1080))),
        ("9：16、1 : 1", ((1080, 1920), (1080, 1080))),
        ("9:16, 1080x1920", ((1080, 1920),)),
        ("1366x768", ((1366, 768),)),
    ],
)
def test_formats_are_ratios_and_sizes_each_once(text: str, sizes: tuple[tuple[int, int], ...]):
    assert parse_formats(text) == sizes


@pytest.mark.parametrize(
    ("text", "way_out"),
    [
        ("vertical", 'try "9:16" or "1080x1920"'),
        ("16:8", 'try "16:9", or write the size in pixels'),
        ("1081x1920", 'try "1082x1920"'),
        ("10x1920", 'try "64x1920"'),
        ("9:16 and 1:1", 'try "9:16" or "1080x1920"'),
        (",", 'try "9:16"'),
        ("64x64 66x66 68x68 70x70 72x72 74x74 76x76 78x78 80x80", "leave some out"),
    ],
)
def test_what_is_no_format_is_refused_with_the_way_out(text: str, way_out: str):
    with pytest.raises(FormatError) as caught:
        parse_formats(text)
    assert caught.value.args[1] == way_out


def test_several_formats_are_rendered_in_the_shape_that_loses_least():
    tall, wide, square, portrait = (
        parse_formats(each)[0] for each in ("9:16", "16:9", "1:1", "4:5")
    )

    assert shape_for([tall]) == tall
    assert shape_for([tall, square]) in (tall, square)
    assert shape_for([tall, wide, square]) == square
    assert shape_for([tall, square, portrait]) == portrait


def test_names_and_upright_shapes():
    assert format_name((1080, 1350)) == "1080x1350"
    assert is_tall((1080, 1920))
    assert is_tall((1080, 2340))
    assert not is_tall((1080, 1350))


SETS = {"social": ((1080, 1920), (1080, 1080)), "电商": ((800, 800),)}


def test_a_set_stands_for_its_formats_each_size_once():
    assert parse_formats("social", SETS) == ((1080, 1920), (1080, 1080))
    assert parse_formats("1:1, Social; 电商", SETS) == ((1080, 1080), (1080, 1920), (800, 800))
    with pytest.raises(FormatError) as caught:
        parse_formats("socal", SETS)
    assert "a set of the brand file: social, 电商" in caught.value.args[0]
    assert caught.value.args[1] == 'try "social"'


def test_a_set_is_called_by_a_word_that_is_no_format():
    assert set_fault("social") is None
    assert set_fault("电商-2") is None
    for name in ("9:16", "100x200"):
        assert set_fault(name) == (
            f'"{name}" is a format itself',
            'call it by a word, such as "social"',
        )
    for name in ("", "my set", "2nd", "a,b"):
        assert set_fault(name) is not None
