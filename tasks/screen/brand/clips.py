"""Intro and outro clips: of any rate, size and sound, as long as they can be played.

They are conformed to each deliverable when it is encoded; here they are looked at, and measured.
"""

import io
import re
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from model.loading import loaded_once_each
from tasks.errors import ProgramError
from tasks.processes.ffmpeg import confined, ffmpeg_path, run_ffmpeg, time_limit_s
from tasks.processes.programs import run_program

LEAST_S, MOST_S = 0.2, 30.0
CLIP_FPS = 25
"""In which clips are played, as every master is."""
_MAX_BYTES = 512 << 20
_MOST_SIDE = 4096
MOST_PIXELS = _MOST_SIDE**2
"""Of any frame of a clip, whatever its header says."""
_LEAST_DECODED = 0.9  # of what the header promises: a clip that ends sooner is torn
_COUNTED_SIDE = 16  # pixels: frames are counted in a small size
_HD_SIDE = 720  # from here on a picture that does not tell its colours has those of BT.709
# times may leap ahead in the middle, and the gap is filled with frames: no more than are played
_PLAYED = f"fps={CLIP_FPS}:start_time=0,trim=end_frame={round(MOST_S * CLIP_FPS) + 1}"
# tags are indented further: nobody can write such a line into one
_DURATION = re.compile(r"^  Duration: (\d+):(\d+):(\d+(?:\.\d+)?)", re.MULTILINE)
_VIDEO = re.compile(
    r"^  Stream #0:\d+[^\n]*?: Video: (?P<codec>\w+)[^\n]*?, (?P<pixels>\w+)"
    r"(?:\((?P<colours>[^)\n]*)\))?, (?P<width>\d+)x(?P<height>\d+)",
    re.MULTILINE,
)
_SOUND = re.compile(r"^  Stream #0:\d+[^\n]*?: Audio: ", re.MULTILINE)
_HDR = re.compile(r"^  Stream #0:\d+[^\n]*?: Video: [^\n]*(?:smpte2084|arib-std-b67)", re.MULTILINE)
_MATRIX = re.compile(r"(?:^|, )(?:bt709|smpte170m|bt470bg|smpte240m|bt2020nc|bt2020c|fcc|gbr)\b")


class ClipError(ValueError):
    """A clip that cannot be played; ``rule`` and ``way_out`` are for people."""

    def __init__(self, rule: str, way_out: str) -> None:
        super().__init__(rule, way_out)
        self.rule, self.way_out = rule, way_out


@dataclass(frozen=True)
class ClipFacts:
    """What was measured of a clip.

    Attributes:
        width, height: as it is seen: upright, with square pixels.
        num_frames: at ``CLIP_FPS``; of its picture, however long its sound is.
        has_sound: whether it has a track of sound.
        matrix: by which its colours are read, where the file does not tell; else "auto".
    """

    width: int
    height: int
    num_frames: int
    has_sound: bool
    matrix: str


def check_clip(path: Path) -> ClipFacts:
    """Look at a clip's header, and decode it.

    Raises:
        ClipError: it is no video, or one that is too long, too short, too large or damaged.
        StoppedError: the user asked to stop.
    """
    info = path.stat()
    return measured_clip(path, (info.st_mtime_ns, info.st_size))


@loaded_once_each(most_kept=64)
def measured_clip(path: Path, version: tuple[int, ...]) -> ClipFacts:
    """The facts of a clip, once a version of its file.

    Raises:
        ClipError, StoppedError: see :func:`check_clip`.
    """
    del version  # part of the cache's key
    if path.stat().st_size > _MAX_BYTES:
        raise ClipError(f"the clip is larger than {_MAX_BYTES >> 20} MiB", "export it smaller")
    words = _header(path)
    track = _VIDEO.search(words)
    export = "export it as an MP4 with H.264"
    if track is None:
        raise ClipError("the file is no video that can be read", export)
    sides = int(track["width"]), int(track["height"])
    if max(sides) > _MOST_SIDE:
        rule = f"the clip has {sides[0]}x{sides[1]} pixels, at most {_MOST_SIDE} a side are read"
        raise ClipError(rule, "export it smaller")
    if _HDR.search(words):
        rule = "the clip is HDR, and its colours would come out pale"
        raise ClipError(rule, "export it in SDR (Rec. 709)")
    promised_s = _promised_s(words)
    size = _size_as_seen(path)
    if size is None:
        raise ClipError("no frame of the clip can be decoded", export)
    num_frames = _num_frames(path, promised_s)
    seconds = num_frames / CLIP_FPS
    if not LEAST_S <= seconds <= MOST_S:
        rule = f"its picture is {seconds:g} s long, it must be from {LEAST_S:g} to {MOST_S:g} s"
        raise ClipError(rule, "cut it")
    is_told = bool(_MATRIX.search(track["colours"] or "")) or not track["pixels"].startswith("yuv")
    usual = "bt709" if min(sides) >= _HD_SIDE else "bt601"
    has_sound = bool(_SOUND.search(words))
    return ClipFacts(*size, num_frames, has_sound, "auto" if is_told else usual)


def _promised_s(words: str) -> float:
    """The length that a header tells.

    Raises:
        ClipError: it tells none, or one that cannot be played.
    """
    length = _DURATION.search(words)
    if length is None:
        raise ClipError("the clip does not say how long it is", "export it as an MP4 with H.264")
    seconds = sum(60 ** (2 - i) * float(length[i + 1]) for i in range(3))
    if not LEAST_S <= seconds <= MOST_S:
        rule = f"the clip is {seconds:g} s long, it must be from {LEAST_S:g} to {MOST_S:g} s"
        raise ClipError(rule, "cut it")
    return seconds


def _header(path: Path) -> str:
    command = [ffmpeg_path(), "-hide_banner", "-nostdin", *confined(["-i", f"file:{path}"])]
    try:
        run_program(command, timeout_s=time_limit_s())
    except ProgramError as error:  # always: no output is asked for
        return error.stderr
    return ""


def _size_as_seen(path: Path) -> tuple[int, int] | None:
    """Of its first frame, turned as its metadata say, with square pixels; None: there is none."""
    try:
        data = run_ffmpeg(
            [
                *("-max_pixels", str(MOST_PIXELS), "-i", f"file:{path}"),
                *("-map", "0:v:0", "-frames:v", "1"),
                *("-vf", "scale=round(iw*sar):ih,setsar=1", "-f", "image2pipe", "-c:v", "png"),
                "pipe:1",
            ],
            timeout_s=time_limit_s(),
        )
        with Image.open(io.BytesIO(data)) as image:
            return image.size
    except (ProgramError, OSError):
        return None


def _num_frames(path: Path, promised_s: float) -> int:
    """How many frames it has in the rate in which it is played, all of them decoded.

    Raises:
        ClipError: it is torn.
    """
    side = _COUNTED_SIDE
    try:
        raw = run_ffmpeg(
            [
                *("-max_pixels", str(MOST_PIXELS), "-i", f"file:{path}", "-map", "0:v:0", "-an"),
                *("-vf", f"{_PLAYED},scale={side}:{side}:flags=neighbor"),
                *("-f", "rawvideo", "-pix_fmt", "gray", "pipe:1"),
            ],
            timeout_s=time_limit_s(decoded_pixels=round(_MOST_SIDE**2 * promised_s)),
        )
    except ProgramError as error:
        raise ClipError("the clip cannot be decoded to its end", "export it again") from error
    found = len(raw) // (side * side)
    if found < _LEAST_DECODED * promised_s * CLIP_FPS - 1:
        rule = f"of {promised_s:g} s of the clip, only {found / CLIP_FPS:g} s of picture are there"
        raise ClipError(rule, "export it again, as long as its sound")
    return found
