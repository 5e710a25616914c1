"""What a deliverable is called in the store: a digest of all that it is made from. Pure."""

from collections.abc import Iterator, Mapping, Set
from itertools import combinations

from tasks.canonical_json import canonical_sha256
from tasks.deliver_records import DeliverRequest, Size
from tasks.records import VideoReceipt
from tasks.screen.formats import format_name, is_burned

# Raised by a change that makes another file of the same request; finished ones are made anew then.
_VERSION = 1
# what is told of a request, or is in the key otherwise
_NO_PART = {
    *("sizes", "captions", "caption_style", "language", "music", "earlier_music"),
    *("shown", "screens"),
    *("intro", "outro", "num_clip_frames", "earlier_intro", "earlier_outro"),
    *("clip_background", "earlier_clip_background", "earlier_label", "earlier_screens"),
}


def earlier_keys(
    request: DeliverRequest, size: Size, master: VideoReceipt
) -> Iterator[tuple[str, frozenset[str]]]:
    """Keys of films of the same presenter, as they were before.

    With each, what has changed since: some of "music", "intro", "outro", "label" and "screen". The
    film that has most in common comes first.
    """
    now = _parts(request) | {
        "label": request.label,
        "screen": request.screens.get(format_name(size)),
    }
    before = {
        "music": request.earlier_music,
        "intro": request.earlier_intro,
        "outro": request.earlier_outro,
        "label": request.earlier_label,
        "screen": request.earlier_screens.get(format_name(size)),
    }
    earlier = {
        name: value for name, value in before.items() if value is not None and value != now[name]
    }
    for count in range(1, len(earlier) + 1):
        for names in combinations(earlier, count):
            changed = frozenset(names)
            parts = {
                name: earlier[name] if name in changed else sha256
                for name, sha256 in _parts(request).items()
            }
            yield _key(earlier_look(request, size, changed), size, master, parts), changed


def earlier_look(request: DeliverRequest, size: Size, changed: Set[str]) -> DeliverRequest:
    """A request with the label and the screen that films of a size had before they changed."""
    name, update = format_name(size), dict[str, object]()
    if "label" in changed:
        update["label"] = request.earlier_label
    if "screen" in changed:
        update["screens"] = request.screens | {name: request.earlier_screens[name]}
    return request.model_copy(update=update)


def deliverable_key(request: DeliverRequest, size: Size, master: VideoReceipt) -> str:
    """The key of one size of a finished video.

    Fields that a request leaves at their defaults are no part of it, so that a release with more
    of them finds what earlier ones made.
    """
    return _key(request, size, master, _parts(request))


def _parts(request: DeliverRequest) -> dict[str, str]:
    """The sha256 of the music and of each clip of a request; empty: it has none."""
    entries = {"music": request.music, "intro": request.intro, "outro": request.outro}
    return {name: entry.sha256 if entry else "" for name, entry in entries.items()}


def _key(
    request: DeliverRequest, size: Size, master: VideoReceipt, parts: Mapping[str, str]
) -> str:
    asked = request.model_dump(mode="json", exclude=_NO_PART, exclude_defaults=True)
    if master.captions and is_burned(request.captions, size):
        asked["captions"] = [entry.sha256 for entry in master.captions]
        if request.caption_style is not None:
            asked["caption_style"] = request.caption_style.model_dump(exclude_none=True)
    is_enlarged = format_name(size) != master.size or format_name(size) in request.screens
    if request.upscaler is not None and not is_enlarged:
        del asked["upscaler"]
    asked |= {name: sha256 for name, sha256 in parts.items() if sha256}
    background = request.clip_background or request.earlier_clip_background
    if background and (parts["intro"] or parts["outro"]):
        asked["clip_background"] = background
    if parts["intro"]:  # which moves the captions that lie beside the film
        asked["captions_beside"] = [entry.sha256 for entry in master.captions]
    if screen := request.screens.get(format_name(size)):
        asked["screen"] = screen
    return canonical_sha256(
        {"version": _VERSION, "master": master.file.sha256, "size": size, "request": asked}
    )
