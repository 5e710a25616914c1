"""Numbers of computers and cameras: 1440p/60fps, HTTP 404, PCIe 4.0 x4, port 443, Z6III."""

import re

from tasks.reading.english.names.models import code_words, letters, roman_value
from tasks.reading.english.numbers import cardinal, digits, pairs, parse_number
from tasks.reading.english.rules import Rule, near, token
from tasks.reading.tokens import Token

_PROTOCOL = re.compile(
    r"(?=/)(?<=(?<![\w/-])(?:AS|OS|PS))/(?P<whole>\d{1,3})(?![\w/]|[.,-]\d)"
    r"|(?:(?<=HTTP)|(?<=HTTPS)|(?<=SPDY)|(?<=SIP)|(?<=RTSP)|(?<=TLS)|(?<=SSL)|(?<=SMB)|(?<=MQTT))"
    r"/(?P<version>\d{1,2}(?:\.\d{1,2})?)(?![\w/]|[.,-]\d)"
)


def _protocol(match: re.Match[str]) -> Token:
    """The number of HTTP/2, TLS/1.3 and OS/2, whose slash nobody says."""
    if match["whole"]:
        return token(match, "model", pairs(match["whole"]))
    return token(match, "model", parse_number(match["version"]).words)


_LANES = re.compile(r"(?:(?<=PCIe )|(?<=Gen)|(?<=Gen ))(\d(?:\.\d)?) ?x(1|2|4|8|16)(?!\w)")


def _lanes(match: re.Match[str]) -> Token:
    """PCIe 4.0 x4."""
    return token(match, "version", f"{parse_number(match[1]).words} by {cardinal(int(match[2]))}")


_LINES = re.compile(r"(?<![\w.,$€£¥₹])1,080([pi])(?!\w)")


def _lines(match: re.Match[str]) -> Token:
    """1,080p, with a comma that nobody says."""
    return token(match, "model", f"ten eighty {letters(match[1])}")


_PORT = re.compile(
    r"(?=\d)(?:(?<=\b[Pp]ort )|(?<=\b[Pp]orts )|(?<=\b[Pp]ort: )|(?<=\bchmod ))\d{3,5}(?![\w]"
    r"|[.,]\d)"
)


def _port(match: re.Match[str]) -> Token:
    """Port 443."""
    return token(match, "model", digits(match[0]) if len(match[0]) > 4 else pairs(match[0]))


_SCAN = re.compile(r"(?<![\w.,$])(240|360|480|576|720|1080|1440|2160|4320)([pi])(?=[/@])")


def _scan(match: re.Match[str]) -> Token:
    """1440p/60fps."""
    return token(match, "model", f"{pairs(match[1])} {letters(match[2])}")


_FRAMES = re.compile(r"(?<![\w.,$€£¥₹])(23\.976|23\.98|29\.97|47\.95|59\.94|119\.88)([pi])(?!\w)")
_DEPTH = re.compile(r"(?<![\w.,$€£¥₹-])(\d{1,3})(?:ATM|[ \u00a0]ATM(?= (?:water|depth)))(?!\w)")


def _frames(match: re.Match[str]) -> Token:
    """29.97p: frames, not pence."""
    return token(match, "model", f"{parse_number(match[1]).words} {letters(match[2])}")


def _depth(match: re.Match[str]) -> Token:
    """A watch of 10ATM."""
    count = int(match[1])
    return token(match, "measure", f"{cardinal(count)} atmosphere{'' if count == 1 else 's'}")


_STATUS = re.compile(
    r"(?<![\w.,$€£¥₹-])([1-5]\d\d)(?=[ \u00a0](?:errors?|error codes?|status(?:es)?|responses?"
    r"|redirects?|pages?)\b)"
)


def _status(match: re.Match[str]) -> Token | None:
    """HTTP 404 and 503 errors."""
    if match[0].startswith(("1", "2", "3")) and "pages" in match.string[match.end() :][:6]:
        return None  # a book of 320 pages
    if not re.search(r"\b(?:HTTP|server|page|web ?site|API|URL|link)", match.string):
        return None
    return token(match, "model", pairs(match[1]))


_BITS = re.compile(r"(?<![\w-])[xX](64|86|32)(?:[-_](64))?(?!\w)")


def _bits(match: re.Match[str]) -> Token:
    """For x64 and x86."""
    return token(match, "model", " ".join(["X", *(pairs(part) for part in match.groups() if part)]))


_MARK_OF_CODE = re.compile(
    r"(?<![\w-])(?P<code>[A-Za-z]{1,3}\d{1,4}[A-HJ-UWYZa-z]?)(?P<roman>III|II|IV|VIII|VII|VI"
    r"|IX)(?!\w)"
)


def _mark_of_code(match: re.Match[str]) -> Token:
    """Z6III, RX100VII."""
    value = roman_value(match["roman"]) or 0
    return token(match, "model", f"{code_words(match['code'])} {cardinal(value)}")


_SAMPLED = re.compile(r"(?<![\d:.])4:(?:2:[02]|4:4|1:1)(?![\d:])")

_DRIVE = re.compile(r"(?<=M\.2 )(?:2230|2242|2260|2280|22110)(?!\w)")

_SUPPORTED = re.compile(
    r"(?<=[A-Za-z] )(?P<first>\d{1,2}\.\d{1,2})[-–](?P<last>\d{1,2}\.\d{1,2})(?![\w%]|\.\d)"
)

_NAMES_OF_SOFTWARE = re.compile(
    r"\b(?:Python|Node|PHP|Ruby|Java|Go|Rust|Django|Rails|Android|iOS|macOS|Ubuntu|Debian"
    r"|versions?|PostgreSQL|MySQL|Redis"
    r"|Kubernetes|kernel|OpenSSL|Swift|Kotlin) $"
)


def _sampled(match: re.Match[str]) -> Token:
    """4:2:2 video."""
    return token(match, "model", " ".join(digits(part) for part in match[0].split(":")))


def _drive(match: re.Match[str]) -> Token:
    """An M.2 2280 drive."""
    return token(match, "model", pairs(match[0]) if len(match[0]) == 4 else "twenty-two one ten")


def _supported(match: re.Match[str]) -> Token | None:
    """Python 3.8–3.12."""
    if not _NAMES_OF_SOFTWARE.search(match.string[: match.start()]):
        return None
    words = (
        " point ".join(cardinal(int(part)) for part in version.split("."))
        for version in match.groups()
    )
    return token(match, "range", " to ".join(words))


_GRAPHICS = re.compile(
    r"(?<![\w.,$€£¥₹-])(?<![A-Z] )([1-9]\d{3})(?=[ \u00a0](?:Ti|XTX?|Super|SUPER|GRE)\b)"
)


def _graphics(match: re.Match[str]) -> Token:
    """The 5060 Ti."""
    return token(match, "model", pairs(match[1]))


_CARD_NUMBER = re.compile(r"(?<=\b[Tt]he )[2-6]0[5-9]0(?![\w%]|[.,:]\d)")
_CARDS = re.compile(r"\b(?:RTX|RX|GTX|GeForce|Radeon|GPU|graphics|Nvidia|NVIDIA)\b")


def _card_number(match: re.Match[str]) -> Token | None:
    """The RX 7800 XT beats the 4070."""
    return token(match, "model", pairs(match[0])) if _CARDS.search(near(match)) else None


RULES = (
    Rule(_CARD_NUMBER, _card_number),
    Rule(_GRAPHICS, _graphics),
    Rule(_SAMPLED, _sampled),
    Rule(_DRIVE, _drive),
    Rule(_SUPPORTED, _supported),
    Rule(_SCAN, _scan),
    Rule(_FRAMES, _frames),
    Rule(_DEPTH, _depth),
    Rule(_STATUS, _status),
    Rule(_BITS, _bits),
    Rule(_MARK_OF_CODE, _mark_of_code),
    Rule(_PORT, _port),
    Rule(_LINES, _lines),
    Rule(_LANES, _lanes),
    Rule(_PROTOCOL, _protocol),
)
