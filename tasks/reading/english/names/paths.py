"""How paths, hidden files, endings and switches of commands are read aloud."""

import re

from tasks.reading.english.names.models import name_words
from tasks.reading.english.names.web import ending_words, plain_words
from tasks.reading.tokens import Token

_NAME = r"\.?[A-Za-z0-9_{}:*-]+(?:\.[A-Za-z0-9_*-]+)*"
_ROOTS = (
    "etc|usr|var|home|opt|tmp|bin|dev|mnt|root|lib|srv|api|admin|login|wp-admin|users?|data|app|src"
)
_UNIX = re.compile(
    rf"(?<![^\s\"'(\[:=])(?P<path>(?:~|\.{{1,2}})(?:/{_NAME})+/?|(?:/{_NAME}){{2,}}/?"
    rf"|/(?:{_ROOTS})/?(?![\w/-]))"
    r"(?![\w/$])"
)
_WINDOWS = re.compile(r"(?<![\w/])(?P<path>[A-Z]:\\(?:[\w.$-]+\\)*[\w.$-]*\w|[A-Z]:\\)")
_HIDDEN = re.compile(
    r"(?<![\w.])(?P<path>\.(?:env|git|gitignore|gitattributes|bashrc|zshrc|profile|htaccess|npmrc|"
    r"dockerignore|editorconfig|eslintrc|prettierrc|vimrc|ssh|vscode|github))(?![\w])"
)
_ENDING = re.compile(
    r"(?<![\w.)\]])\.(?P<ending>7z|apk|avi|bat|bmp|cr[23]|csv|dmg|docx?|dwg|dxf|eps|epub|exe|flac"
    r"|gif|heic|"
    r"html?|ics|ipa|iso|jpe?g|json|key|log|m4a|md|mkv|mov|mp[34]|nef|odt|otf|pages|pdf|php|png"
    r"|pptx?|"
    r"psd|py|rar|raw|rtf|sh|sql|srt|step|stl|svg|tar|tiff?|ttf|txt|wav|webm|webp|xlsx?|xml"
    r"|ya?ml|zip)"
    r"(?![\w.]\w|\w)",
    re.IGNORECASE,
)
_SWITCH = re.compile(
    r"(?<![\w-])(?P<dashes>--(?=[a-z]{2})"
    r"|-(?=[a-zA-Z]{1,2}(?![\w-])))(?P<switch>[a-zA-Z][a-zA-Z-]*)"
    r"(?=[ \u00a0=,.;:)!?\"'`]|$)"
)
_SHELL = re.compile(
    r"\b(?:flags?|commands?|npm|npx|pip|git|docker|sudo|terminal|shell|curl|grep|chmod|ssh|scp"
    r"|tar|kubectl|python3?|"
    r"yarn|cargo|ffmpeg|bash|powershell|options?)\b",
    re.IGNORECASE,
)
_SIGNS = {"/": "slash", "\\": "backslash", "~": "tilde", ":": "colon", ".": "dot", "..": "dot dot"}


def path_tokens(text: str) -> tuple[Token, ...]:
    """The tokens of all paths, hidden files, endings and switches of ``text``, in order."""
    tokens: list[Token] = []
    for pattern in (_UNIX, _WINDOWS, _HIDDEN):
        for match in pattern.finditer(text):
            if not (pattern is _UNIX and _is_rate(match)):
                words = _path_words(match["path"])
                tokens.append(Token(match.start("path"), match.end("path"), "address", words))
    for match in _ENDING.finditer(text):
        tokens.append(
            Token(match.start(), match.end(), "address", f"dot {ending_words(match['ending'])}")
        )
    if _SHELL.search(text):
        tokens += [_switch(match) for match in _SWITCH.finditer(text)]
    done: list[Token] = []
    for token in sorted(tokens, key=lambda each: (each.start, -each.end)):
        if not done or token.start >= done[-1].end:
            done.append(token)
    return tuple(done)


def _is_rate(match: re.Match[str]) -> bool:
    """$5 /user/month is no path."""
    before = match.string[max(0, match.start() - 2) : match.start()]
    return bool(re.search(r"[\d%] ?$", before))


def _path_words(path: str) -> str:
    parts = re.findall(r"\.\.(?=/)|[/\\~:.]|[^/\\~:.]+", path)
    words: list[str] = []
    for index, part in enumerate(parts):
        if part in _SIGNS:
            words.append(_SIGNS[part])
        elif index and parts[index - 1] == "." and _ENDING.fullmatch(f".{part}"):
            words.append(ending_words(part))
        else:
            words.append("E T C" if part == "etc" else plain_words(part))
    return " ".join(words)


def _switch(match: re.Match[str]) -> Token:
    """--help, -v."""
    dashes = "dash dash" if match["dashes"] == "--" else "dash"
    words = " ".join(name_words(part) for part in match["switch"].split("-") if part)
    return Token(match.start(), match.end(), "address", f"{dashes} {words}")
