"""Intro and outro clips: of any rate, size and sound, as long as they can be played.

They are conformed to each deliverable when it is encoded; here they are only looked at.
"""

import re
from pathlib import Path

from tasks.errors import ProgramError
from tasks.processes.ffmpeg import ffmpeg_path, run_ffmpeg, run_program, time_limit_s

LEAST_S, MOST_S = 0.2, 30.0
_MAX_BYTES = 512 << 20
_MOST_SIDE = 4096
# tags are indented further: nobody can write such a line into one
_DURATION = re.compile(r"^  Duration: (\d+):(\d+):(\d+(?:\.\d+)?)", re.MULTILINE)
_VIDEO = re.compile(
    r"^  Stream #0:\d+[^\n]*?: Video: (?P<codec>\w+)[^\n]*?, (?P<width>\d+)x(?P<height>\d+)",
    re.MULTILINE,
)
_HDR = re.compile(r"^  Stream #0:\d+[^\n]*?: Video: [^\n]*(?:smpte2084|arib-std-b67)", re.MULTILINE)


class ClipError(ValueError):
    """A clip that cannot be played; ``rule`` and ``way_out`` are for people."""

    def __init__(self, rule: str, way_out: str) -> None:
        super().__init__(rule, way_out)
        self.rule, self.way_out = rule, way_out


def check_clip(path: Path) -> None:
    """Look at a clip's header, and decode its first frame.

    Raises:
        ClipError: it is no video, or one that is too long, too short, too large or damaged.
        StoppedError: the user asked to stop.
    """
    if path.stat().st_size > _MAX_BYTES:
        raise ClipError(f"the clip is larger than {_MAX_BYTES >> 20} MiB", "export it smaller")
    words = _header(path)
    track, length = _VIDEO.search(words), _DURATION.search(words)
    export = "export it as an MP4 with H.264"
    if track is None:
        raise ClipError("the file is no video that can be read", export)
    width, height = int(track["width"]), int(track["height"])
    if max(width, height) > _MOST_SIDE:
        rule = f"the clip has {width}x{height} pixels, at most {_MOST_SIDE} a side are read"
        raise ClipError(rule, "export it smaller")
    if _HDR.search(words):
        rule = "the clip is HDR, and its colours would come out pale"
        raise ClipError(rule, "export it in SDR (Rec. 709)")
    if length is None:
        raise ClipError("the clip does not say how long it is", export)
    seconds = sum(60 ** (2 - i) * float(length[i + 1]) for i in range(3))
    if not LEAST_S <= seconds <= MOST_S:
        rule = f"the clip is {seconds:g} s long, it must be from {LEAST_S:g} to {MOST_S:g} s"
        raise ClipError(rule, "cut it")
    if not _first_frame(path):
        raise ClipError("no frame of the clip can be decoded", export)


def _header(path: Path) -> str:
    command = [ffmpeg_path(), "-hide_banner", "-nostdin", "-i", f"file:{path}"]
    try:
        run_program(command, timeout_s=time_limit_s())
    except ProgramError as error:  # always: no output is asked for
        return error.stderr
    return ""


def _first_frame(path: Path) -> bytes:
    try:
        return run_ffmpeg(
            [
                *("-i", f"file:{path}", "-map", "0:v:0", "-frames:v", "1"),
                *("-vf", "scale=16:16", "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"),
            ],
            timeout_s=time_limit_s(),
        )
    except ProgramError:
        return b""
