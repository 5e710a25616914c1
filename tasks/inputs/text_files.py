"""Text in files: its encoding, and why it cannot be a script."""

import unicodedata
from pathlib import Path

from tasks.inputs.text_encoding import decode_legacy

MAX_SCRIPT_BYTES = 4 << 20


def script_fault(path: Path) -> str:
    """Why the file at ``path`` cannot be a script; empty if nothing speaks against it."""
    if path.stat().st_size > MAX_SCRIPT_BYTES:
        return f"the script is larger than {MAX_SCRIPT_BYTES >> 20} MiB"
    try:
        text, _ = decode_text(path.read_bytes())
    except TextFileError as error:
        return error.rule
    if not text.strip():
        return "the script is empty"
    return character_fault(text, allow_lines=True)


def character_fault(text: str, *, allow_lines: bool) -> str:
    """Which character of ``text`` does not belong in a cell; empty if none."""
    allowed = "\n\t\r" if allow_lines else ""
    for index, char in enumerate(text):
        if char == "\ufffd":
            return f"character {index + 1} was lost in an earlier conversion"
        if char not in allowed and unicodedata.category(char) == "Cc":
            return f"character {index + 1} is a control character (U+{ord(char):04X})"
    return ""


_BINARY_STARTS = (
    (b"PK\x03\x04", "is an Excel workbook or another zip file"),
    (b"\xd0\xcf\x11\xe0", "is an old Excel workbook or one with a password"),
    (b"%PDF", "is a PDF"),
    (b"{\\rtf", "is a rich text file"),
)


class TextFileError(ValueError):
    """Text that is no table: on which line, what is wrong, and the way out."""

    def __init__(self, line: int, value: str, rule: str, way_out: str) -> None:
        super().__init__(line, value, rule, way_out)
        self.line, self.value, self.rule, self.way_out = line, value, rule, way_out


def decode_text(data: bytes) -> tuple[str, str]:
    """Text and the name of its encoding.

    Raises:
        TextFileError: it is no text, or its encoding cannot be told.
    """
    for start, what in _BINARY_STARTS:
        if data.startswith(start):
            raise TextFileError(
                1, "", f"the file {what}, not text", 'save it as "CSV UTF-8 (comma delimited)"'
            )
    wide = _wide_encoding(data)
    if wide:
        try:
            return data.decode(wide).removeprefix("\ufeff"), "UTF-16"
        except UnicodeDecodeError as error:
            raise TextFileError(
                1, "", f"the file is broken UTF-16: {error.reason}", 'save it as "CSV UTF-8"'
            ) from error
    try:
        return data.decode("utf-8-sig"), "UTF-8"
    except UnicodeDecodeError as error:
        if found := decode_legacy(data):
            return found.text, found.encoding
        line = data.count(b"\n", 0, error.start) + 1
        shown = data[max(0, error.start - 12) : error.start + 12].decode("latin-1")
        raise TextFileError(
            line, shown, "its encoding cannot be told for certain", 'save it as "CSV UTF-8"'
        ) from error


def _wide_encoding(data: bytes) -> str:
    """UTF-16 told by its mark, or by the zero bytes of its ASCII half."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    start = data[:4096]
    for offset, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        zeros = start[offset::2]
        if len(zeros) > 4 and zeros.count(0) > 0.6 * len(zeros):
            return name
    return ""
