"""A recording as the voice: two copies made in bounded memory, with what a person should know.

Sound passes through in blocks; what stays in memory is one level for every 10 ms. How much there
will be is read from the header first, since a small file can promise days of sound.

What a recording suffers from is taken out of what engines hear, and told: hum and offsets below
the voice, channels that cancel, a background that would move the lips in the pauses. A recording
without such faults is copied as it is.
"""

# soundfile brings no type stubs
# pyright: reportMissingTypeStubs=false

import shutil
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeAlias

import numpy as np
import soundfile
from numpy.typing import NDArray

from model.engine import ENGINE_SAMPLE_RATE_HZ
from model.errors import SpeechError
from tasks.errors import (
    DiskFullError,
    FfmpegError,
)
from tasks.inputs.sound_ends import ogg_end
from tasks.inputs.sound_length import (
    promised_mp3_s,
    write_with_right_length,
    wrong_wav_length,
)
from tasks.processes.ffmpeg import run_ffmpeg, time_limit_s
from tasks.speech.loudness import (
    ENGINE_LEVEL_DB,
    FRAMES_PER_SECOND,
    Levels,
    active_level_db,
    activity_threshold_db,
    contrast_db,
    frame_gains,
    frame_levels,
    pause_gains_db,
    to_int16,
    usual_threshold_db,
)
from tasks.speech.recordings.channels import ChannelChoice, choose_channel, measure_channels
from tasks.speech.recordings.decoding import (
    LONGEST_RECORDING_S,
    VIEWER_RATE_HZ,
    WAV,
    Decoding,
    decode,
)
from tasks.speech.recordings.high_pass import (
    HIGH_PASS_EDGES_HZ,
    MAINS_HZ,
    HighPass,
    HumNotches,
    needed_edge_hz,
    needed_mains_hz,
    stands_out,
)
from tasks.speech.recordings.plain_pcm import NO_CODED_STREAM
from tasks.speech.recordings.sound_header import read_sound_header
from tasks.speech.recordings.verdict import SILENT_BELOW_DB, count_clipped, warnings_about
from tasks.store.files import check_free_space

LEAST_RATE_HZ, MOST_RATE_HZ = 4_000, 384_000
MOST_CHANNELS = 32
_MOST_GAIN_DB = 40.0
_BLOCK_SAMPLES = 1 << 18
_TRUNCATION_S = 0.1
_MP3_PADDING_S = 0.15
_STREAMED_SIZE = 0xFFFFFFFF
_OPEN_END = (
    "it has no end page, like the recording of a live stream; it was read to the end of the file"
)

_Blocks: TypeAlias = Callable[[], Iterable[NDArray[np.float32]]]
_Filter: TypeAlias = Callable[[NDArray[np.float32]], NDArray[np.float32]]


@dataclass(frozen=True)
class _Filtering:
    """What is taken out of what engines hear: all below an edge, or a mains with its harmonics."""

    edge_hz: float | None = None
    mains_hz: float | None = None

    def new(self) -> _Filter | None:
        """A filter for one pass over the sound."""
        if self.mains_hz is not None:
            return HumNotches(self.mains_hz, ENGINE_SAMPLE_RATE_HZ)
        return None if self.edge_hz is None else HighPass(self.edge_hz, ENGINE_SAMPLE_RATE_HZ)


@dataclass(frozen=True)
class Recording:
    """What is known of an imported recording; its two copies are files.

    ``is_mended`` tells that it is not as it came: a fault of its own was taken out of a copy, or
    its background raised what counts as speech. ``is_notched``: the harmonics of a hum were.
    """

    num_channels: int
    num_samples: int
    engine_gain_db: float
    levels: Levels
    warnings: tuple[str, ...]
    is_mended: bool
    is_notched: bool


def import_recording(source: Path, viewer_copy: Path, engine_copy: Path) -> Recording:
    """Make both copies of ``source``: 48 kHz for viewers, 16 kHz mono, levelled, for engines.

    Raises:
        SpeechError: no sound in it, zero length, damaged, cut short, or beyond a limit.
        DiskFullError: there is no room for the copies.
    """
    if not source.is_file() or source.stat().st_size == 0:
        raise SpeechError(f"{source} is empty or is not a file; give a recording with sound in it")
    wrong = wrong_wav_length(source)
    if wrong is None:
        _check_riff_is_whole(source)
    duration_s, promised_channels = _checked_header(source, viewer_copy.parent)
    with _scratch_files(engine_copy) as (righted, unlevelled, channels):
        if wrong:
            write_with_right_length(wrong, source, righted)
        read = righted if wrong else source
        compared = channels if promised_channels > 1 else None
        with _faults_told(source, viewer_copy.parent):
            decode(Decoding(read, viewer_copy, unlevelled, compared, duration_s))
        with soundfile.SoundFile(viewer_copy) as file:
            num_samples, num_channels = int(file.frames), int(file.channels)
            _check_length(source, num_samples)
            num_clipped = count_clipped(file)
        length_s = num_samples / VIEWER_RATE_HZ
        choice = _choose_channel(viewer_copy, channels, length_s) if num_channels == 2 else None
        if choice is not None:
            _run_ffmpeg(source, _to_engine(viewer_copy, choice, unlevelled), length_s)
        blocks = _blocks_again(unlevelled)
        filtering, levels = _needed_filter(blocks)
        gain_db = engine_gain_db(levels)
        is_noisy = activity_threshold_db(levels) != usual_threshold_db(levels)
        quiet = pause_gains_db(levels, gain_db) if is_noisy else None
        _write_levelled(blocks, engine_copy, gain_db, filtering.new(), quiet)
    told = [choice.reason] if choice else []
    told += _hum_warnings(filtering)
    is_mended = bool(told) or is_noisy or (wrong is not None and wrong.is_longer)
    notices = [wrong.notice] if wrong else [_OPEN_END] if _is_open_ogg(source) else []
    warnings = (*notices, *told, *warnings_about(levels, num_clipped))
    is_notched = filtering.mains_hz is not None
    return Recording(num_channels, num_samples, gain_db, levels, warnings, is_mended, is_notched)


@contextmanager
def _scratch_files(engine_copy: Path) -> Generator[list[Path]]:
    """Names for a source with its length put right, samples before they are levelled, channels."""
    kinds = ("source", "float", "channels")
    paths = [engine_copy.with_name(f"{engine_copy.name}.{kind}.wav") for kind in kinds]
    try:
        yield paths
    finally:
        for path in paths:
            path.unlink(missing_ok=True)


def _is_open_ogg(source: Path) -> bool:
    with source.open("rb") as file:
        is_ogg = file.read(4) == b"OggS"
    return is_ogg and ogg_end(source) == "open"


def _hum_warnings(filtering: _Filtering) -> list[str]:
    edge_hz = filtering.edge_hz
    if filtering.mains_hz is not None:
        fault = f"hum at {filtering.mains_hz:.0f} Hz and its harmonics"
    elif edge_hz == HIGH_PASS_EDGES_HZ[0]:
        return [f"an offset, or rumble below {edge_hz:.0f} Hz, was taken out of what lips follow"]
    elif edge_hz is not None:
        fault = f"hum or rumble below {edge_hz:.0f} Hz"
    else:
        return []
    return [
        f"{fault} was taken out of what lips follow; viewers still hear it: filter the recording, "
        "or record it without"
    ]


def engine_gain_db(levels: Levels) -> float:
    """Gain to -23 dBFS over active speech, at most 40 dB, to 0.1; 0 for silence."""
    level = active_level_db(levels)
    if level < SILENT_BELOW_DB:
        return 0.0
    return round(min(ENGINE_LEVEL_DB - level, _MOST_GAIN_DB), 1)


def _checked_header(source: Path, folder: Path) -> tuple[float, int]:
    """Seconds and channels of a recording by its header; the most of both where it does not say.

    Raises:
        SpeechError: it is beyond a limit.
        DiskFullError: ``folder`` has no room for the copies.
    """
    header = read_sound_header(source)
    if header is None:
        return LONGEST_RECORDING_S, MOST_CHANNELS  # decoding it tells what is wrong
    if not LEAST_RATE_HZ <= header.sample_rate_hz <= MOST_RATE_HZ:
        raise SpeechError(
            f"{source} has a sample rate of {header.sample_rate_hz} Hz by its header; it must be "
            f"from {LEAST_RATE_HZ} to {MOST_RATE_HZ} Hz: export it again, best with 48000 Hz"
        )
    if header.num_channels > MOST_CHANNELS:
        raise SpeechError(
            f"{source} has {header.num_channels} channels, at most {MOST_CHANNELS} are read; "
            "export it in stereo or mono"
        )
    if header.duration_s is None:
        return LONGEST_RECORDING_S, header.num_channels
    if header.duration_s > LONGEST_RECORDING_S:
        raise SpeechError(_too_long(source, f"{header.duration_s / 3600:.1f} hours"))
    viewer_bytes_per_s = 2 * VIEWER_RATE_HZ * min(2, header.num_channels)
    engine_bytes_per_s = (4 + 2) * ENGINE_SAMPLE_RATE_HZ  # before and after it is levelled
    if header.num_channels > 1:  # one of them may have to be heard on both sides
        engine_bytes_per_s = max(engine_bytes_per_s, viewer_bytes_per_s)
    check_free_space(folder, int(header.duration_s * (viewer_bytes_per_s + engine_bytes_per_s)))
    return header.duration_s, header.num_channels


def _too_long(source: Path, length: str) -> str:
    return (
        f"{source} is {length} long, at most {LONGEST_RECORDING_S // 3600} hours are read; "
        "split it into several rows"
    )


def _to_engine(viewer_copy: Path, choice: ChannelChoice, unlevelled: Path) -> list[str]:
    """One channel of what viewers hear, as engines hear it."""
    args = [*NO_CODED_STREAM, "-i", f"file:{viewer_copy}", "-af", f"pan=mono|c0=c{choice.index}"]
    args += ["-ac", "1", "-ar", str(ENGINE_SAMPLE_RATE_HZ), "-c:a", "pcm_f32le"]
    return [*args, *WAV, str(unlevelled)]


def _choose_channel(viewer_copy: Path, channels: Path, length_s: float) -> ChannelChoice | None:
    """Which channel stands for both, if one must; viewers then hear it on both sides.

    ``channels``: both at 16 kHz; made here if a header promised only one.
    """
    source = [*NO_CODED_STREAM, "-i", f"file:{viewer_copy}"]
    if not channels.exists():
        args = [*source, "-ar", str(ENGINE_SAMPLE_RATE_HZ), "-c:a", "pcm_s16le", *WAV]
        _run_ffmpeg(viewer_copy, [*args, str(channels)], length_s)
    choice = choose_channel(measure_channels(_blocks(channels)))
    if choice is not None and choice.is_for_viewers:
        both = f"pan=stereo|c0=c{choice.index}|c1=c{choice.index}"
        args = [*source, "-af", both, "-c:a", "pcm_s16le", *WAV]
        _run_ffmpeg(viewer_copy, [*args, str(channels)], length_s)
        channels.replace(viewer_copy)
    return choice


def _needed_filter(blocks: _Blocks) -> tuple[_Filtering, Levels]:
    """The gentlest filter that lets speech stand out, if any, and the levels behind it."""
    (plain,) = _levels_behind([lambda pcm: pcm], blocks)
    plain_db = contrast_db(plain)
    if stands_out(plain_db):
        return _Filtering(), plain  # four filters and a second of imports less
    filters = [HighPass(edge_hz, ENGINE_SAMPLE_RATE_HZ) for edge_hz in HIGH_PASS_EDGES_HZ]
    filtered = _levels_behind(filters, blocks)
    edge_hz = needed_edge_hz(plain_db, [contrast_db(each) for each in filtered])
    levels = plain if edge_hz is None else filtered[HIGH_PASS_EDGES_HZ.index(edge_hz)]
    best_db = contrast_db(levels)
    if stands_out(best_db):
        return _Filtering(edge_hz), levels
    notches = [HumNotches(mains_hz, ENGINE_SAMPLE_RATE_HZ) for mains_hz in MAINS_HZ]
    notched = _levels_behind(notches, blocks)
    mains_hz = needed_mains_hz(best_db, [contrast_db(each) for each in notched])
    if mains_hz is None:
        return _Filtering(edge_hz), levels
    return _Filtering(mains_hz=mains_hz), notched[MAINS_HZ.index(mains_hz)]


def _levels_behind(filters: Sequence[_Filter], blocks: _Blocks) -> list[Levels]:
    """Levels of the whole sound behind each of ``filters``."""
    parts: list[list[Levels]] = [[] for _ in filters]
    for block in blocks():
        for kept, each in zip(parts, filters, strict=True):
            kept.append(frame_levels(each(block), ENGINE_SAMPLE_RATE_HZ))
    return [np.concatenate(each) for each in parts]


def _run_ffmpeg(source: Path, args: list[str], duration_s: float) -> None:
    with _faults_told(source, Path(args[-1]).parent):
        run_ffmpeg(args, timeout_s=time_limit_s(sound_s=duration_s))


@contextmanager
def _faults_told(source: Path, folder: Path) -> Generator[None]:
    """Tell what is wrong with a recording where ffmpeg fails; ``folder`` is where it writes."""
    try:
        yield
    except FfmpegError as error:
        if "matches no streams" in error.stderr:
            raise SpeechError(
                f"{source} has no sound track; give a recording, or a script to be spoken"
            ) from error
        if error.returncode is None:
            raise
        if "No space left on device" in error.stderr:
            raise DiskFullError(folder, shutil.disk_usage(folder).free) from error
        raise SpeechError(
            f"{source} cannot be decoded to its end; it is damaged or cut short: copy it again, or "
            "export it again, best as WAV or FLAC"
        ) from error


def _check_riff_is_whole(source: Path) -> None:
    """A WAV that says it is longer than its file was cut short in transfer; ffmpeg is silent."""
    with source.open("rb") as file:
        head = file.read(12)
        if head[:4] != b"RIFF" or head[8:] != b"WAVE":
            return
        num_bytes = source.stat().st_size
        while len(header := file.read(8)) == 8:
            size = int.from_bytes(header[4:], "little")
            if header[:4] == b"data" and size < _STREAMED_SIZE - 0xFF:
                _refuse_if_short(source, file.tell() + size, num_bytes)
            if header[:4] == b"data":
                return
            file.seek(size + size % 2, 1)


def _refuse_if_short(source: Path, wanted_bytes: int, num_bytes: int) -> None:
    if num_bytes < wanted_bytes:
        raise SpeechError(
            f"{source} is cut short: its header promises {wanted_bytes} bytes, there are "
            f"{num_bytes}; copy or export it again"
        )


def _promised_s(source: Path) -> float | None:
    """How long a FLAC or an MP3 says it is; None for what does not say, or is checked before."""
    with source.open("rb") as file:
        if file.read(4) == b"fLaC":
            return float(soundfile.info(source).duration)
    promised_s = promised_mp3_s(source)
    # encoders count the silence that they add, which decoders leave out
    return None if promised_s is None else promised_s - _MP3_PADDING_S


def _check_length(source: Path, num_samples: int) -> None:
    """Of what was decoded: a FLAC and an MP3 say in their headers how long they are."""
    if not num_samples:
        raise SpeechError(f"{source} has a sound track of zero length; export it again")
    if num_samples > LONGEST_RECORDING_S * VIEWER_RATE_HZ:
        raise SpeechError(_too_long(source, f"more than {LONGEST_RECORDING_S / 3600:.0f} hours"))
    promised_s = _promised_s(source)
    decoded_s = num_samples / VIEWER_RATE_HZ
    if promised_s is not None and decoded_s < promised_s - _TRUNCATION_S:
        raise SpeechError(
            f"{source} is cut short: its header promises {promised_s:.1f} s, "
            f"{decoded_s:.1f} s can be decoded; copy or export it again"
        )


def _blocks(path: Path) -> Generator[NDArray[np.float32]]:
    """``(S,)`` or ``(S, 2)`` of a whole number of 10 ms frames each; the last may be shorter."""
    hop = ENGINE_SAMPLE_RATE_HZ // FRAMES_PER_SECOND
    with soundfile.SoundFile(path) as file:
        size = _BLOCK_SAMPLES // hop * hop
        while len(block := file.read(size, dtype="float32")):
            yield np.asarray(block, np.float32)


def _blocks_again(path: Path) -> _Blocks:
    """The blocks of a file as often as they are asked for; of a short one, read but once."""
    with closing(_blocks(path)) as blocks:
        first = tuple(islice(blocks, 2))
    return partial(_blocks, path) if len(first) > 1 else lambda: first


def _write_levelled(
    blocks: _Blocks,
    engine_copy: Path,
    gain_db: float,
    filtered: _Filter | None,
    quiet: Levels | None,
) -> None:
    """The engines' copy: filtered, its pauses quieter by ``quiet``."""
    gain = np.float32(10 ** (gain_db / 20))
    start = 0
    with soundfile.SoundFile(
        engine_copy, "w", ENGINE_SAMPLE_RATE_HZ, 1, subtype="PCM_16", format="WAV"
    ) as file:
        for block in blocks():
            pcm = block if filtered is None else filtered(block)
            if quiet is not None:
                pcm = pcm * frame_gains(quiet, start, len(pcm), ENGINE_SAMPLE_RATE_HZ)
            file.write(to_int16(pcm * gain))
            start += len(block)
