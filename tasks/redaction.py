"""What people are shown of addresses and of texts that strangers wrote. Pure.

An address may hold a secret: the user and password before its host, a key or a signature in its
query. A text of a server, a file name or a cell may hold what steers a terminal. Everything that
is printed, reported or stored for people goes through here; what is computed from (the id of a
speech, the request to a server) does not.
"""

import re
from pathlib import PurePath

_ADDRESS = re.compile(r"\b[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE)
# with too few slashes or backward ones, as a path writes it too; and without its scheme
_MISTYPED = re.compile(r"(?<![\w:/\\])(?P<start>(?:https?|s3):(?!//)[\\/]+|//)\S+", re.IGNORECASE)
# what is left of an address whose beginning is lost: user:password@host, and host/path?name=value
_USER = re.compile(
    r"(?<![\w.+-])(?<![^/:]/)(?!mailto:)[\w.+-]{0,99}:(?![/\\]|\.\.\.@)[^\s\"'<>]{1,300}@(?=[\w\[])",
    re.IGNORECASE,
)
_QUERY = re.compile(r"(?<=[\w/.-])\?[\w.-]{1,99}=[^\s\"'<>]*")
_BEGINS_AS_ADDRESS = re.compile(r"\W*[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_AFTER_ADDRESS = re.compile(r"[.,;:!?)\]}>\"'`”’]*$")  # of the sentence, not of the address
_AUTHORITY = re.compile(r"(?:\[[0-9a-f:.%]*\]|[^:\[\]\\]*)(?::\d*)?", re.IGNORECASE)
_HIDDEN = "..."
_PATH_PARAMETER = re.compile(
    r"(?<=[;&])([^/;&=]*(?:token|key|sig|signature|auth|passw(?:or)?d|pwd|secret|session(?:id)?|sid))=[^/;&]*",
    re.IGNORECASE,
)
# what published spreadsheets and archives are asked for: no key, no signature
_PLAIN_QUERY = re.compile(
    r"(?:(?:format|exportFormat|gid|output|single|range|usp|dl|raw|download|version|versionId)"
    r"=[A-Za-z0-9._-]{0,40}(?:&|$))*",
    re.IGNORECASE,
)

# ECMA-48: control strings with their content, control sequences, other escapes
_ESCAPES = re.compile(
    r"(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|\x1b[ -/]+[0-~]"
    r"|\x1b[0-Z\\^_`-~]"
)
# controls apart from line feed and tab, and the signs that turn the direction of a line
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def shown_url(url: str) -> str:
    """The address without what may be a secret: user, password, query, fragment, ``;token=...``."""
    scheme, sign, rest = url.partition("://")
    if not sign:
        return _HIDDEN if re.search(r"[@?#]", url) else url
    authority, slash, path = re.split(r"[?#]", rest, maxsplit=1)[0].partition("/")
    host = authority.rpartition("@")[2]
    is_torn = "%40" in authority or ("@" in path and (":" in host or not host))
    if is_torn or not _AUTHORITY.fullmatch(host):
        return f"{scheme}://{_HIDDEN}"  # a password with a slash or a colon in it, perhaps
    if scheme.lower() in ("http", "https"):
        path = _PATH_PARAMETER.sub(rf"\1={_HIDDEN}", path)
    return f"{scheme}://{host}{slash}{path}"


def with_shown_addresses(text: str) -> str:
    """``text`` with every address in it as :func:`shown_url` has it, mistyped ones included."""
    text = _MISTYPED.sub(_mistyped_match, text)
    return _ADDRESS.sub(_shown_match, text) if "://" in text else text


def without_secrets(text: str) -> str:
    """The same of a message, which may quote what is left of an address without its beginning."""
    text = with_shown_addresses(text)
    text = _USER.sub(f"{_HIDDEN}@", text) if "@" in text else text
    return _QUERY.sub("", text) if "?" in text else text


def shown_cell(text: str) -> str:
    """The same of what somebody wrote where a file belongs: all of it may be one address."""
    return shown_url(text) if _BEGINS_AS_ADDRESS.match(text) else without_secrets(text)


def _shown_match(match: re.Match[str]) -> str:
    url = _AFTER_ADDRESS.sub("", match[0])
    return shown_url(url) + match[0][len(url) :]


def _mistyped_match(match: re.Match[str]) -> str:
    written = _AFTER_ADDRESS.sub("", match[0])
    end = match[0][len(written) :]
    place = re.split(r"[?#]", written, maxsplit=1)[0]
    if "@" not in place:
        return place + end
    return (
        f"{match['start'].rstrip('/' + chr(92)) or '//'}{_HIDDEN}@{place.rpartition('@')[2]}{end}"
    )


def no_folder_of(path: PurePath) -> str:
    """That a file's folder is missing, with its name unless that may hold a secret.

    Of a mistyped address, such as ``http:/user:password@host/face.png``, a folder is what is
    secret.
    """
    if re.search(r"[@?#]", str(path)):
        return "its folder does not exist either"
    return f'there is no folder "{path.parent.name}" either'


def has_secret(place: str) -> bool:
    """Whether an address holds what may be a secret, so that nobody should keep it."""
    if "://" not in place:
        return without_secrets(place) != place  # a path, or a mistyped address
    address, _, query = place.partition("#")[0].partition("?")
    return address != shown_url(address) or _PLAIN_QUERY.fullmatch(query) is None


def printable(text: str) -> str:
    """``text`` without what steers a terminal; line breaks and tabs stay."""
    return _CONTROLS.sub("", _ESCAPES.sub("", text))
