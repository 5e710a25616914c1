"""What a workbook may hold before anything of it is parsed: a small file can unpack to gigabytes.

A parser keeps some forty bytes for each byte of a part that it reads whole. Only parts that it
reads in pieces may be large: sheets, row by row, and the texts that cells share.
"""

import re
import zipfile
from collections.abc import Iterator
from itertools import chain
from xml.etree import ElementTree

from tasks.inputs.text_files import TextFileError

_MAX_UNPACKED_BYTES = 512 << 20
_MAX_XML_BYTES = 256 << 20
_MAX_PARTS = 5_000
_MAX_WHOLE_BYTES = 8 << 20  # of a part, or a row, that is parsed as a whole
_MAX_TAGS = 40_000_000  # of 200,000 rows with 50 cells each
_MAX_ITEMS = 2_000_000  # rows and shared texts
_MAX_LIST_BYTES = 1 << 20  # of the list of parts
_PIECE_BYTES = 1 << 20
_LONGEST_START = 40  # of a tag, looked for where two pieces meet
_ITEM = re.compile(rb"<(?:\w+:)?(?:row|si)[\s/>]")
_DOCTYPE = re.compile(rb"<!\s*DOCTYPE", re.IGNORECASE)
_XML_STARTS = (b"<", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\x00")
_LIST, _BOOK = "[Content_Types].xml", "xl/workbook.xml"
_READ_WHOLE = frozenset(
    {
        _LIST,
        _BOOK,
        "xl/styles.xml",
        "xl/theme/theme1.xml",
        "docProps/core.xml",
        "docProps/custom.xml",
    }
)
_SMALLER = "save the sheet that holds the table as a workbook of its own, or as CSV UTF-8"


def check_parts(parts: zipfile.ZipFile) -> None:
    """Refuse a workbook whose parsing would take gigabytes or hours.

    Raises:
        TextFileError: it holds too much, or what no spreadsheet writes.
    """
    infos = parts.infolist()
    if len(infos) > _MAX_PARTS or sum(info.file_size for info in infos) > _MAX_UNPACKED_BYTES:
        told = f"the workbook holds more than {_MAX_UNPACKED_BYTES >> 20} MiB when unpacked"
        raise TextFileError(1, "", told, "split it into several manifests, without pictures")
    whole = _READ_WHOLE | _books(parts)
    num_bytes = 0
    for info in infos:
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            told = f'its part "{_shown(info)}" is packed as no spreadsheet packs it'
            raise TextFileError(1, "", told, "open it in the spreadsheet and save it again")
        if _check_part(parts, info, is_whole=info.filename in whole):
            num_bytes += info.file_size
        if num_bytes > _MAX_XML_BYTES:
            told = f"the workbook holds more than {_MAX_XML_BYTES >> 20} MiB of cells and texts"
            raise TextFileError(1, "", told, "split it into several manifests")


def _books(parts: zipfile.ZipFile) -> frozenset[str]:
    """The parts that are parsed as the workbook itself, whatever their names."""
    info = next((each for each in parts.infolist() if each.filename == _LIST), None)
    if info is None or info.file_size > _MAX_LIST_BYTES:
        told = "the list of its parts is missing or too long"
        raise TextFileError(1, "", told, "open it in the spreadsheet and save it again")
    _check_part(parts, info, is_whole=True)
    listed = ElementTree.fromstring(parts.read(info))
    return frozenset(
        each.get("PartName", "").lstrip("/")
        for each in listed
        if each.get("ContentType", "").endswith(".main+xml")
    )


def _check_part(parts: zipfile.ZipFile, info: zipfile.ZipInfo, *, is_whole: bool) -> bool:
    """Whether a part is XML; what is not is never parsed, as pictures are."""
    pieces = _pieces(parts, info)
    first = next(pieces, b"")
    if not first.lstrip().startswith(_XML_STARTS):
        return False
    is_large = info.file_size > _MAX_WHOLE_BYTES
    if is_large and (is_whole or info.filename.endswith(".rels")):
        raise _too_large(info)
    num_tags, num_items, since_item, before = 0, 0, 0, b""
    for piece in chain((first,), pieces):
        seen = before + piece
        if _DOCTYPE.search(seen) or (is_large and b"<!" in seen):
            told = f'its part "{_shown(info)}" holds declarations, which no spreadsheet writes'
            raise TextFileError(1, "", told, "open it in the spreadsheet and save it again")
        num_found = sum(1 for _ in _ITEM.finditer(seen))
        since_item = 0 if num_found else since_item + len(piece)
        num_items += num_found
        num_tags += piece.count(b"<")
        if since_item > _MAX_WHOLE_BYTES or num_items > _MAX_ITEMS or num_tags > _MAX_TAGS:
            raise _too_large(info)
        before = seen[-_LONGEST_START:]
    return True


def _pieces(parts: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    """The bytes of a part; of text in UTF-16 those that are read as markup."""
    with parts.open(info) as file:
        is_wide = False
        while piece := file.read(_PIECE_BYTES):
            is_wide = is_wide or b"\x00" in piece[:4]
            yield piece.replace(b"\x00", b"") if is_wide else piece


def _too_large(info: zipfile.ZipInfo) -> TextFileError:
    return TextFileError(1, "", f'its part "{_shown(info)}" is too large to be read', _SMALLER)


def _shown(info: zipfile.ZipInfo) -> str:
    return info.filename[:60]
