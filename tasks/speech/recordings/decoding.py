"""One decoding of a recording gives all its copies; short ones that wait together share a start.

Starting ffmpeg costs more than decoding a short recording does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Condition
from typing import Final

from model.engine import ENGINE_SAMPLE_RATE_HZ
from tasks.errors import FfmpegError
from tasks.processes.ffmpeg import run_ffmpeg, time_limit_s
from tasks.processes.stop_request import POLL_S, check_stop
from tasks.speech.recordings.joined_copies import Join, cut_apart
from tasks.speech.recordings.plain_pcm import NO_CODED_STREAM

VIEWER_RATE_HZ = 48_000
LONGEST_RECORDING_S = 12 * 3600
WAV: Final = ("-fflags", "+bitexact", "-flags:a", "+bitexact", "-rf64", "auto", "-f", "wav", "-y")
"""For ffmpeg, before a WAV that is the same bytes whoever writes it, and as long as need be."""
_SHORT_S = 60.0
_MOST_TOGETHER = 8
_MOST_JOINED_S = 120.0  # of viewers' channels: what is cut apart is held in memory


@dataclass(frozen=True)
class Decoding:
    """A recording to be decoded, loudness untouched.

    Attributes:
        source: any file with sound.
        viewer_copy: 48 kHz of one or two channels in 16 bits.
        unlevelled: what engines hear, made of exactly those samples: 16 kHz mono, as floats until
            it is levelled.
        channels: both channels of those samples at 16 kHz in 16 bits, if they have to be compared.
        duration_s: by its header, or the most it can be.
        num_channels: of what viewers hear, where it is known for sure before it is decoded.
        is_plain_pcm: whether ffmpeg need not look for a coded stream in its samples.
    """

    source: Path
    viewer_copy: Path
    unlevelled: Path
    channels: Path | None
    duration_s: float
    num_channels: int | None = None
    is_plain_pcm: bool = False


def joins_of(decodings: Sequence[Decoding]) -> tuple[Join, ...]:
    """The copies that one start writes behind one another: two at least of a kind.

    What engines hear is alike for all recordings; what viewers hear for those whose channels are
    known, as ffmpeg would mix down what it joins with others of fewer.
    """
    joins = [_join("e", decodings, decodings)]
    for num_channels in (1, 2):
        alike = [each for each in decodings if each.num_channels == num_channels]
        kinds = ("v", "c") if num_channels == 2 else ("u",)
        joins += [_join(kind, alike, decodings) for kind in kinds]
    return tuple(each for each in joins if len(each.copies) > 1)


def _join(kind: str, alike: Sequence[Decoding], decodings: Sequence[Decoding]) -> Join:
    """Copies of a kind: for engines, for viewers in two channels or one, channels to compare."""
    rate = VIEWER_RATE_HZ if kind in "uv" else ENGINE_SAMPLE_RATE_HZ
    streams: list[str] = []
    copies: list[Path] = []
    seconds = 0.0
    for each in alike:
        copy = {"e": each.unlevelled, "c": each.channels}.get(kind, each.viewer_copy)
        length_s = each.duration_s * (2 if kind == "v" else 1)
        if copy is None or seconds + length_s > _MOST_JOINED_S:
            continue
        seconds += length_s
        streams.append(f"[{'v' if kind == 'u' else kind}{decodings.index(each)}]")
        copies.append(copy)
    first = decodings[0].unlevelled
    return Join(
        name=f"j{kind}",
        path=first.with_name(f"{first.name}.joined-{kind}.wav"),
        streams=tuple(streams),
        copies=tuple(copies),
        sample_rate_hz=rate,
        num_channels=2 if kind in "vc" else 1,
        sample_format="flt" if kind == "e" else "s16",
    )


def decoding_args(decodings: Sequence[Decoding]) -> list[str]:
    """What one start of ffmpeg is told, to make all copies of all recordings."""
    inputs: list[str] = []
    graphs: list[str] = []
    outputs: list[str] = []
    ends = ["-map_metadata", "-1", "-t", str(LONGEST_RECORDING_S + 1), *WAV]
    joins = joins_of(decodings)
    joined = {stream for each in joins for stream in each.streams}

    def put_out(stream: str, codec: str, path: Path) -> None:
        if stream not in joined:
            outputs.extend(("-map", stream, "-c:a", codec, *ends, str(path)))

    for index, each in enumerate(decodings):
        inputs += NO_CODED_STREAM if each.is_plain_pcm else ()
        inputs += ["-i", f"file:{each.source}"]
        viewers, engines, channels = f"[v{index}]", f"[e{index}]", f"[c{index}]"
        copies = f"asplit=2{viewers}[m{index}]"
        if each.channels:
            copies = f"asplit=3{viewers}[m{index}][s{index}]"
        graphs += [
            f"[{index}:a:0]aformat=sample_fmts=s16:channel_layouts=mono|stereo,"
            f"aformat=sample_fmts=s16:sample_rates={VIEWER_RATE_HZ},{copies}",
            f"[m{index}]aresample={ENGINE_SAMPLE_RATE_HZ},aformat=sample_fmts=flt:"
            f"sample_rates={ENGINE_SAMPLE_RATE_HZ}:channel_layouts=mono{engines}",
        ]
        put_out(viewers, "pcm_s16le", each.viewer_copy)
        put_out(engines, "pcm_f32le", each.unlevelled)
        if each.channels:
            rate = f"aformat=sample_fmts=s16:sample_rates={ENGINE_SAMPLE_RATE_HZ}"
            graphs.append(f"[s{index}]{rate}{channels}")
            put_out(channels, "pcm_s16le", each.channels)
    for each in joins:
        graphs += each.graphs
        put_out(f"[{each.name}]", each.codec, each.path)
    return [*inputs, "-filter_complex", ";".join(graphs), *outputs]


def decode(decoding: Decoding) -> None:
    """Make the copies of a recording; short ones of other threads may be decoded with it.

    Raises:
        FfmpegError: it cannot be decoded to its end.
        StoppedError: the user asked to stop.
    """
    if decoding.duration_s > _SHORT_S or not _TOGETHER.decode(decoding):
        _run([decoding])


def _run(decodings: Sequence[Decoding]) -> bool:
    """Whether all copies were made; of one recording they are, or it fails."""
    seconds = sum(each.duration_s for each in decodings)
    joins = joins_of(decodings)
    try:
        run_ffmpeg(decoding_args(decodings), timeout_s=time_limit_s(sound_s=seconds))
        return all(cut_apart(each) for each in joins)
    except OSError:
        if not joins:
            raise
        return False  # no room for both: each is decoded alone, and its fault told
    finally:
        for each in joins:
            each.path.unlink(missing_ok=True)


@dataclass(eq=False)
class _Waiting:
    """A recording whose turn has not come (``is_made`` is None), or has gone well or not."""

    decoding: Decoding
    is_made: bool | None = None


class _Together:
    """While one start is under way, threads that come with a recording wait for the next one."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._waiting: list[_Waiting] = []
        self._is_busy = False

    def decode(self, decoding: Decoding) -> bool:
        """Whether the copies were made; if not, some recording of the same start failed.

        Raises:
            FfmpegError: this recording was decoded alone, and failed.
            StoppedError: the user asked to stop.
        """
        mine = _Waiting(decoding)
        with self._changed:
            self._waiting.append(mine)
            self._wait_for_turn(mine)
            if mine.is_made is not None:
                return mine.is_made
            others = [each for each in self._waiting if each is not mine]
            together = [mine, *others[: _MOST_TOGETHER - 1]]
            self._waiting = others[_MOST_TOGETHER - 1 :]
            self._is_busy = True
        return self._start(together)

    def _wait_for_turn(self, mine: _Waiting) -> None:
        while self._is_busy and mine.is_made is None:
            if mine in self._waiting:  # else a program is writing its copies, which stops by itself
                try:
                    check_stop()
                except BaseException:
                    self._waiting.remove(mine)
                    raise
            self._changed.wait(POLL_S)

    def _start(self, together: list[_Waiting]) -> bool:
        is_made = False
        try:
            is_made = _run([each.decoding for each in together])
        except FfmpegError:
            if len(together) == 1:
                raise
        finally:
            with self._changed:
                for each in together:
                    each.is_made = is_made
                self._is_busy = False
                self._changed.notify_all()
        return is_made


_TOGETHER = _Together()
