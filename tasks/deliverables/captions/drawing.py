"""Burned captions as pictures in their times, in the look that is asked for. Pure."""

from collections.abc import Iterator, Sequence

from model.errors import RowError
from tasks.deliverables.captions.highlight import LitWord, lit_words, with_word_times
from tasks.deliverables.captions.places import Lettering, Stand, lettering
from tasks.media.captions import Caption, captions
from tasks.screen.formats import format_name, listed
from tasks.screen.lettering import Look, block, block_size, drawable, missing_signs, png, word_box
from tasks.screen.overlays import Overlay
from tasks.speech.clauses.word_times import SpokenWord, is_unaligned, word_times
from tasks.speech_records import Speech


class CaptionError(RowError):
    """Captions that cannot be burned in: in which formats, the rule, the way out."""

    def __init__(self, formats: tuple[str, ...], rule: str, way_out: str) -> None:
        super().__init__(formats, rule, way_out)
        self.formats, self.rule, self.way_out = formats, rule, way_out

    def __str__(self) -> str:
        return f"captions of {listed(self.formats)} {self.rule}; {self.way_out}"


def highlighted_words(speech: Speech, stand: Stand) -> tuple[SpokenWord, ...] | None:
    """The words that light up while they are said; none where that is not asked for.

    None: it is asked for, and the speech does not tell when its words are said.
    """
    highlight = stand.style.highlight
    if highlight in (None, "off") or speech.language != "en" or not speech.cues:
        return ()
    return word_times(speech)


def no_word_times(speech: Speech) -> str:
    """Why the words of a speech cannot be highlighted, and what may help."""
    sound = "the recording" if speech.source == "recording" else "the sound of this voice"
    if speech.source == "builtin":
        reason = "an earlier release spoke this script and kept no times of its words"
    elif is_unaligned(speech):
        reason = f"an earlier release did not look for the script in {sound}; add --reread"
    else:
        reason = f"the words of the script were not found in {sound}; check the script"
    return f"no word of the captions is highlighted: {reason}"


def screen_captions(
    speech: Speech, stand: Stand, *, num_frames: int, fps: int
) -> tuple[Caption, ...]:
    """Captions in lines that fit where they stand, without what is not drawn."""
    columns = stand.line_columns(speech.language)
    shown = captions(speech, end_frame=num_frames, fps=fps, line_columns=columns)
    drawn = (
        (caption, tuple(text for line in caption.lines if (text := drawable(line))))
        for caption in shown
    )
    kept = tuple(caption.model_copy(update={"lines": lines}) for caption, lines in drawn if lines)
    return with_word_times(kept, highlighted_words(speech, stand) or ())


def caption_overlays(
    shown: Sequence[Caption], stand: Stand, words: Sequence[SpokenWord] = ()
) -> tuple[Overlay, ...]:
    """Captions as pictures in their times; one more for each of ``words`` while it is said.

    Raises:
        CaptionError: they have no room that is clear of the face, or the font lacks a letter.
    """
    check_captions(shown, stand)
    place = lettering(shown, stand) if shown else None
    if place is None:
        return ()
    lit = lit_words(shown, words)
    return tuple(
        overlay
        for caption, of_caption in zip(shown, lit, strict=True)
        for overlay in _overlays(caption, of_caption, stand, place)
    )


def _overlays(
    caption: Caption, words: Sequence[LitWord], stand: Stand, place: Lettering
) -> Iterator[Overlay]:
    """One caption, cut where a word begins or ends to be lit."""
    style, usual = stand.style, Look()
    look = Look(stand.backdrop, style.text or usual.text, style.background or usual.background)
    width, height = block_size(caption.lines, place.size, look.backdrop)
    left, top = (2 * place.middle - width) // 2, place.top_of(height, stand.position)
    plain = block(caption.lines, place.size, look)
    plain_png = png(plain)
    bright = None
    at = caption.start_ms
    for word in words:
        if word.start_ms > at:
            yield Overlay(plain_png, left, top, at / 1000, word.start_ms / 1000)
        bright = bright or block(
            caption.lines, place.size, Look(look.backdrop, str(style.highlight), look.background)
        )
        picture = plain.copy()
        for part in word.parts:
            box = word_box(caption.lines, place.size, look.backdrop, part)
            picture.paste(bright.crop(box), box[:2])
        yield Overlay(png(picture), left, top, word.start_ms / 1000, word.end_ms / 1000)
        at = word.end_ms
    if at < caption.end_ms:
        yield Overlay(plain_png, left, top, at / 1000, caption.end_ms / 1000)


def check_captions(shown: Sequence[Caption], stand: Stand) -> None:
    """Captions can be drawn, and have room.

    Raises:
        CaptionError: they cannot, or have none.
    """
    names = (format_name(stand.size),)
    signs = missing_signs("".join(line for caption in shown for line in caption.lines))
    if signs:
        rule = f'cannot be drawn: the font has no letter for "{signs[:20]}"'
        raise CaptionError(names, rule, "write them otherwise, or choose captions=beside")
    if not shown or lettering(shown, stand) is not None:
        return
    if stand.region is None:
        where = "" if stand.position == "bottom" else f"in the position {stand.position} "
        other = "" if stand.position == "bottom" else "another position, "
        rule = f"{where}would stand over the face, which is too large there"
        way_out = f"choose {other}captions=beside, another format, or framing=wide"
        raise CaptionError(names, rule, way_out)
    rule = "do not fit into their region of the layout, even in the smallest letters"
    way_out = "choose captions=beside, another layout, or give captions a larger region there"
    raise CaptionError(names, rule, way_out)


def told_once(faults: Sequence[CaptionError]) -> tuple[CaptionError, ...]:
    """Each fault once, with all formats that have it."""
    formats: dict[tuple[str, str], tuple[str, ...]] = {}
    for fault in faults:
        same = (fault.rule, fault.way_out)
        formats[same] = formats.get(same, ()) + fault.formats
    return tuple(CaptionError(names, *same) for same, names in formats.items())
