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
from tasks.speech.recordings.plain_pcm import NO_CODED_STREAM, is_plain_pcm

VIEWER_RATE_HZ = 48_000
LONGEST_RECORDING_S = 12 * 3600
WAV: Final = ("-fflags", "+bitexact", "-flags:a", "+bitexact", "-rf64", "auto", "-f", "wav", "-y")
"""For ffmpeg, before a WAV that is the same bytes whoever writes it, and as long as need be."""
_SHORT_S = 60.0
_MOST_TOGETHER = 8


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
    """

    source: Path
    viewer_copy: Path
    unlevelled: Path
    channels: Path | None
    duration_s: float


def decoding_args(decodings: Sequence[Decoding]) -> list[str]:
    """What one start of ffmpeg is told, to make all copies of all recordings.

    Each recording has a graph of its own: of a shared one, ffmpeg asks every output at every
    packet of any recording. These graphs have nothing to share out among threads of their own.
    """
    inputs: list[str] = []
    graphs: list[str] = []
    outputs: list[str] = []
    ends = ["-map_metadata", "-1", "-t", str(LONGEST_RECORDING_S + 1), *WAV]
    for index, each in enumerate(decodings):
        inputs += NO_CODED_STREAM if is_plain_pcm(each.source) else ()
        inputs += ["-i", f"file:{each.source}"]
        viewers, engines, channels = f"[v{index}]", f"[e{index}]", f"[c{index}]"
        copies = f"asplit=2{viewers}[m{index}]"
        if each.channels:
            copies = f"asplit=3{viewers}[m{index}][s{index}]"
        graph = [
            f"[{index}:a:0]aformat=sample_fmts=s16:channel_layouts=mono|stereo,"
            f"aformat=sample_fmts=s16:sample_rates={VIEWER_RATE_HZ},{copies}",
            f"[m{index}]aresample={ENGINE_SAMPLE_RATE_HZ},aformat=sample_fmts=flt:"
            f"sample_rates={ENGINE_SAMPLE_RATE_HZ}:channel_layouts=mono{engines}",
        ]
        outputs += ["-map", viewers, "-c:a", "pcm_s16le", *ends, str(each.viewer_copy)]
        outputs += ["-map", engines, "-c:a", "pcm_f32le", *ends, str(each.unlevelled)]
        if each.channels:
            rate = f"aformat=sample_fmts=s16:sample_rates={ENGINE_SAMPLE_RATE_HZ}"
            graph.append(f"[s{index}]{rate}{channels}")
            outputs += ["-map", channels, "-c:a", "pcm_s16le", *ends, str(each.channels)]
        graphs += ["-filter_complex", ";".join(graph)]
    return [*inputs, "-filter_complex_threads", "1", *graphs, *outputs]


def decode(decoding: Decoding) -> None:
    """Make the copies of a recording; short ones of other threads may be decoded with it.

    Raises:
        FfmpegError: it cannot be decoded to its end.
        StoppedError: the user asked to stop.
    """
    if decoding.duration_s > _SHORT_S or not _TOGETHER.decode(decoding):
        _run([decoding])


def _run(decodings: Sequence[Decoding]) -> None:
    seconds = sum(each.duration_s for each in decodings)
    run_ffmpeg(decoding_args(decodings), timeout_s=time_limit_s(sound_s=seconds))


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
            _run([each.decoding for each in together])
            is_made = True
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
