"""What a deliverable is called in the store: a digest of all that it is made from. Pure."""

from tasks.canonical_json import canonical_sha256
from tasks.deliver_records import DeliverRequest, Size
from tasks.records import VideoReceipt
from tasks.screen.formats import format_name, is_burned

# Raised by a change that makes another file of the same request; finished ones are made anew then.
_VERSION = 1
# what is told of a request, or is in the key otherwise
_NO_PART = {
    *("sizes", "captions", "caption_style", "language", "music", "shown", "screens"),
    *("intro", "outro", "num_clip_frames"),
}


def deliverable_key(request: DeliverRequest, size: Size, master: VideoReceipt) -> str:
    """The key of one size of a finished video.

    Fields that a request leaves at their defaults are no part of it, so that a release with more
    of them finds what earlier ones made.
    """
    asked = request.model_dump(mode="json", exclude=_NO_PART, exclude_defaults=True)
    if master.captions and is_burned(request.captions, size):
        asked["captions"] = [entry.sha256 for entry in master.captions]
        if request.caption_style is not None:
            asked["caption_style"] = request.caption_style.model_dump(exclude_none=True)
    is_enlarged = format_name(size) != master.size or format_name(size) in request.screens
    if request.upscaler is not None and not is_enlarged:
        del asked["upscaler"]
    if request.music is not None:
        asked["music"] = request.music.sha256
    for name, clip in (("intro", request.intro), ("outro", request.outro)):
        if clip is not None:
            asked[name] = clip.sha256
    if request.intro is not None:  # which moves the captions that lie beside the film
        asked["captions_beside"] = [entry.sha256 for entry in master.captions]
    if screen := request.screens.get(format_name(size)):
        asked["screen"] = screen
    return canonical_sha256(
        {"version": _VERSION, "master": master.file.sha256, "size": size, "request": asked}
    )
