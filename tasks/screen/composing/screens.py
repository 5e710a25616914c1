"""A row's screen in one format: what is behind, on and above the presenter, and when."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from PIL import Image

from model.errors import RowError
from tasks.screen.composing.caption_places import (
    caption_faults,
    caption_place,
    captions_over_mouth,
    common,
    mouth_of,
    no_caption_place,
)
from tasks.screen.composing.faults import ScreenFault, told_once
from tasks.screen.composing.pieces import (
    Piece,
    Stage,
    canvas_of,
    logo_on,
    missing_characters,
    overlaps,
    products_on,
    told,
    words_on,
)
from tasks.screen.composing.times import Span, Times
from tasks.screen.overlays import Overlay, Screen

_FADE_S = 0.2
_LEAST_MOUTH = 0.8  # of its height: a presenter whose mouth is cut off is not shown
_CTA_S = 5.0
"""So long before its end a video shows its call to action."""


class ScreenError(RowError):
    """What a row wants to show and cannot: all of it, each fault once for all formats."""

    def __init__(self, faults: tuple[ScreenFault, ...]) -> None:
        self.faults = told_once(faults)
        super().__init__(self.faults)

    def __str__(self) -> str:
        return "; ".join(str(fault) for fault in self.faults)


@dataclass(frozen=True)
class Drawing:
    """All that is drawn for one format."""

    words: tuple[Piece, ...]
    products: dict[int, Piece]
    logo: Piece | None

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """All pieces."""
        return (*self.words, *self.products.values(), *((self.logo,) if self.logo else ()))


def drawing_of(stage: Stage) -> tuple[Drawing, tuple[ScreenFault, ...]]:
    """Everything drawn, and what is wrong with it whatever the speech and the face are."""
    words, faults = words_on(stage)
    products, more = products_on(stage)
    logo = logo_on(stage)
    drawing = Drawing(tuple(words), products, logo)
    faults = [
        *missing_characters(stage),
        *faults,
        *more,
        *_logo_faults(stage, drawing),
        *caption_faults(stage, drawing.pieces),
    ]
    return drawing, tuple(faults)


def screen_of(
    stage: Stage,
    times: Times,
    *,
    fps: int,
    num_frames: int,
    face: tuple[int, int, int, int] | None,
    alone: tuple[int, int, int, int] | None = None,
) -> Screen:
    """The screen of one format.

    Args:
        stage: brand, row, language and format.
        times: when pictures, price and presenter are seen, in frames.
        fps: of the video.
        num_frames: of the video.
        face: left, top, right and bottom on the screen, forehead to chin; None: nobody is seen.
        alone: the same where the presenter has the whole frame.

    Raises:
        ScreenError: something does not fit, or would lie over the mouth.
    """
    drawing, faults = drawing_of(stage)
    faults = (
        *faults,
        *_over_mouth(stage, drawing, face),
        *captions_over_mouth(stage, [face, alone if times.presenter else None]),
        *_late(stage, fps, num_frames),
    )
    captions = None
    if stage.is_captioned and not faults:
        captions = caption_place(stage, drawing.pieces, [face, alone if times.presenter else None])
        faults += () if captions else (no_caption_place(stage),)
    if faults:
        raise ScreenError(faults)
    whole = Span(0, num_frames)
    shown: list[tuple[Piece, Span]] = []
    for number, span in times.images:
        if number in drawing.products:
            shown.append((drawing.products[number], span))
    for piece in drawing.words:
        spans = times.price if piece.thing == "price" else (_usual(stage, piece, fps, num_frames),)
        shown += ((piece, span) for span in spans)
    fade_s = _FADE_S if stage.brand.tables.transition == "fade" else 0.0
    overlays = [
        _overlay(piece, part, fps, fade_s)
        for piece, span in shown
        for part in _without(span, times.presenter)
    ]
    if drawing.logo:
        overlays.append(_overlay(drawing.logo, whole, fps, 0.0))
    canvas = canvas_of(stage)
    whole_frame = times.presenter if canvas else ()
    return Screen(
        width=stage.width,
        height=stage.height,
        presenter=stage.places.presenter,
        canvas=_png(canvas) if canvas else None,
        overlays=tuple(overlays),
        presenter_alone=tuple((span.start / fps, span.end / fps) for span in whole_frame),
        captions=captions,
    )


def _logo_faults(stage: Stage, drawing: Drawing) -> Iterator[ScreenFault]:
    if drawing.logo is None or stage.brand.logo is None:
        return
    for piece in (*drawing.words, *drawing.products.values()):
        if overlaps(drawing.logo.region, piece.region):
            rule = f"the logo lies over the {told(piece.thing)}"
            way_out = "give it another corner, or a smaller width or margin, in the brand file"
            yield stage.fault("brand", stage.brand.logo.name, rule, way_out)
            return


def _over_mouth(
    stage: Stage, drawing: Drawing, face: tuple[int, int, int, int] | None
) -> Iterator[ScreenFault]:
    if face is None:
        return
    presenter = stage.places.presenter
    whole = mouth_of(face, stage.width, stage.height)
    mouth = common(whole, presenter)
    if mouth is None or mouth.height < _LEAST_MOUTH * whole.height:
        rule = "the presenter's mouth would be cut off"
        way_out = "choose another layout, or framing=wide"
        yield stage.fault("product_layout", stage.row.layout, rule, way_out)
        return
    for piece in drawing.pieces:
        if overlaps(piece.region, mouth):
            rule = f"the {told(piece.thing)} would lie over the presenter's mouth"
            way_out = "choose another layout or framing, or move its region in the brand file"
            yield stage.fault(_column(piece.thing), _value(stage, piece.thing), rule, way_out)


def _late(stage: Stage, fps: int, num_frames: int) -> Iterator[ScreenFault]:
    start_s = stage.brand.tables.lower_third.starts_s
    if (stage.row.name or stage.row.title) and start_s * fps >= num_frames:
        rule = f"the video ends after {num_frames / fps:.1f} s, before its lower third"
        way_out = f"let it start earlier than {start_s:g} s in the brand file"
        yield ScreenFault("name", stage.row.name or stage.row.title, rule, way_out)


def _usual(stage: Stage, piece: Piece, fps: int, num_frames: int) -> Span:
    """When words are seen for which a script has no marks."""
    if piece.thing == "cta":
        return Span(max(0, num_frames - round(_CTA_S * fps)), num_frames)
    if piece.thing == "lower_third":
        table = stage.brand.tables.lower_third
        end = round((table.starts_s + table.lasts_s) * fps)
        return Span(round(table.starts_s * fps), min(end, num_frames))
    return Span(0, num_frames)


def _without(span: Span, others: Sequence[Span]) -> Iterator[Span]:
    """The parts of a span that none of the others covers."""
    at = span.start
    for other in sorted(others, key=lambda each: each.start):
        if other.end <= at or other.start >= span.end:
            continue
        if other.start > at:
            yield Span(at, other.start)
        at = max(at, other.end)
    if at < span.end:
        yield Span(at, span.end)


def _overlay(piece: Piece, span: Span, fps: int, fade_s: float) -> Overlay:
    """What is there in the first frame is there at once; a fade needs time for itself."""
    seconds = (span.end - span.start) / fps
    is_faded = span.start > 0 and 2 * fade_s <= seconds
    return Overlay(
        picture=_png(piece.picture),
        left=piece.region.left,
        top=piece.region.top,
        starts_s=span.start / fps,
        ends_s=span.end / fps,
        fade_s=fade_s if is_faded else 0.0,
    )


def _png(picture: Image.Image) -> bytes:
    data = io.BytesIO()
    picture.save(data, "PNG")
    return data.getvalue()


def _column(thing: str) -> str:
    columns = {"price": "price_text", "lower_third": "name", "product": "product_image"}
    return columns.get(thing, "brand" if thing == "logo" else thing)


def _value(stage: Stage, thing: str) -> str:
    row = stage.row
    values = {"lower_third": row.name or row.title, "price": row.price_text}
    if thing == "product":
        return next(iter(row.images.values())).name
    return values.get(thing, str(getattr(row, thing, "")))
