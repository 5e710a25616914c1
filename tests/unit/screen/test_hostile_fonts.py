"""Fonts of strangers: damaged ones, and such as are made to take all memory or time."""

import io
import random
import struct
import zlib
from pathlib import Path

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont

from tasks.screen.fonts import FontError, Fonts, read_font
from tasks.screen.text.setting import Box, TextFitError, fit
from tests.examples import examples

DAMAGED = "the file is not a font (TTF, OTF or TTC), or it is damaged"
PACKED = "the file is a web font (WOFF), which must be unpacked to TTF, OTF or TTC"


def font_bytes(units_per_em: int = 1000, side: int = 500, flavour: str | None = None) -> bytes:
    """A font with squares for A and B, which says that each is half an em wide."""
    made = FontBuilder(units_per_em, isTTF=True)
    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    for corner in ((side, 0), (side, side), (0, side)):
        pen.lineTo(corner)
    pen.closePath()
    square, names = pen.glyph(), [".notdef", "A", "B"]
    made.setupGlyphOrder(names)
    made.setupCharacterMap({ord("A"): "A", ord("B"): "B"})
    made.setupGlyf(dict.fromkeys(names, square))
    made.setupHorizontalMetrics(dict.fromkeys(names, (units_per_em // 2, 0)))
    made.setupHorizontalHeader(ascent=units_per_em, descent=0)
    made.setupNameTable({"familyName": "Square", "styleName": "Regular"})
    made.setupOS2()
    made.setupPost()
    made.font.flavor = flavour
    data = io.BytesIO()
    made.font.save(data)
    return data.getvalue()


def record_of(data: bytes, tag: bytes) -> int:
    """Where a font lists a table."""
    (num_tables,) = struct.unpack_from(">H", data, 4)
    return next(at for at in range(12, 12 + 16 * num_tables, 16) if data[at : at + 4] == tag)


def with_characters(part: bytes, encoding: int) -> bytes:
    """A font with another table of characters."""
    data = bytearray(font_bytes())
    data += b"\0" * (-len(data) % 4)
    table = struct.pack(">HHHHI", 0, 1, 3, encoding, 12) + part
    at = record_of(data, b"cmap")
    data[at + 8 : at + 16] = struct.pack(">II", len(data), len(table))
    return bytes(data) + table


def repeated(num: int = 8000) -> bytes:
    """Each of so many stretches maps all characters: 64 KB that stand for half a milliard."""
    head = struct.pack(">7H", 4, 16 + 8 * num, 0, 2 * num, 0, 0, 0)
    columns = [struct.pack(">H", value) * num for value in (0xFFFE, 0, 1, 0)]
    return head + columns[0] + b"\0\0" + b"".join(columns[1:])


def grouped(kind: int, *groups: tuple[int, int, int]) -> bytes:
    packed = b"".join(struct.pack(">III", *group) for group in groups)
    return struct.pack(">HHIII", kind, 0, 16 + len(packed), 0, len(groups)) + packed


def web_bomb() -> bytes:
    """A web font whose table of characters unpacks to half a gigabyte."""
    data = bytearray(font_bytes(flavour="woff"))
    packer, num_bytes = zlib.compressobj(9), 512 << 20
    packed = b"".join(packer.compress(bytes(1 << 24)) for _ in range(32)) + packer.flush()
    (num_tables,) = struct.unpack_from(">H", data, 12)
    places = range(44, 44 + 20 * num_tables, 20)
    at = next(at for at in places if data[at : at + 4] == b"cmap")
    data[at + 4 : at + 16] = struct.pack(">III", len(data), len(packed), num_bytes)
    return bytes(data) + packed


def larger_than_its_file() -> bytes:
    data = bytearray(font_bytes())
    at = record_of(data, b"cmap")
    data[at + 12 : at + 16] = struct.pack(">I", 0xFFFFFFF0)
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        pytest.param(lambda: b"", DAMAGED, id="empty"),
        pytest.param(lambda: font_bytes()[:200], DAMAGED, id="cut"),
        pytest.param(lambda: b"\0\1\0\0", DAMAGED, id="nothing but a start"),
        pytest.param(lambda: b"%!PS-AdobeFont-1.0", DAMAGED, id="another kind"),
        pytest.param(lambda: font_bytes(flavour="woff"), PACKED, id="web font"),
        pytest.param(web_bomb, PACKED, id="web bomb"),
        pytest.param(lambda: with_characters(repeated(), 1), DAMAGED, id="stretches"),
        pytest.param(
            lambda: with_characters(grouped(12, (0, 0xFFFFFFFF, 1)), 10), DAMAGED, id="group"
        ),
        pytest.param(
            lambda: with_characters(grouped(13, *[(0, 0x10FFFF, 1)] * 2000), 10),
            DAMAGED,
            id="groups",
        ),
        pytest.param(larger_than_its_file, DAMAGED, id="larger than its file"),
    ],
)
def test_a_font_that_is_none_or_a_bomb_is_refused(tmp_path: Path, data, rule: str):
    path = tmp_path / "brand.ttf"
    path.write_bytes(data())
    with pytest.raises(FontError) as told:
        read_font(path)
    assert str(told.value) == rule


def test_a_font_is_read_or_refused_whichever_bytes_are_changed(tmp_path: Path, capfd):
    whole, rng, num_read = font_bytes(), random.Random(1), 0
    for number in range(examples(600)):
        data = bytearray(whole)
        for _ in range(rng.randint(1, 6)):
            data[rng.randrange(len(data))] = rng.choice((0, 128, 255, rng.randrange(256)))
        path = tmp_path / f"{number}.ttf"
        path.write_bytes(data)
        try:
            num_read += bool(read_font(path).covers)
        except FontError:
            continue
    assert num_read > 10
    assert capfd.readouterr() == ("", ""), "what fontTools thinks is not for the terminal"


@pytest.mark.parametrize(("units_per_em", "side"), [(16, 32_000), (100, 32_000)])
def test_a_font_whose_outlines_are_thousands_of_pixels_large_is_refused(
    tmp_path: Path, units_per_em: int, side: int
):
    """At 48 pixels an A of the second one is 15,000 pixels wide, and was drawn whole."""
    path = tmp_path / "brand.ttf"
    path.write_bytes(font_bytes(units_per_em, side))
    fonts = Fonts((read_font(path),))
    box = Box(width=400, height=100, largest=48, smallest=20, max_lines=1)

    with pytest.raises(TextFitError) as told:
        fit("AB", "en", fonts, box)

    assert told.value.rule == 'the font brand.ttf cannot draw "AB" within its line'


def test_a_font_whose_letters_are_as_large_as_they_say_is_set(tmp_path: Path):
    path = tmp_path / "brand.ttf"
    path.write_bytes(font_bytes())
    with TTFont(path) as font:
        assert font.getBestCmap() == {65: "A", 66: "B"}
    fonts = Fonts((read_font(path),))
    assert fit("AB", "en", fonts, Box(400, 100, 48, 20, 1)).lines == ("AB",)
