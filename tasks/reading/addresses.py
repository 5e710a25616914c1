"""Web and e-mail addresses, @handles, #hashtags and file names in a text of any language. Pure.

They are told from their Latin letters alone, so that an address that touches Chinese characters is
found as well. How an address is read aloud is for the reader of the language.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from tasks.reading.domains import TOP_LEVEL_DOMAINS

AddressKind: TypeAlias = Literal["web", "email", "handle", "hashtag", "file"]

_WORDS = "am as at be by do in is it my no so to us do here how like new now one open today you"
_ENDS_SENTENCE = frozenset(_WORDS.split())
"""Endings that are words as well: ``Done.is it?`` may only lack a space."""
_FILE_ENDINGS = (
    "7z|avi|avif|bak|bat|bmp|cfg|conf|cpp|cs|css|csv|dll|dmg|doc|docx|dwg|eml|epub|exe|flac|gif|"
    "gz|heic|htm|html|ico|ics|ini|ipynb|jar|java|jpeg|jpg|js|json|jsx|key|log|m4a|m4v|md|mkv|mov|"
    "mp3|mp4|mpeg|mpg|odp|ods|odt|ogg|otf|pages|pdf|php|png|ppt|pptx|ps1|psd|py|rar|raw|rb|rs|rtf|"
    "sh|sql|srt|stl|svg|tar|tex|tgz|tif|tiff|toml|ts|tsv|tsx|ttf|txt|vtt|wav|webm|webp|wma|wmv|"
    "woff|xls|xlsm|xlsx|xml|yaml|yml|zip"
)
_LETTER = r"A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f"
_BEFORE = rf"(?<![{_LETTER}0-9@._/\\-])"
_LABELS = rf"(?:[{_LETTER}0-9-]+\.)+"
_EMAIL = re.compile(
    rf"(?<![{_LETTER}0-9._%+-])(?:mailto:)?([{_LETTER}0-9._%+-]+(?:'[{_LETTER}0-9._%+-]+)?@{_LABELS}[A-Za-z]{{2,24}})"
    rf"(?![{_LETTER}0-9])",
    re.IGNORECASE,
)
_WEB = re.compile(
    rf"{_BEFORE}((?:https?|ftp)://)?((?:{_LABELS}[{_LETTER}0-9]{{1,24}}|localhost)(?![{_LETTER}0-9@_-]))"
    r"(:\d{2,5}(?!\d))?([/?#][A-Za-z0-9/._~%+=&?#@:!$*,;()'-]*)?",
    re.IGNORECASE,
)
_FILE = re.compile(
    rf"{_BEFORE}([{_LETTER}0-9_][{_LETTER}0-9_-]*(?:\.[{_LETTER}0-9_-]+)*\.(?:{_FILE_ENDINGS}))"
    rf"(?![{_LETTER}0-9_]|[-/.][{_LETTER}0-9_])",
    re.IGNORECASE,
)
_HANDLE = re.compile(
    rf"(?<![{_LETTER}0-9@._%+-])@((?=[0-9_.]*[A-Za-z])[A-Za-z0-9_](?:[\w.]*\w)?)", re.ASCII
)
_HASHTAG = re.compile(
    rf"(?<![{_LETTER}0-9&#/])#((?=[0-9_]*[{_LETTER}])(?![0-9]+(?:st|nd|rd|th)\b)[{_LETTER}0-9_]++)(?!-\d)"
)
_CODE_CUE = re.compile(
    r"\b(?:SKU|RMA|PO|(?i:item|model|part|ref|code|filters?|cartridge|toner|battery|belt|bulb|kit"
    r"|lot|batch|serial|order|invoice|ticket|quote|style|gasket|pads?))\.?:? $"
)
_CODE = re.compile(r"[A-Z]{1,4}\d[A-Z0-9]*|\d{1,4}[A-Z][A-Z0-9]*")
_NUMBERED = re.compile(r"\d{1,4}[A-CEFH-JL-Z]")
"""#4B is a flat; #5G, #3D and #4K are hashtags."""
_COLOUR = re.compile(r"(?=.*\d)[0-9a-fA-F]{6}")


@dataclass(frozen=True)
class Address:
    """``text[start:end]`` is an address.

    Attributes:
        start: index of its first character.
        end: index behind its last character; punctuation of the sentence is not part of it.
        kind: what it names.
        name: what is read aloud of it: no scheme, no ``@`` or ``#`` of a handle or hashtag, no
            slash at its end.
        doubt: why a person should check it.
    """

    start: int
    end: int
    kind: AddressKind
    name: str
    doubt: str | None = None


def find_addresses(text: str) -> tuple[Address, ...]:
    """The addresses of ``text``, in order; they do not overlap."""
    found: list[Address] = []
    for search in (_emails, _files, _web_addresses, _handles, _hashtags):
        for address in search(text):
            if all(address.end <= other.start or other.end <= address.start for other in found):
                found.append(address)
    return tuple(sorted(found, key=lambda address: address.start))


def _emails(text: str) -> Iterator[Address]:
    for match in _EMAIL.finditer(text):
        yield Address(match.start(), match.end(), "email", match[1])


def _files(text: str) -> Iterator[Address]:
    for match in _FILE.finditer(text):
        yield Address(match.start(), match.end(), "file", match[1])


_RATED = re.compile(r"\d+\.\d+[A-Za-z]{0,3}")


def _handles(text: str) -> Iterator[Address]:
    for match in _HANDLE.finditer(text):
        if _RATED.fullmatch(match[1]):
            continue  # 16 GB @1.35V
        yield Address(match.start(), match.end(), "handle", match[1])


def _hashtags(text: str) -> Iterator[Address]:
    for match in _HASHTAG.finditer(text):
        is_code = _CODE.fullmatch(match[1]) and _CODE_CUE.search(text[: match.start()])
        is_code = is_code or _NUMBERED.fullmatch(match[1])
        if not is_code and not _COLOUR.fullmatch(match[1]):
            yield Address(match.start(), match.end(), "hashtag", match[1])


def _web_addresses(text: str) -> Iterator[Address]:
    for match in _WEB.finditer(text):
        scheme, host, port, path = match[1] or "", match[2], match[3] or "", match[4] or ""
        path = _without_punctuation(path)
        if scheme or _is_host(host):
            length = len(scheme + host + port + path)
            name = f"{host}{port}{path}".rstrip("/")
            doubt = None if scheme or path else _doubt(host)
            yield Address(match.start(), match.start() + length, "web", name, doubt)


def _without_punctuation(path: str) -> str:
    kept = path.rstrip(".,;:!?'*$")
    while kept.endswith(")") and kept.count(")") > kept.count("("):
        kept = kept[:-1].rstrip(".,;:!?'*$")
    return kept


def _is_host(host: str) -> bool:
    """Whether a name without a scheme is a host, and not a missing space or an abbreviation."""
    *labels, ending = host.split(".")
    if not labels:
        return host == "localhost"
    if ending.lower() not in TOP_LEVEL_DOMAINS:
        return False
    if labels[0].lower() == "www":
        return True
    is_title = len(labels) == 1 and ending in ("Com", "Net", "Org")
    if ending != ending.lower() and host != host.upper() and not is_title:
        return False
    is_common = ending.lower() in ("cn", "co", "com", "io", "me", "net", "org", "tv")
    if all(label.isdigit() for label in labels):
        return is_common and len(labels) == 1
    if any(len(label) == 1 for label in labels):
        return is_common and len(labels) == 1
    return all(label.strip("-") == label for label in labels)


def _doubt(host: str) -> str | None:
    first, _, ending = host.lower().partition(".")
    if first == "www" or ending not in _ENDS_SENTENCE:
        return None
    return f'"{host}" could be two sentences without a space between them'
