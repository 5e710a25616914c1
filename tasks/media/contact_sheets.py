"""Contact sheets: a few frames of a finished video side by side, as one small JPEG.

    report/sheets/<video_id>-<sha8 of the video>.jpg
    report/stills/<video_id>-<sha8 of the video>-<frame>.jpg   of its worst second

The name holds the video's own digest, so a sheet is made once per finished file, and a rerun of
a done campaign makes none.
"""

import hashlib
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from tasks.errors import (
    DamagedError,
)
from tasks.processes.ffmpeg import run_ffmpeg
from tasks.records import VideoReceipt
from tasks.store.files import write_file
from tasks.store.record_json import read_record

NUM_TILES = 6
_TILE_PIXELS = 240  # the tile's longer side: 17 kB a sheet, so that 1,000 rows are one 25 MB page
_TRAILER = b"\nnightshoot sha256 "
_JPEG_QUALITY = 7  # ffmpeg's scale: 2 is best, 31 is worst
_TIMEOUT_S = 120


@dataclass(frozen=True)
class Sheet:
    """A contact sheet, ready for a page.

    Attributes:
        data_uri: the JPEG itself.
        tile_width: pixels.
        tile_height: pixels.
        num_tiles: side by side, in the order of time.
    """

    data_uri: str
    tile_width: int
    tile_height: int
    num_tiles: int


def sheet_frames(num_frames: int) -> list[int]:
    """Frames to show: the first, the last, and evenly between; fewer for a very short video.

    Raises:
        ValueError: there are no frames.
    """
    if num_frames < 1:
        raise ValueError(f"a contact sheet needs at least 1 frame, got {num_frames}")
    num_tiles = min(NUM_TILES, num_frames)
    if num_tiles == 1:
        return [0]
    return [i * (num_frames - 1) // (num_tiles - 1) for i in range(num_tiles)]


def sheet_args(video: Path, num_frames: int, fps: float) -> list[str]:
    """Arguments of the one ffmpeg call that writes a sheet to stdout.

    Each tile is an input of its own with a seek: the cost does not grow with the video's length.
    """
    return _tiles_args(video, sheet_frames(num_frames), fps)


def _tiles_args(video: Path, frames: Sequence[int], fps: float) -> list[str]:
    args: list[str] = []
    for frame in frames:
        # half a frame early: a seek lands on the first frame at or after its time
        args += ["-ss", f"{max(0.0, (frame - 0.5) / fps):.6f}", "-i", f"file:{video}"]
    fit = f"min({_TILE_PIXELS}/iw,{_TILE_PIXELS}/ih)"
    scale = f"scale=w='2*round(iw*{fit}/2)':h='2*round(ih*{fit}/2)':flags=area"
    tiles = [f"[{i}:v:0]trim=end_frame=1,setpts=0,{scale}[t{i}]" for i in range(len(frames))]
    labels = "".join(f"[t{i}]" for i in range(len(frames)))
    joined = f"hstack=inputs={len(frames)}" if len(frames) > 1 else "null"
    chain = ";".join([*tiles, f"{labels}{joined},scale=out_range=full,format=yuvj420p[sheet]"])
    args += ["-filter_complex", chain, "-map", "[sheet]", "-frames:v", "1"]
    return [*args, "-c:v", "mjpeg", "-q:v", str(_JPEG_QUALITY), "-f", "image2pipe", "pipe:1"]


def contact_sheet(video: Path, folder: Path, *, num_frames: int, fps: float) -> tuple[Path, Sheet]:
    """The sheet of a finished video, from ``folder`` or made now.

    Raises:
        FfmpegError: the video cannot be read.
        DamagedError: the video's receipt, or the sheet just made, is not whole.
    """
    video_sha256 = _content_sha256(video)
    path = _sheet_path(video, video_sha256, folder)
    num_tiles = len(sheet_frames(num_frames))
    sheet = read_sheet(path, num_tiles, video_sha256)
    if sheet is None:
        jpeg = run_ffmpeg(sheet_args(video, num_frames, fps), timeout_s=_TIMEOUT_S)
        write_file(path, jpeg + sheet_trailer(jpeg, video_sha256))
        sheet = read_sheet(path, num_tiles, video_sha256)
    if sheet is None:
        raise DamagedError(f"{path.name}: the contact sheet just made is damaged")
    return path, sheet


def still_frames(second: float, num_frames: int, fps: float) -> list[int]:
    """Frames to show of the second that begins at ``second``; those that the video has, in order.

    Raises:
        ValueError: there are no frames.
    """
    if num_frames < 1:
        raise ValueError(f"stills need at least 1 frame, got {num_frames}")
    step = fps / (NUM_TILES - 1)
    frames = (min(round(second * fps + i * step), num_frames - 1) for i in range(NUM_TILES))
    return sorted(set(frames))


def stills_folder(campaign: Path) -> Path:
    """Where a campaign keeps stills of what gates found."""
    return campaign / "report" / "stills"


def stills_path(receipt: VideoReceipt, folder: Path) -> Path | None:
    """Where the stills of a video's worst second are; None where gates found nothing."""
    if receipt.worst is None:
        return None
    frame = round(receipt.worst.second * receipt.num_frames / receipt.duration_s)
    return folder / f"{receipt.video_id}-{receipt.file.sha256[:8]}-{frame}.jpg"


def keep_stills(video: Path, receipt: VideoReceipt, folder: Path) -> Path | None:
    """The stills of a finished video's worst second, from ``folder`` or made now.

    Raises:
        FfmpegError: the video cannot be read.
    """
    path = stills_path(receipt, folder)
    if path is not None and not path.exists():
        assert receipt.worst is not None
        fps = receipt.num_frames / receipt.duration_s
        frames = still_frames(receipt.worst.second, receipt.num_frames, fps)
        jpeg = run_ffmpeg(_tiles_args(video, frames, fps), timeout_s=_TIMEOUT_S)
        write_file(path, jpeg)
    return path


def sheets_folder(campaign: Path) -> Path:
    """Where a campaign keeps its contact sheets."""
    return campaign / "report" / "sheets"


def sheet_path(video: Path, folder: Path) -> Path:
    """Where the sheet of a finished video is.

    Raises:
        DamagedError: the video's receipt is not whole.
    """
    return _sheet_path(video, _content_sha256(video), folder)


def _sheet_path(video: Path, video_sha256: str, folder: Path) -> Path:
    return folder / f"{video.stem}-{video_sha256[:8]}.jpg"


def remove_stale_sheets(folder: Path, used: Iterable[Path]) -> None:
    """Remove the sheets of videos that are no more, or are others now."""
    for path in set(folder.glob("*.jpg")) - set(used):
        path.unlink(missing_ok=True)


def _content_sha256(video: Path) -> str:
    """The video's digest, as its receipt says: reading the whole file again would cost minutes."""
    receipt = video.with_suffix(".json")
    try:
        return read_record(receipt.name, receipt.read_bytes(), VideoReceipt).file.sha256
    except (FileNotFoundError, DamagedError) as error:
        raise DamagedError(
            f"{receipt.name}: the video's receipt is missing or damaged; "
            "run the same command again and the video is made anew"
        ) from error


def sheet_trailer(jpeg: bytes, video_sha256: str) -> bytes:
    """What follows the picture in its file, where decoders do not look: whose it is, and whole."""
    digest = hashlib.sha256(jpeg + video_sha256.encode()).hexdigest()
    return _TRAILER + digest.encode()


def read_sheet(path: Path, num_tiles: int, video_sha256: str) -> Sheet | None:
    """The sheet at ``path``; None where there is none, or it is damaged or another video's.

    Sheets of earlier releases have no trailer, and are judged by their shape alone.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    jpeg, has_trailer, _ = data.rpartition(_TRAILER)
    if not has_trailer:
        jpeg = data
    elif data != jpeg + sheet_trailer(jpeg, video_sha256):
        return None
    pixels = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE) if jpeg else None
    if pixels is None or pixels.shape[1] % num_tiles:
        return None
    height, width = pixels.shape
    uri = f"data:image/jpeg;base64,{b64encode(jpeg).decode('ascii')}"
    return Sheet(uri, width // num_tiles, height, num_tiles)
