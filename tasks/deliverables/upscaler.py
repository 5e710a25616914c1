"""A master, enlarged by a program of the operator before it is put on a screen; proved.

A brand file names the upscaler and its version. The command is the operator's, in the environment:
whoever writes a manifest runs no programs. A key holds name, version and the command's digest.
"""

import os
import re
from collections.abc import Sequence
from fractions import Fraction
from hashlib import sha256
from pathlib import Path

from model import child_environment
from model.errors import MachineError, RowError
from tasks.deliver_records import Size, Upscaler
from tasks.errors import FfmpegError, ProgramError
from tasks.processes.command_template import filled, program_of, split_command, without_arguments
from tasks.processes.ffmpeg import run_ffmpeg, time_limit_s
from tasks.processes.programs import run_program
from tasks.screen.overlays import Region
from tasks.store.files import check_free_space

COMMAND_VARIABLE = "NIGHTSHOOT_UPSCALER_COMMAND"
"""Environment variable with the operator's command."""
_PLACES = ("{in}", "{out}", "{width}", "{height}")
_EXAMPLE = f"set {COMMAND_VARIABLE} to a command with {', '.join(_PLACES)}"
_START_S, _FRAME_S = 300.0, 5.0  # how long it may take: to begin, and for each frame
_MAX_PRINTED_BYTES = 1 << 20
_WORDS_SHOWN = 300
_BITS_PER_PIXEL = 1.0  # of its output, at most, while there is room
_DIMENSIONS = re.compile(rb"^#dimensions 0: (\d+)x(\d+)", re.MULTILINE)
_TIME_BASE = re.compile(rb"^#tb 0: (\d+)/(\d+)", re.MULTILINE)


class UpscalerError(RowError):
    """An upscaler that is not there, that failed, or whose film is not what it must be."""


def upscaler_of(name: str, stated_version: str) -> Upscaler:
    """A brand's upscaler with the digest of this machine's command.

    Raises:
        UpscalerError: there is no command, or it lacks one of its places.
    """
    command = os.environ.get(COMMAND_VARIABLE, "")
    if not command:
        raise UpscalerError(f'[upscaler] name "{name}": no command is known for it; {_EXAMPLE}')
    _template(command)
    return Upscaler(name=name, version=stated_version, command=sha256(command.encode()).hexdigest())


def enlarged_size(master: Size, parts: Sequence[tuple[Region, Size]]) -> Size | None:
    """The sides that a master needs so that no part of it is enlarged further; None: its own do.

    ``parts``: regions of the master, with the width and height at which each is shown.
    """
    scale = max(
        max(Fraction(size[0], crop.width), Fraction(size[1], crop.height)) for crop, size in parts
    )
    if scale <= 1:
        return None
    width, height = (2 * -(-(side * scale) // 2) for side in master)
    return int(width), int(height)


def enlarged_crop(crop: Region, master: Size, enlarged: Size) -> Region:
    """A part of a master where the enlarged one has it, all even."""
    across, down = Fraction(enlarged[0], master[0]), Fraction(enlarged[1], master[1])
    left, top = 2 * round(crop.left * across / 2), 2 * round(crop.top * down / 2)
    width = min(2 * round(crop.width * across / 2), enlarged[0] - left)
    return Region(left, top, width, min(2 * round(crop.height * down / 2), enlarged[1] - top))


def most_enlarged_bytes(size: Size, num_frames: int) -> int:
    """Room that must be free for an enlarged master, while its film is made."""
    return int(size[0] * size[1] * num_frames * _BITS_PER_PIXEL / 8)


def enlarge(
    upscaler: Upscaler, source: Path, size: Size, folder: Path, *, num_frames: int, fps: int
) -> Path:
    """The film that the upscaler makes of a master, verified: sides, frames and their times.

    Raises:
        UpscalerError: it failed, hung, or wrote something else.
        MachineError: this machine's command is not the one that the film was planned with.
        DiskFullError: no room.
    """
    command = os.environ.get(COMMAND_VARIABLE, "")
    if sha256(command.encode()).hexdigest() != upscaler.command:
        told = f"this machine's {COMMAND_VARIABLE} is not the one with which this film was planned"
        raise MachineError(f'upscaler "{upscaler.name}": {told}; set it to the same command')
    check_free_space(folder, most_enlarged_bytes(size, num_frames))
    template, out = _template(command), folder / "enlarged.mp4"
    values = (str(source), str(out), *map(str, size))
    words = filled(template, dict(zip(_PLACES, values, strict=True)))
    about = f'upscaler "{upscaler.name}": {program_of(command)}'
    limit_s = _START_S + _FRAME_S * num_frames
    try:
        said = run_program(
            words,
            timeout_s=limit_s,
            env=child_environment.operator(os.environ),
            max_stdout_bytes=_MAX_PRINTED_BYTES,
        ).stderr
    except ProgramError as error:
        raise UpscalerError(f"{about} {without_arguments(error.ending, template)}") from None
    if not out.is_file():
        printed = without_arguments(said.strip(), template)[-_WORDS_SHOWN:] or "(nothing)"
        raise UpscalerError(f"{about} wrote no {{out}}; it printed: {printed}")
    faults = film_faults(out, size, num_frames, fps)
    if faults:
        raise UpscalerError(
            f"{about} wrote a film that is not the master enlarged: {'; '.join(faults)}; it must "
            "have the sides that {width} and {height} say, and each frame of {in} at its time"
        )
    return out


def film_faults(path: Path, size: Size, num_frames: int, fps: int) -> list[str]:
    """What a film has otherwise than its sides, frames and times must be, all frames decoded."""
    args = ["-err_detect", "explode", "-i", f"file:{path}", "-map", "0:v:0", "-fps_mode"]
    args += ["passthrough", "-f", "framemd5", "pipe:1"]
    try:
        pixels = size[0] * size[1] * num_frames
        listing = run_ffmpeg(args, timeout_s=time_limit_s(decoded_pixels=pixels))
    except FfmpegError:
        return ["it is no film that can be decoded to its end"]
    sides, base = _DIMENSIONS.search(listing), _TIME_BASE.search(listing)
    if sides is None or base is None:
        return ["it has no picture"]
    faults: list[str] = []
    found = (int(sides[1]), int(sides[2]))
    if found != size:
        faults.append(f"it has {found[0]}x{found[1]} pixels, must have {size[0]}x{size[1]}")
    lines = [line for line in listing.splitlines() if line.strip() and not line.startswith(b"#")]
    times = [int(line.split(b",")[2]) * Fraction(int(base[1]), int(base[2])) for line in lines]
    if len(times) != num_frames:
        faults.append(f"it has {len(times)} frames, must have {num_frames}")
    elif any(time - times[0] != Fraction(index, fps) for index, time in enumerate(times)):
        faults.append(f"its frames are not {fps} a second in equal steps")
    return faults


def _template(command: str) -> list[str]:
    try:
        return split_command(command, _PLACES)
    except ValueError as error:
        raise UpscalerError(f"the upscaler's command {error}; {_EXAMPLE}") from error
