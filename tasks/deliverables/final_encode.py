"""Ffmpeg's arguments for a deliverable: its master on a screen, encoded once. Pure.

The presenter is cut out of the master and scaled with lanczos; where it leaves room, its own
picture lies behind it, enlarged and blurred, unless the screen brings a canvas. Sound is copied.
One recipe for every size, and a fixed number of encoder threads: the same master and screen are the
same bytes on any number of cores.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.deliver_records import Size
from tasks.deliverables.clips import clip_place
from tasks.deliverables.overlay_tracks import LIST_FPS, Track, first_frame
from tasks.media.stitch import timestamp_cure
from tasks.processes.ffmpeg import ffmpeg_builder
from tasks.screen.brand.clips import MOST_PIXELS, ClipFacts
from tasks.screen.overlays import Region, Screen

PRESET, CRF, THREADS = "veryfast", 18, 4
KEYFRAME_EVERY = 48
_X264_PARAMS = (
    f"open-gop=0:scenecut=0:bframes=0:keyint={KEYFRAME_EVERY}:min-keyint={KEYFRAME_EVERY}:"
    "force-cfr=1"
)
_LANCZOS = "lanczos+accurate_rnd+full_chroma_int"
_PICTURES = "bicubic+accurate_rnd+full_chroma_int"
_BLUR_SCALE, _BLUR_SIGMA = 8, 5
_CANVAS_DARKER = -0.08  # of the range: what lies behind does not outshine the presenter
_SOUND_TICKS = 48_000
_MICROSECONDS = 1_000_000
SETTINGS: Mapping[str, str | int] = {
    "codec": "libx264",
    "preset": PRESET,
    "crf": CRF,
    "threads": THREADS,
    "keyframe_every": KEYFRAME_EVERY,
    "scaler": "lanczos",
}
"""What a receipt tells of an encode."""


@dataclass(frozen=True)
class Film:
    """A master, as it is encoded.

    Attributes:
        path: of the file.
        num_frames: of it.
        fps: of it; they divide ``timescale``.
        timescale: ticks per second of its picture.
        sound: a file whose first sound is copied; the master, or another; None: no sound.
        is_enlarged: whether another program wrote its picture, in any colours that it tells.
    """

    path: Path
    num_frames: int
    fps: int
    timescale: int
    sound: Path | None
    is_enlarged: bool = False


@dataclass(frozen=True)
class Crops:
    """Parts of the master: what fills the presenter's region, and the frame where he is alone."""

    presenter: Region
    alone: Region | None = None


def encode_args(
    film: Film,
    screen: Screen,
    crops: Crops,
    tracks: Sequence[Track],
    *,
    folder: Path,
    tags: Mapping[str, str],
    part: Path,
) -> list[str]:
    """Ffmpeg's arguments to encode a film on its screen.

    Args:
        film: the master.
        screen: what it is shown on.
        crops: the parts of the master that are shown.
        tracks: the screen's overlays, from the lowest; their pictures and lists lie in ``folder``.
        folder: of what was prepared: ``canvas.png``, where the screen has one, and
            ``track0.txt``, ``track1.txt`` ..., or a single picture for a track that fades.
        tags: of the file.
        part: to write.
    """
    builder = ffmpeg_builder()
    master = builder.input(f"file:{film.path}")
    whole = master["v:0"]
    if film.is_enlarged:
        whole = whole.filter(
            "scale", in_color_matrix="bt709", out_color_matrix="bt709", out_range="tv"
        ).filter("format", "yuv420p")
    picture = _presenter(whole, screen, crops, builder, folder, film)
    args = _encoded(picture, tracks, film, folder, builder, part)
    return _with_tags(args, tags)


def clip_args(
    film: Film,
    facts: ClipFacts,
    background: str,
    size: Size,
    tracks: Sequence[Track],
    *,
    folder: Path,
    part: Path,
) -> list[str]:
    """Ffmpeg's arguments to encode an intro or outro alone, as a film of its size and rate is.

    Args:
        film: the clip.
        facts: of it.
        background: around it, as ``#rrggbb``, where it has another shape.
        size: width and height of the screen.
        tracks: what lies over it, as in :func:`encode_args`.
        folder: of what was prepared.
        part: to write.
    """
    builder = ffmpeg_builder()
    place = clip_place((facts.width, facts.height), size)
    colour = f"color=c=0x{background.removeprefix('#')}:s={size[0]}x{size[1]}:r={film.fps}"
    behind = builder.input(f"{colour}:d={film.num_frames / film.fps:.6f}", format="lavfi")
    shown = (
        builder.input(f"file:{film.path}", max_pixels=MOST_PIXELS)["v:0"]
        .filter("bwdif", mode="send_frame", deint="interlaced")
        .filter("fps", fps=film.fps, start_time=0)
        .filter(
            "scale",
            place.width,
            place.height,
            flags=_LANCZOS,
            in_color_matrix=facts.matrix,
            out_color_matrix="bt709",
            out_range="tv",
        )
        .filter("setsar", 1)
        .filter("format", "yuva420p")
    )
    # past the clip's last frame, that frame stays; the canvas says how many there are
    picture = builder.filter(
        [_in_colours(behind, "yuv420p").filter("setsar", 1), shown],
        "overlay",
        x=place.left,
        y=place.top,
        format="yuv420",
        eof_action="repeat",
    )
    return _encoded(picture, tracks, film, folder, builder, part)


def join_args(film: Film, parts: Path, tags: Mapping[str, str], part: Path) -> list[str]:
    """Ffmpeg's arguments to copy encoded parts one after the other, with a film's sound.

    ``parts`` is their list, as :func:`tasks.media.stitch.concat_list` writes it.
    """
    builder = ffmpeg_builder()
    picture = builder.input(f"file:{parts}", format="concat", safe=0, auto_convert=0)
    sound = builder.input(f"file:{film.sound}")
    options: dict[str, str | int] = {"c": "copy", **_container(film)}
    options |= timestamp_cure(film.fps, film.timescale)
    streams = (picture["v:0"], sound["a:0"])
    args: list[str] = builder.output(*streams, f"file:{part}", **options).get_args()
    return _with_tags(args, tags)


def _encoded(
    picture: Any, tracks: Sequence[Track], film: Film, folder: Path, builder: Any, part: Path
) -> list[str]:
    """Arguments to encode a picture with what lies over it, and to copy the film's sound."""
    for number, track in enumerate(tracks):
        above = _above(track, number, builder, folder, film)
        picture = builder.filter(
            [picture, above],
            "overlay",
            x=track.left,
            y=track.top,
            format="yuv420",
            eof_action="pass" if track.fade_frames else "repeat",
        )
    picture = picture.filter("format", "yuv420p").filter(
        "setparams",
        range="tv",
        color_primaries="bt709",
        color_trc="bt709",
        colorspace="bt709",
    )
    streams = [picture]
    if film.sound is not None:
        streams.append(builder.input(f"file:{film.sound}")["a:0"])
    options: dict[str, str | int] = {
        "c:v": "libx264",
        "preset": PRESET,
        "crf": CRF,
        "profile:v": "high",
        "threads": THREADS,
        "x264-params": _X264_PARAMS,
        "frames:v": film.num_frames,
        "c:a": "copy",
        **_container(film),
    }
    args: list[str] = builder.output(*streams, f"file:{part}", **options).get_args()
    return args


def copy_args(film: Film, tags: Mapping[str, str], part: Path) -> list[str]:
    """Ffmpeg's arguments to copy a film's picture and sound, packet by packet."""
    builder = ffmpeg_builder()
    master = builder.input(f"file:{film.path}")
    sound = master if film.sound == film.path else builder.input(f"file:{film.sound}")
    options: dict[str, str | int] = {"c": "copy", **_container(film)}
    streams = (master["v:0"], sound["a:0"])
    args: list[str] = builder.output(*streams, f"file:{part}", **options).get_args()
    return _with_tags(args, tags)


def cut_args(film: Film, first_frame: int, num_frames: int, part: Path) -> list[str]:
    """Ffmpeg's arguments to copy frames out of a film without their sound, the first at time 0.

    ``first_frame`` begins a part of the film: it is a key frame, and no frame before it is needed.
    """
    builder = ffmpeg_builder()
    # half a frame later: the key frame before that is this one, however its time is rounded
    inside_s = (first_frame + 0.5) / film.fps
    picture = builder.input(f"file:{film.path}", ss=f"{inside_s:.6f}")["v:0"]
    step = film.timescale // film.fps
    times = f"setts=pts=N*{step}:dts=N*{step}:duration={step}:time_base=1/{film.timescale}"
    options: dict[str, str | int] = {
        "c": "copy",
        "frames:v": num_frames,
        "bsf:v": times,
        **_container(film),
    }
    args: list[str] = builder.output(picture, f"file:{part}", **options).get_args()
    return args


def _container(film: Film) -> dict[str, str | int]:
    return {
        "map_metadata": -1,
        "fflags": "+bitexact",
        "flags:v": "+bitexact",
        "video_track_timescale": film.timescale,
        "movie_timescale": _SOUND_TICKS,
        "movflags": "+faststart",
        "format": "mp4",
    }


def _with_tags(args: list[str], tags: Mapping[str, str]) -> list[str]:
    words = [word for name, text in tags.items() for word in ("-metadata", f"{name}={text}")]
    return [*args[:-1], *words, args[-1]]


def _presenter(
    picture: Any, screen: Screen, crops: Crops, builder: Any, folder: Path, film: Film
) -> Any:
    """The presenter in his region, and at times in the whole frame."""
    if crops.alone is None:
        return _in_region(picture, screen, crops.presenter, builder, folder, film)
    halves = picture.filter_multi_output("split")
    usual = _in_region(halves[0], screen, crops.presenter, builder, folder, film)
    alone = _cut(halves[1], crops.alone, (screen.width, screen.height))
    when = "+".join(
        f"gte(n,{first_frame(start, film.fps)})*lt(n,{first_frame(end, film.fps)})"
        for start, end in screen.presenter_alone
    )
    return builder.filter([usual, alone], "overlay", x=0, y=0, format="yuv420", enable=when)


def _cut(picture: Any, crop: Region, size: tuple[int, int]) -> Any:
    return (
        picture.filter("crop", crop.width, crop.height, crop.left, crop.top)
        .filter("scale", *size, flags=_LANCZOS)
        .filter("setsar", 1)
    )


def _in_region(
    picture: Any, screen: Screen, crop: Region, builder: Any, folder: Path, film: Film
) -> Any:
    region = screen.presenter
    size = (screen.width, screen.height)
    is_filled = (region.width, region.height) == size
    if not is_filled and screen.canvas is None:
        halves = picture.filter_multi_output("split")
        picture, behind = halves[0], _blurred(halves[1], size)
    elif not is_filled:
        behind = _still(builder, folder / "canvas.png", film)
    else:
        behind = None
    shown = _cut(picture, crop, (region.width, region.height))
    if behind is None:
        return shown
    return builder.filter([behind, shown], "overlay", x=region.left, y=region.top, format="yuv420")


def _blurred(picture: Any, size: tuple[int, int]) -> Any:
    """The whole picture, enlarged to fill the screen, out of focus and a little darker."""
    width, height = (max(2, side // _BLUR_SCALE // 2 * 2) for side in size)
    return (
        picture.filter("scale", width, height, force_original_aspect_ratio="increase", flags="area")
        .filter("crop", width, height)
        .filter("gblur", sigma=_BLUR_SIGMA)
        .filter("eq", brightness=_CANVAS_DARKER)
        .filter("scale", *size, flags="bicubic")
        .filter("setsar", 1)
    )


def _still(builder: Any, path: Path, film: Film) -> Any:
    """A picture for as long as the film, in its colours."""
    seconds = f"{film.num_frames / film.fps:.6f}"
    still = builder.input(f"file:{path}", loop=1, framerate=film.fps, t=seconds, f="image2")
    return _in_colours(still, "yuv420p").filter("setsar", 1)


def _above(track: Track, number: int, builder: Any, folder: Path, film: Film) -> Any:
    """The pictures of a track, with their alpha, in the film's colours and in its time."""
    if not track.fade_frames:
        listed = builder.input(f"file:{folder / f'track{number}.txt'}", format="concat", safe=0)
        return _timed(_in_colours(listed, "yuva420p"), f"PTS/{_MICROSECONDS // LIST_FPS}", film)
    shown = track.pictures[0]
    length, fade = shown.end_frame - shown.start_frame, track.fade_frames
    picture = builder.input(
        f"file:{folder / shown.name}",
        loop=1,
        framerate=film.fps,
        t=f"{length / film.fps:.6f}",
        f="image2",
    )
    faded = (
        _in_colours(picture, "yuva420p")
        .filter("fade", "in", 0, fade, alpha=1)
        .filter("fade", "out", length - fade, fade, alpha=1)
    )
    index = f"round(PTS*{film.fps}/{_MICROSECONDS})+{shown.start_frame}"
    return _timed(faded, index, film)


def _timed(picture: Any, index: str, film: Film) -> Any:
    """Pictures at the times of the frames that ``index`` counts; ``PTS`` are microseconds there.

    They come half a frame early: what is rounded on the way still meets its own frame.
    """
    return picture.filter("settb", f"1/{_MICROSECONDS}").filter(
        "setpts", f"({index}-0.5)*{_MICROSECONDS}/{film.fps}"
    )


def _in_colours(picture: Any, pixels: str) -> Any:
    return picture.filter(
        "scale", out_color_matrix="bt709", out_range="tv", flags=_PICTURES
    ).filter("format", pixels)
