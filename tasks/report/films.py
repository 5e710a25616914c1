"""What is made of a finished video, as its card shows it: links, sizes, captions, the label."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from tasks.deliver_records import DeliverableReceipt, DeliverRequest, Size
from tasks.deliverables.store import deliverable_folder, keys_of, made_of, receipt_name
from tasks.errors import DamagedError, NewerRecordError
from tasks.records import VideoReceipt
from tasks.screen.formats import RATIOS, format_name, is_beside
from tasks.store.campaign_folder import CampaignFolder

_FAMILIAR = {size: ratio for ratio, size in RATIOS.items()}


@dataclass(frozen=True)
class FilmCard:
    """One film; links are relative to the page.

    Attributes:
        name: its sides, such as ``1080x1920``.
        shape: its ratio, such as ``9:16``; empty where it has no familiar one.
        link: to the film; ``poster`` and ``teaser`` likewise, the last empty where there is none.
        size: width and height, pixels.
        num_bytes: of the film.
        is_burned: whether captions are in the picture.
        captions: links to those that lie beside it, by their kind; empty where none do.
        label: what is seen at its start; empty: nothing.
    """

    name: str
    shape: str
    link: str
    poster: str
    teaser: str
    size: Size
    num_bytes: int
    is_burned: bool
    captions: Mapping[str, str]
    label: str


def films_of(folder: CampaignFolder, master: VideoReceipt) -> tuple[FilmCard, ...]:
    """What was made of a finished video, in the order of its row's formats.

    What cannot be read is not shown: the next run says so, and makes it again.
    """
    try:
        stored = folder.read_plan(master.video_id)
        if stored is None or stored.deliver is None:
            return ()
        return tuple(
            film_card(each, stored.deliver, master) for each in made_of(stored, master, folder)
        )
    except (DamagedError, NewerRecordError):
        return ()


def film_records(store: CampaignFolder, master: VideoReceipt) -> tuple[str, ...]:
    """Names of the files from which :func:`films_of` tells."""
    plan = f"plans/{master.video_id}.json"
    try:
        stored = store.read_plan(master.video_id)
    except (DamagedError, NewerRecordError):
        return ()
    if stored is None or stored.deliver is None:
        return ()
    return (plan, *map(receipt_name, keys_of(stored.deliver, master).values()))


def film_card(made: DeliverableReceipt, request: DeliverRequest, master: VideoReceipt) -> FilmCard:
    """What the page shows of a deliverable."""
    return FilmCard(
        name=format_name(made.size),
        shape=shape_of(made.size),
        link=_link(made.key, made.file.name),
        poster=_link(made.key, made.poster.name),
        teaser=_link(made.key, made.teaser.name) if made.teaser else "",
        size=made.size,
        num_bytes=made.file.num_bytes,
        is_burned=made.caption_place is not None,
        captions=_captions(made, master) if is_beside(request.captions, made.size) else {},
        label=made.label,
    )


def _captions(made: DeliverableReceipt, master: VideoReceipt) -> dict[str, str]:
    """The film's own where an intro moves them, else the master's."""
    if made.srt is not None and made.vtt is not None:
        return {"SRT": _link(made.key, made.srt.name), "VTT": _link(made.key, made.vtt.name)}
    return {
        entry.name.rpartition(".")[2].upper(): quote(f"../videos/{entry.name}")
        for entry in master.captions
    }


def shape_of(size: Size) -> str:
    """The familiar ratio of a size, such as ``9:16`` of 720x1280; empty where it has none."""
    for (width, height), ratio in _FAMILIAR.items():
        if size[0] * height == size[1] * width:
            return ratio
    return ""


def _link(key: str, name: str) -> str:
    return quote(f"../{deliverable_folder(key)}/{name}")
