"""How burned captions are to look: what a cell says of it, and what nobody could read. Pure."""

import re
from collections.abc import Iterator
from difflib import get_close_matches

from tasks.deliver_records import BACKDROPS, CAPTION_POSITIONS, CAPTION_SIZES, CaptionStyle

_COLOURS = ("text", "background", "highlight")
_BETWEEN = re.compile(r"[\s,;、，；]+")
_COLOUR = re.compile(r"#[0-9a-f]{6}")
_WORDS: dict[str, str] = {
    **dict.fromkeys(CAPTION_POSITIONS, "position"),
    **dict.fromkeys(BACKDROPS, "backdrop"),
    **dict.fromkeys(CAPTION_SIZES, "size"),
}
_USUAL_TEXT, _USUAL_BACKGROUND = "#ffffff", "#101010"
_LEAST_CONTRAST = 3.0  # as the accessibility rules of the web ask for large letters
_EXAMPLE = 'try "top, box, highlight=#ffd400"'


class CaptionStyleError(ValueError):
    """A style that is none, or that nobody could read; ``args`` are the rule and the way out."""


def parse_caption_style(text: str) -> CaptionStyle:
    """A style, such as ``top, box, large, highlight=#ffd400``; each thing is said once.

    Raises:
        CaptionStyleError: a word of it is unknown, or says again what another one says.
    """
    said: dict[str, str] = {}
    joined = re.sub(r"\s*[=＝]\s*", "=", text.strip().lower())
    for word in filter(None, _BETWEEN.split(joined)):
        name, value = _meant(word)
        if name in said:
            rule = f'"{said[name]}" and "{value}" are both a {name}'
            raise CaptionStyleError(rule, "keep one of them")
        said[name] = value
    if not said:
        raise CaptionStyleError("no style is named", _EXAMPLE)
    return CaptionStyle.model_validate(said)


def _meant(word: str) -> tuple[str, str]:
    """The field that a word of a cell is about, and its value."""
    name, sign, value = word.partition("=")
    if not sign:
        if word in _WORDS:
            return _WORDS[word], word
        near = get_close_matches(word, _WORDS, 1, 0.7)
        rule = f'"{word}" is none of {", ".join(_WORDS)}, text=, background= and highlight='
        raise CaptionStyleError(rule, f'try "{near[0]}"' if near else _EXAMPLE)
    if name not in _COLOURS:
        rule = f'"{name}=" is none of {", ".join(f"{each}=" for each in _COLOURS)}'
        raise CaptionStyleError(rule, _EXAMPLE)
    if not _COLOUR.fullmatch(value) and not (name == "highlight" and value == "off"):
        rule = f'"{value}" is no colour: it must be # and six digits from 0 to f'
        raise CaptionStyleError(rule, f'try "{name}=#ffd400"')
    return name, value


def style_faults(style: CaptionStyle) -> Iterator[tuple[str, str, str]]:
    """What is wrong with a style as a whole: a field, the rule that it breaks, the way out."""
    text = style.text or _USUAL_TEXT
    background = style.background or _USUAL_BACKGROUND
    highlight = style.highlight if style.highlight != "off" else None
    if style.backdrop == "none":
        if style.background is not None:
            rule = "captions without a box or an outline have no background"
            yield "background", rule, "leave it out, or write another backdrop"
    else:
        for name, colour in (("text", text), ("highlight", highlight)):
            if colour and (found := contrast(colour, background)) < _LEAST_CONTRAST:
                rule = f"{colour} on {background} cannot be read: their contrast is {found:.1f}"
                yield name, rule, f"choose colours with a contrast of {_LEAST_CONTRAST:g} or more"
    if highlight is not None and highlight.lower() == text.lower():
        yield "highlight", "it is the colour of the other words", "choose another one"


def contrast(one: str, other: str) -> float:
    """From 1 for equal colours to 21 for black and white, as the web's rules count it (WCAG)."""
    light = sorted((_luminance(one), _luminance(other)))
    return (light[1] + 0.05) / (light[0] + 0.05)


def _luminance(colour: str) -> float:
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in shares
    ]
    return sum(weight * each for weight, each in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
