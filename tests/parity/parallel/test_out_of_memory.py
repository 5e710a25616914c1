"""A full memory: caught, answered with rungs, not met twice; on one rank and on several.

The host's memory is made too small for real, by the limit that the kernel puts on a process. The
errors of a GPU are torch's own, raised where a GPU would raise them.
"""

import ctypes
import json
import multiprocessing
import os
import re
import resource
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.distributed as dist

from model.engine import Handoff, SegmentJob
from model.errors import ResourceError, Rung
from model.host import heartbeats, protocol
from model.live_avatar.assembly import loader
from model.live_avatar.assembly.random_weights import untrained
from model.live_avatar.config import BLOCK_LATENTS, LATENT_SIDE
from model.live_avatar.devices.memory import memory_errors_named
from model.live_avatar.devices.memory_ladder import MemoryFullError
from model.live_avatar.engine import LiveAvatarEngine
from model.live_avatar.network.audio_injector import AudioTokens
from model.live_avatar.network.block import SelfAttention
from model.live_avatar.network.transformer import Transformer
from model.live_avatar.parallel.letters import Letter, Post
from model.live_avatar.parallel.pipeline import PipelineSampler, Stage
from model.live_avatar.planning.placement import Placement, Seat
from model.live_avatar.sampling.sampler import Sampler
from model.live_avatar.sampling.schedule import make_schedule
from model.live_avatar.sampling.segment import Parts
from model.live_avatar.settings import DEFAULTS
from model.picture import cover
from tasks.engines.engine_pool import EnginePool
from tasks.engines.host_process import EngineLostError
from tasks.engines.host_process import heartbeats_folder as engine_beats

pytestmark = pytest.mark.parity

LARGE, SMALL = 1024, 64
ALL = "kv,sink,weights,text"
_M_MMAP_THRESHOLD = -3  # of malloc.h
_LEAST_GAP, _MOST_GAP = 1 << 16, 1 << 28  # bytes
_fillers: list[torch.Tensor] = []  # for as long as the process lives


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIGHTSHOOT_WEIGHTS", "random:tiny")
    monkeypatch.setenv("NIGHTSHOOT_DEVICE", "cpu")


def job(side: int = SMALL, handoff: Handoff | None = None, **settings: Any) -> SegmentJob:
    rng = np.random.default_rng(1)
    return SegmentJob(
        key="a key",
        portrait=rng.integers(0, 255, (80, 64, 3), np.uint8),
        rig=None,
        handoff=handoff,
        pcm=rng.normal(0, 3000, 12 * 640 + 32_000).astype(np.int16),
        left_context=16_000,
        right_context=16_000,
        phonemes=None,
        prompt="a person speaks",
        seed=3,
        width=side,
        height=side,
        num_frames=12,
        settings=dict(DEFAULTS) | {"sample_steps": 1} | settings,
    )


def frames(engine: LiveAvatarEngine, asked: SegmentJob) -> np.ndarray:
    return np.concatenate(list(engine.render(asked)))


def fault(engine: LiveAvatarEngine, asked: SegmentJob) -> ResourceError:
    """What is said of a job that does not fit; without the frames, which hold what was made."""
    with pytest.raises(ResourceError) as found:
        frames(engine, asked)
    error = found.value.with_traceback(None)
    error.__cause__ = error.__context__ = None
    return error


def data_kib() -> int:
    """Memory of this process that its limit counts."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmData:"))


def _fill_gaps() -> None:
    """Use up what this process has and holds nothing.

    The process it was forked from, a whole test session, had tensors and gave them up. New ones
    would find room there, which no limit counts.
    """
    ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LEAST_GAP)
    size = _MOST_GAP
    while size >= _LEAST_GAP:
        before = data_kib()
        filler = torch.empty(size, dtype=torch.uint8)
        if data_kib() > before:  # there was no such gap
            size //= 2
        else:
            _fillers.append(filler)


def limit_memory(mib: int | None) -> None:
    """Let this process have so much more memory than now; None: as it was."""
    soft = resource.RLIM_INFINITY
    if mib is not None:
        _fill_gaps()
        soft = (data_kib() + mib * 1024) << 10
    resource.setrlimit(resource.RLIMIT_DATA, (soft, resource.RLIM_INFINITY))


def in_a_child(work: Callable[[], Any]) -> Any:
    """What ``work`` returns, done in a fork of this process, whose limits end with it."""
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe()

    def answer() -> None:
        torch.set_num_threads(1)
        there.send(work())

    child = context.Process(target=answer)
    child.start()
    there.close()
    try:
        return here.recv()
    finally:
        child.join(60)
        child.kill()


# --- one process --------------------------------------------------------------------------------


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the limit is Linux's")
def test_the_hosts_memory_runs_out_for_real_and_the_ladder_ends_in_a_size_that_fits():
    engine = LiveAvatarEngine()
    engine.load()
    usual = frames(engine, job(dtype="float8", sample_steps=3))

    def go_down() -> tuple[list[ResourceError], ResourceError, np.ndarray]:
        frames(engine, job())  # torch has what it needs for itself
        limit_memory(80)
        met = [
            fault(engine, job(LARGE, sample_steps=4)),
            fault(engine, job(LARGE, sample_steps=4, dtype="float8")),
            fault(engine, job(LARGE, dtype="float8", sample_steps=3)),
        ]
        made = frames(engine, job(dtype="float8", sample_steps=3))
        limit_memory(None)  # it would fit now, but is not tried
        return met, fault(engine, job(LARGE, sample_steps=4)), made

    met, again, made = in_a_child(go_down)

    offered = [[str(rung) for rung in each.rungs] for each in met]
    assert offered == [
        ["dtype=float8", "sample_steps=3", "size=smaller"],
        ["sample_steps=3", "size=smaller"],
        ["size=smaller"],
    ]
    assert "the host's memory was full at 1024x1024" in str(met[0])
    assert "can't allocate memory" in str(met[0])
    assert "if a row has a smaller_size" in str(met[0])
    assert np.array_equal(made, usual), "what fits is rendered as if nothing had happened"
    since = r"that was \d+ min ago, and the engine host does not try it again"
    assert re.search(since, str(again))
    assert again.rungs == met[0].rungs


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the limit is Linux's")
def test_a_memory_that_is_full_where_the_portrait_is_fitted_to_the_frame_is_told_as_such():
    portrait = job().portrait

    def fit() -> MemoryFullError:
        cover(portrait, SMALL, SMALL)  # OpenCV has what it needs for itself
        limit_memory(16)
        with pytest.raises(MemoryFullError) as found, memory_errors_named("in this test"):
            cover(portrait, 4096, 4096)
        return found.value.with_traceback(None)

    met = in_a_child(fit)

    assert met.where == "host"
    assert "the host's memory was full in this test" in str(met)


def out_of_memory(*_args: object, **_kwargs: object) -> Any:
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")


@pytest.mark.parametrize(
    "place",
    [
        "model.live_avatar.network.transformer.Transformer.forward",
        "model.live_avatar.sampling.sampler.Sampler.__init__",
        *(
            pytest.param(place, marks=pytest.mark.sweep)
            for place in (
                "model.live_avatar.network.transformer.Transformer.text_keys_values",
                "model.live_avatar.encoders.audio.SpeechEncoder.segment_features",
                "model.live_avatar.sampling.rollout.Rollout.fetch",
            )
        ),
    ],
)
def test_a_full_gpu_is_told_as_such_wherever_it_is_met_and_the_next_segment_is_whole(
    place: str, monkeypatch: pytest.MonkeyPatch, warm: LiveAvatarEngine, usual: np.ndarray
):
    warm.render(job(128))  # the sampler of another size: the next one is made anew
    with monkeypatch.context() as patched:
        patched.setattr(place, out_of_memory)
        asked = job(sample_steps=2, continuation=place)  # a prompt's end, so that none is known
        met = fault(warm, asked)

    assert "the GPU's memory was full at 64x64 (CUDA out of memory" in str(met)
    assert [str(rung) for rung in met.rungs][:2] == ["offload=kv", f"offload={ALL}"]
    assert np.array_equal(frames(warm, job()), usual)
    assert "does not try it again" in str(fault(warm, asked))


@pytest.fixture(scope="module")
def warm(pictures_encoded_once: None) -> LiveAvatarEngine:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("NIGHTSHOOT_WEIGHTS", "random:tiny")
        patched.setenv("NIGHTSHOOT_DEVICE", "cpu")
        return LiveAvatarEngine()


@pytest.fixture(scope="module")
def usual(warm: LiveAvatarEngine) -> np.ndarray:
    return frames(warm, job())


def test_rungs_that_offload_change_no_pixel_and_memories_alone_leave_the_weights(
    warm: LiveAvatarEngine, usual: np.ndarray, monkeypatch: pytest.MonkeyPatch
):
    loads: list[str] = []
    load = loader.load

    def counted(*arguments: Any) -> loader.Loaded:
        loads.append(str(arguments[3]))
        return load(*arguments)

    monkeypatch.setattr(loader, "load", counted)
    for offload in ("kv", ALL, "kv,weights", ""):
        assert np.array_equal(frames(warm, job(offload=offload)), usual), offload

    assert loads == [ALL, "kv,weights", ""]


def test_weights_that_do_not_fit_are_told_with_the_first_segment_and_loaded_otherwise(
    monkeypatch: pytest.MonkeyPatch, usual: np.ndarray
):
    engine, tried = LiveAvatarEngine(), list[str]()
    load = loader.untrained

    def too_large(preset: str, *arguments: Any, **named: Any) -> Parts:
        tried.append(preset)
        if len(tried) == 1:
            out_of_memory()
        return load(preset, *arguments, **named)

    monkeypatch.setattr(loader, "untrained", too_large)
    engine.load()  # a host goes on to listen
    met = fault(engine, job())

    assert len(tried) == 1, "it is not tried again"
    assert "full while the weights were loaded" in str(met)
    assert str(met.rungs[1]) == f"offload={ALL}"
    known = fault(engine, job(offload="kv"))
    assert "full while the weights were loaded" in str(known)
    assert np.array_equal(frames(engine, job(offload=ALL)), usual)


def test_other_errors_are_not_taken_for_a_full_memory(
    warm: LiveAvatarEngine, monkeypatch: pytest.MonkeyPatch
):
    def broken(*_args: object) -> torch.Tensor:
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    monkeypatch.setattr(Transformer, "forward", broken)
    with pytest.raises(RuntimeError, match="illegal memory access"):
        frames(warm, job())


# --- several ranks ------------------------------------------------------------------------------

STEPS = 2


def make_sampler(parts: Parts, told: Mapping[str, int], steps: range) -> Sampler:
    return Sampler(
        parts.transformer,
        make_schedule(STEPS),
        height=told["side"] // LATENT_SIDE,
        width=told["side"] // LATENT_SIDE,
        num_past_latents=4 * BLOCK_LATENTS,
        steps=steps,
    )


def blocks(sampler: Any, side: int, parts: Parts) -> np.ndarray:
    """Three blocks, as many under way as can be."""
    source = torch.Generator().manual_seed(1)
    config, rows = parts.transformer.config, side // LATENT_SIDE

    def drawn(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=source)

    channels = config.latent_channels
    sampler.reset()
    sampler.set_text(drawn(5, config.text_dim))
    sampler.set_sink(drawn(1, channels, 1, rows, rows), drawn(1, channels, 19, rows, rows))
    made: list[torch.Tensor] = []
    for index in range(3):
        audio = AudioTokens(*_heard(parts, drawn))
        sampler.submit(index, drawn(1, channels, BLOCK_LATENTS, rows, rows), audio, [30] * STEPS)
    for _ in range(3):
        made.append(sampler.collect().latents)
    return torch.cat(made).numpy()


def _heard(parts: Parts, drawn: Callable[..., torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    dim = parts.transformer.config.dim
    return drawn(1, BLOCK_LATENTS, 1, dim), drawn(1, BLOCK_LATENTS, 5, dim)


def _rank(rank: int, store: str, parts: Parts, answer: Connection) -> None:
    """Two stages and a leader that decodes; the first stage has little memory."""
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=3)
    post, seat = Post("cpu"), Seat(Placement(stages=2, has_decoder=True), rank)

    def make(told: Mapping[str, int]) -> Sampler:
        return make_sampler(parts, told, seat.steps(STEPS))

    if not seat.leads:
        if rank == 0:
            limit_memory(115)  # a sampler and a letter take 80 to 100, a block 130 to 160
        Stage(make, post, seat).serve()
        return

    def begun(side: int) -> PipelineSampler:
        return PipelineSampler(make, post, seat, STEPS, {"side": side})

    with torch.no_grad():
        answers: list[Any] = [blocks(begun(SMALL), SMALL, parts)]
        sampler = begun(LARGE)
        try:
            blocks(sampler, LARGE, parts)
        except MemoryFullError as error:
            answers.append(error)
        sampler.drop_blocks()
        answers.append(blocks(begun(SMALL), SMALL, parts))
    for stage in range(2):
        post.send(stage, Letter("end"))
    post.flush()
    answer.send(answers)


def test_a_rank_that_does_not_fit_tells_the_leader_and_goes_on_with_the_next(tmp_path: Path):
    torch.set_num_threads(1)
    parts = untrained("tiny", torch.float32, "cpu")
    with torch.no_grad():
        alone = blocks(make_sampler(parts, {"side": SMALL}, range(STEPS)), SMALL, parts)
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe()
    ranks = [
        context.Process(target=_rank, args=(rank, str(tmp_path / "store"), parts, there))
        for rank in range(3)
    ]
    for each in ranks:
        each.start()
    there.close()
    try:
        assert here.poll(120), "no answer within two minutes"
        before, error, after = here.recv()
    finally:
        for each in ranks:
            each.join(20)
            each.kill()
    assert [each.exitcode for each in ranks] == [0, 0, 0]
    assert isinstance(error, MemoryFullError)
    assert error.where == "host"
    assert "full on rank 0 (" in str(error)
    assert np.array_equal(before, alone)
    assert np.array_equal(after, alone)


def _joined(rank: int, port: int, placement: str) -> LiveAvatarEngine:
    """The engine of a rank as a launcher starts it."""
    torch.set_num_threads(1)
    os.environ.update(RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE="2")
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    os.environ.update(NIGHTSHOOT_PLACEMENT=placement)
    engine = LiveAvatarEngine()
    engine.load()
    return engine


def _fail_at(call: int) -> None:
    """Let a block's queries, keys and values find no memory, once."""
    remember, calls = SelfAttention.remember, count()

    def full(*arguments: Any) -> torch.Tensor:
        return out_of_memory() if next(calls) == call else remember(*arguments)

    SelfAttention.remember = full


def _stage(rank: int, port: int, answer: Connection) -> None:
    """One of two stages; the first has no memory at its second block."""
    if rank == 0:
        _fail_at(4)
    engine = _joined(rank, port, "stages=2")
    if engine.follow():
        assert engine._core is not None
        answer.send(str(engine._core._offload))
        return
    asked = replace(job(sample_steps=2), num_frames=24)
    met = fault(engine, asked)
    offloaded = replace(asked, settings={**asked.settings, "offload": "kv"})
    answer.send((str(met), list(map(str, met.rungs)), frames(engine, offloaded)))
    engine.close()


def test_the_rung_that_answers_a_stage_without_memory_is_taken_by_every_stage(
    warm: LiveAvatarEngine,
):
    usual = frames(warm, replace(job(sample_steps=2), num_frames=24))
    with forked(_stage, 2) as here:
        (told, rungs, made), offload = here.recv(), here.recv()

    assert "the GPU's memory was full on rank 0 (CUDA out of memory" in told
    assert rungs[0] == "offload=kv"
    assert np.array_equal(made, usual)
    assert offload == "kv"


@contextmanager
def forked(work: Callable[[int, int, Connection], None], num_ranks: int) -> Iterator[Connection]:
    """Ranks that have all modules from this process; what they send."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe()
    ranks = [context.Process(target=work, args=(rank, port, there)) for rank in range(num_ranks)]
    for each in ranks:
        each.start()
    there.close()
    try:
        assert here.poll(90), "no answer within 90 s"
        yield here
    finally:
        ranks[0].join(20)
        for each in ranks:
            each.kill()
            each.join()


# --- ranks of one stage, none of which can go on alone ------------------------------------------


def _mate(folder: Path, rank: int, port: int, answer: Connection) -> None:
    """A rank of a stage of two; the one that does not lead has no memory at its second block."""
    os.environ.update(NIGHTSHOOT_BEATS=str(folder))
    heartbeats.begin(f"rank {rank}", os.environ, 60.0)
    if rank == 0:
        _fail_at(4)
    engine = _joined(rank, port, "heads=2")
    try:
        if not engine.follow():
            list(engine.render(replace(job(head_parallel=2), num_frames=24)))
    except RuntimeError as error:
        answer.send((rank, type(error).__name__))
    os._exit(1)  # as a host does, which ends the others


def test_a_rank_that_does_not_fit_beside_others_of_its_stage_leaves_its_rungs_for_the_client(
    tmp_path: Path,
):
    with forked(partial(_mate, tmp_path), 2) as here:
        first = here.recv()

    assert first == (0, "StageLostError")
    kept = protocol.error_in(json.loads(heartbeats.fault(tmp_path)))
    assert isinstance(kept, ResourceError)
    assert "the GPU's memory was full on rank 0 (CUDA out of memory" in str(kept)
    assert [str(rung) for rung in kept.rungs] == [
        "offload=kv",
        f"offload={ALL}",
        "dtype=float8",
        "size=smaller",
    ]


def test_a_host_that_ended_for_want_of_memory_is_answered_with_its_rungs(tmp_path: Path):
    rung = Rung((("fail", ""),), changes_pixels=False)
    fault = ResourceError("the GPU's memory was full on rank 0", (rung,))
    with EnginePool(tmp_path) as pool:
        with (
            pytest.raises(ResourceError, match=r"rank 0; engine host .* lost") as found,
            pool.lend("null") as host,
        ):
            folder = engine_beats(host._process.socket_path)
            (folder / "fault").write_text(json.dumps(protocol.error_fields(fault)))
            list(host.render(null_job("crash")))
        assert isinstance(found.value, EngineLostError), "so that another host is started"
        assert found.value.fault == "resource", "so that it is not tried again as it was"
        assert found.value.rungs == (rung,)
        with pool.lend("null") as host:  # another one
            assert len(list(host.render(null_job("")))) > 0


def null_job(fail: str) -> SegmentJob:
    return replace(job(), settings={"delay_ms": 0, "fail": fail}, num_frames=60)
