"""Samples of GPUs: recorded figures in, the file and its summary out."""

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tasks.engines import gpu_samples
from tasks.engines.gpu_samples import (
    NoGpuError,
    NvmlReader,
    Reading,
    Sample,
    Sampler,
    chosen,
    csv_of,
    samples_of,
)
from tasks.engines.gpu_summary import JOINED, MachineFigures, joined, machine_figures, slow_segments
from tasks.records import FileEntry, SegmentFigures, VideoReceipt
from tasks.report.report import report_html
from tasks.store.campaign_folder import CampaignFolder

START = datetime(2026, 11, 21, 3, 0, 0, 250_000, UTC)
# of two GPUs of different ages: the second, a slice, tells neither its use nor its heat
FIRST = Reading(0, "NVIDIA H200", 98_304, 96, 71)
SLICE = Reading(1, "NVIDIA A100 MIG 3g.20gb, old", 20_000, None, None)


def sample(second: float, reading: Reading = FIRST, host: str = "node-1") -> Sample:
    return Sample(START + timedelta(seconds=second), host, reading, 130)


class Recorded:
    """GPUs that say what they said once."""

    def __init__(self, *readings: Reading, answers: int = 10**6) -> None:
        self.readings, self.left = list(readings), answers

    def read(self) -> list[Reading]:
        self.left -= 1
        if self.left < 0:
            raise NoGpuError("the driver stopped answering: GPU is lost")
        return self.readings


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_line_reads_back_as_it_was_written():
    samples = [sample(0), sample(0, SLICE)]
    text = csv_of(samples)

    assert text.splitlines() == [
        "timestamp,host,gpu,name,memory_used_mib,utilization_percent,temperature_c,"
        "engine_cpu_percent",
        "2026-11-21T03:00:00.250+00:00,node-1,0,NVIDIA H200,98304,96,71,130",
        '2026-11-21T03:00:00.250+00:00,node-1,1,"NVIDIA A100 MIG 3g.20gb, old",20000,,,130',
    ]
    assert samples_of(text) == samples
    assert samples_of(text[:-15]) == samples[:1]  # a line that was cut short


def test_the_gpus_that_cuda_may_see_are_chosen():
    uuids = ["GPU-aa11", "GPU-bb22", "GPU-bb33"]
    assert chosen(None, uuids) == [0, 1, 2]
    assert chosen("2,0", uuids) == [2, 0]
    assert chosen("GPU-bb3", uuids) == [2]
    assert chosen("", uuids) == []
    assert chosen("0,7,1", uuids) == [0]
    assert chosen("GPU-bb", uuids) == []  # two fit: CUDA takes none


def test_samples_are_taken_while_engines_render_and_kept_at_the_end():
    kept: dict[str, bytes] = {}
    sampler = Sampler(kept.__setitem__, lambda: Recorded(FIRST, SLICE), period_s=0.01)
    used = iter(range(1000))

    with sampler.sampling(lambda: float(next(used))) as stretch:
        wait_for(lambda: len(stretch.samples) >= 6)
    taken = len(stretch.samples)
    time.sleep(0.05)
    assert len(stretch.samples) == taken
    with sampler.sampling(lambda: 0.0) as second:
        wait_for(lambda: len(second.samples) >= 2)
    sampler.close()

    assert stretch.gpu_percents == {"0": 96}
    ((name, data),) = kept.items()
    assert name.startswith("logs/gpu/20")
    samples = samples_of(data.decode())
    assert len(samples) == taken + len(second.samples)
    assert {each.reading for each in samples} == {FIRST, SLICE}
    assert (samples[0].engine_cpu_percent or 0) > 100  # one second in each hundredth
    assert sampler.problem == ""


def test_a_part_that_is_old_is_followed_by_another(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(gpu_samples, "_PART_S", 0.02)
    kept: dict[str, bytes] = {}
    sampler = Sampler(kept.__setitem__, lambda: Recorded(FIRST), period_s=0.005)
    with sampler.sampling(lambda: 0.0) as stretch:
        wait_for(lambda: len(stretch.samples) > 10)
        sampler.write()
        begun = len(stretch.samples)
        wait_for(lambda: len(stretch.samples) > begun + 2)
    sampler.close()

    samples = [each for data in kept.values() for each in samples_of(data.decode())]
    assert len(samples) <= len(stretch.samples)
    assert len(samples_of(list(kept.values())[-1].decode())) < len(stretch.samples)


def test_a_store_that_is_away_fails_nothing(caplog: pytest.LogCaptureFixture):
    def away(name: str, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    sampler = Sampler(away, lambda: Recorded(FIRST), period_s=0.01)
    with sampler.sampling(lambda: 0.0) as stretch:
        wait_for(lambda: stretch.samples)
    sampler.close()

    assert "could not be kept: [Errno 28]" in caplog.text


def test_a_gpu_that_falls_off_the_bus_ends_the_samples_and_nothing_else():
    kept: dict[str, bytes] = {}
    sampler = Sampler(kept.__setitem__, lambda: Recorded(FIRST, answers=2), period_s=0.005)
    with sampler.sampling(lambda: 0.0):
        wait_for(lambda: sampler.problem)
    sampler.close()

    assert sampler.problem == "the driver stopped answering: GPU is lost"
    assert len(samples_of(next(iter(kept.values())).decode())) == 2


def test_a_machine_without_the_drivers_library_says_so(monkeypatch: pytest.MonkeyPatch):
    """The real binding, whose library is not here."""
    pynvml = pytest.importorskip("pynvml", reason="nvidia-ml-py comes with the extra gpu")
    monkeypatch.setattr(pynvml, "_LoadNvmlLibrary", no_library(pynvml))
    kept: dict[str, bytes] = {}
    sampler = Sampler(kept.__setitem__, lambda: NvmlReader(None), period_s=0.01)
    with sampler.sampling(lambda: 0.0):
        wait_for(lambda: sampler.problem)
    sampler.close()

    assert "no NVIDIA GPU can be asked here: NVML Shared Library Not Found" in sampler.problem
    assert not kept


def no_library(pynvml):
    if not Path("/dev/nvidiactl").exists():
        return pynvml._LoadNvmlLibrary

    def missing():
        raise pynvml.NVMLError(pynvml.NVML_ERROR_LIBRARY_NOT_FOUND)

    return missing


def test_a_machine_without_the_binding_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "pynvml", None)
    with pytest.raises(NoGpuError, match=r"nvidia-ml-py is not installed .*nightshoot\[gpu\]"):
        NvmlReader(None)


# --- what the report makes of it ----------------------------------------------------------------


def test_parts_are_joined_and_a_second_counts_once(tmp_path: Path):
    store = CampaignFolder(tmp_path)
    hot = Reading(0, "NVIDIA H200", 120_000, 50, 84)
    other = sample(0, FIRST, host="node-2")
    store.write_text("logs/gpu/1-a.csv", csv_of([sample(0), sample(1), sample(0, SLICE)]).encode())
    store.write_text("logs/gpu/2-b.csv", csv_of([sample(1.2, hot), sample(2, hot), other]).encode())

    first, sliced, second = joined(store)

    assert (first.host, first.gpu, first.name) == ("node-1", 0, "NVIDIA H200")
    assert first.hours == pytest.approx(3 / 3600)  # the second process's 1.2 s is the same second
    assert first.utilization_percent == pytest.approx((96 + 96 + 50) / 3)
    assert (first.peak_memory_mib, first.hottest_c) == (120_000, 84)
    assert (sliced.utilization_percent, sliced.hottest_c) == (None, None)
    assert second.host == "node-2"
    lines = samples_of((tmp_path / JOINED).read_text())
    assert len(lines) == 5
    assert joined(store) == (first, sliced, second)  # again: the same file


def test_where_nothing_was_sampled_there_is_no_file_and_a_note(tmp_path: Path):
    figures = machine_figures(CampaignFolder(tmp_path), [], "NVML Shared Library Not Found")

    assert figures.gpus == ()
    assert figures.note == "NVML Shared Library Not Found"
    assert not (tmp_path / JOINED).exists()


def test_the_page_says_why_there_are_no_figures():
    page = report_html("june", [], {}, [], MachineFigures(note="NVML is <missing>"))

    assert "There are no GPU figures: NVML is &lt;missing&gt;." in page
    assert "logs/gpu.csv" not in page
    assert "no figures" not in report_html("june", [], {}, [])


def receipt(video_id: str, *seconds: float, size: str = "704x384", **settings) -> VideoReceipt:
    figures = [
        SegmentFigures(
            num_frames=48,
            engine_seconds=each,
            cpu_seconds=each / 2,
            gpu_percents={"0": 97} if each < 20 else {"0": 31},
            host="node-1",
        )
        for each in seconds
    ]
    return VideoReceipt(
        video_id=video_id,
        plan_sha256="0" * 64,
        segment_keys=tuple(map(str, range(len(figures)))),
        file=FileEntry(name="v.mp4", sha256="0" * 64, num_bytes=1),
        captions=(),
        num_frames=48 * len(figures),
        duration_s=1.0,
        checks={},
        engine="live-avatar",
        size=size,
        settings=settings,
        segments=tuple(figures),
    )


def test_a_segment_over_twice_the_median_of_its_kind_is_named():
    (slow,) = slow_segments([receipt("ann", 10, 10.5, 24), receipt("bob", 9.5, 19)])

    assert (slow.video_id, slow.number) == ("ann", 3)
    assert slow.expected_s == 10.5
    assert slow.told == (
        "segment 3: 24.0 s on node-1, 2.3 times the 10.5 s of similar segments; "
        "GPU 0 31 %, CPU 50 % of a core"
    )


def test_kinds_are_not_mixed_and_few_or_short_segments_tell_nothing():
    small = receipt("small", 2, 2, 2, 2, size="384x256")
    steps = receipt("steps", 10, 10, 10, 30, sample_steps=8)
    assert [each.video_id for each in slow_segments([small, steps])] == ["steps"]
    assert slow_segments([receipt("three", 10, 10, 30)]) == []
    assert slow_segments([receipt("short", 1, 1, 1, 4)]) == []
