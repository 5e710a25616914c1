"""The setting ``compile``: whole graphs, few of them, with all that changes weights and memories.

The graphs are made by torch's tracer and run as they are (backend ``eager``), which every machine
can; they are compared bit by bit. What makes machine code of them needs a C++ compiler.
"""

import multiprocessing
import os
import time
from collections.abc import Iterator
from functools import partial
from itertools import chain
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.distributed as dist
from torch import Tensor
from torch._dynamo.utils import counters
from torch.utils._python_dispatch import TorchDispatchMode

from model.engine import Handoff, SegmentJob
from model.errors import ResourceError
from model.live_avatar.assembly.loader import Loaded
from model.live_avatar.assembly.random_weights import untrained
from model.live_avatar.network.block import Block, RmsNorm
from model.live_avatar.parallel.heads import share_heads
from model.live_avatar.parallel.kernels import (
    BACKEND,
    CACHE_VARIABLE,
    EAGER,
    Pieces,
    compiled,
    default_cache,
    missing_tools,
    prepare_compiling,
    run_by,
    use_pieces,
)
from model.live_avatar.parallel.offload import Offloader
from model.live_avatar.parallel.quantize import Float8, quantize
from model.live_avatar.planning.offload import (
    NO_OFFLOAD,
    Offload,
)
from model.live_avatar.sampling.rollout import Rollout
from model.live_avatar.sampling.sampler import Sampler
from model.live_avatar.sampling.schedule import make_schedule
from model.live_avatar.sampling.segment import Parts, SegmentRendering, SegmentSettings
from model.live_avatar.settings import AUTO, DEFAULTS
from tests.parity.parallel.test_shards import Noted, each_of, followed, loaded, same

pytestmark = [pytest.mark.parity, pytest.mark.usefixtures("pictures_encoded_once")]

CPU = torch.device("cpu")
TRACER = "eager"
SETTINGS = SegmentSettings(num_steps=2, infer_frames=24, handoff="context")


@pytest.fixture(autouse=True)
def one_thread_and_no_graphs() -> Iterator[None]:
    torch.set_num_threads(1)
    torch._dynamo.reset()
    counters.clear()
    yield
    torch._dynamo.reset()


def job(num_frames: int, handoff: Handoff | None = None, **changes: Any) -> SegmentJob:
    rng = np.random.default_rng(1)
    fields: dict[str, Any] = {
        "key": "a key",
        "portrait": rng.integers(0, 255, (64, 64, 3), np.uint8),
        "rig": None,
        "handoff": handoff,
        "pcm": rng.normal(0, 3000, num_frames * 640 + 32_000).astype(np.int16),
        "left_context": 16_000,
        "right_context": 16_000,
        "phonemes": None,
        "prompt": "a person speaks",
        "seed": 3,
        "width": 64,
        "height": 64,
        "num_frames": num_frames,
        "settings": dict(DEFAULTS),
    }
    return SegmentJob(**(fields | changes))


def sampler_of(parts: Parts, offloader: Offloader) -> Sampler:
    return Sampler(
        parts.transformer,
        make_schedule(SETTINGS.num_steps),
        height=8,
        width=8,
        num_past_latents=6,
        make_caches=offloader.make_caches,
    )


def video(parts: Parts, offload: Offload = NO_OFFLOAD) -> np.ndarray:
    """Two segments: the ring fills, goes round, and is filled again; the reference moves."""
    offloader, contexts = Offloader(offload, CPU), dict[str, Tensor]()
    offloader.settle(parts.transformer)
    sampler = sampler_of(parts, offloader)

    def text_of(prompt: str) -> Tensor:
        return contexts.setdefault(prompt, parts.encode_text(prompt))

    first = SegmentRendering(parts, SETTINGS, job(36), sampler, text_of)
    frames = np.concatenate(list(first))
    second = SegmentRendering(parts, SETTINGS, job(12, first.handoff), sampler, text_of)
    return np.concatenate((frames, *second))


def num_graphs() -> int:
    return counters["stats"]["unique_graphs"]


def test_a_video_of_all_layers_steps_and_positions_has_six_whole_graphs_and_the_same_bytes():
    """Each half of a block for the sink and for a block, the injector, and the reference's turn."""
    parts = untrained("tiny", torch.float32, "cpu")
    eager = video(parts)
    assert num_graphs() == 0

    use_pieces(parts.transformer, compiled(TRACER))
    assert np.array_equal(video(parts), eager)

    assert num_graphs() == 6
    assert not counters["graph_break"]


@pytest.mark.sweep
def test_offloading_and_8_bits_are_compiled_with_no_more_graphs():
    parts = untrained("tiny", torch.bfloat16, "cpu")
    quantize(parts.transformer, Float8())
    plain = video(parts)

    use_pieces(parts.transformer, compiled(TRACER))
    assert np.array_equal(video(parts, Offload(weights=True, kv=True, sink=True)), plain)
    assert num_graphs() == 6
    assert not counters["graph_break"]


def _shared_out(group: dist.ProcessGroup, asked: list[Any]) -> tuple[bool, int, int]:
    """On a rank that has half of the weights and half of the heads."""
    model = loaded(group, "float32")
    share_heads(model, group)
    plain = followed(model, asked)
    use_pieces(model, compiled(TRACER))
    made = followed(model, asked)
    return same(made, plain), num_graphs(), sum(counters["graph_break"].values())


@pytest.mark.sweep
def test_shared_out_weights_and_heads_are_compiled_with_no_more_graphs(tmp_path: Path):
    """Their exchanges lie outside the graphs: in hooks of the blocks, and around attention."""
    parts = untrained("tiny", torch.float32, "cpu")
    noted = Noted(sampler_of(parts, Offloader(NO_OFFLOAD, CPU)))
    list(SegmentRendering(parts, SETTINGS, job(24), noted, parts.encode_text))

    answers = each_of(2, tmp_path, partial(_shared_out, asked=noted.asked))

    assert answers == [(True, 6, 0)] * 2


def test_what_breaks_a_graph_is_an_error_and_not_slower(monkeypatch: pytest.MonkeyPatch):
    block = untrained("tiny", torch.float32, "cpu").transformer.layers[0]
    read = RmsNorm.forward

    def broken(norm: RmsNorm, x: Tensor) -> Tensor:
        torch._dynamo.graph_break()
        return read(norm, x)

    monkeypatch.setattr(RmsNorm, "forward", broken)
    told = r"could not compile Block\.before \(.*graph_break.*\); set compile to false"
    with pytest.raises(ResourceError, match=told), torch.no_grad():
        compiled(TRACER).first_half(block, *half_input(), *places())


def places() -> tuple[Tensor, Tensor]:
    """Where a tiny block's keys and values go: in the middle of what other blocks' are in."""
    ring = torch.zeros(2, 1, 3 * 48, 2, 24)
    return ring[0][:, 48:96], ring[1][:, 48:96]


def halves_of(runs: Block | Pieces) -> tuple[Any, Any]:
    """How both halves of a block are run, or would be."""
    return runs.first_half, runs.second_half


def half_input() -> tuple[Tensor, Tensor, Tensor]:
    """Stream, time and table as a tiny block takes them."""
    source = torch.Generator().manual_seed(1)
    shapes = ((1, 48, 48), (3, 6, 48), (2, 48, 12))
    stream, moment, table = (torch.randn(shape, generator=source) for shape in shapes)
    return stream, moment, table


def test_a_process_may_render_more_sizes_than_torch_allows_by_itself():
    if missing_tools("cpu", os.environ):
        pytest.skip("this machine has no C++ compiler")
    prepare_compiling(CPU)
    assert torch._dynamo.config.recompile_limit >= 2 * 100


@torch.no_grad()
@pytest.mark.filterwarnings("ignore:.torch.jit.script_method. is deprecated:DeprecationWarning")
def test_nothing_that_rounds_is_chosen_by_its_speed_in_any_graph(monkeypatch: pytest.MonkeyPatch):
    """Torch puts the setting back when it has traced a graph: it must be there for the next."""
    if missing_tools("cpu", os.environ):
        pytest.skip("this machine has no C++ compiler")
    import torch._inductor.compile_fx as inductor
    from functorch.compile import make_boxed_func

    compile_graph, settings = inductor.compile_fx, list[tuple[bool, bool]]()

    def without_code(graph: Any, *_: Any, **__: Any) -> Any:
        settings.append((inductor.config.deterministic, inductor.config.shape_padding))
        return make_boxed_func(graph.forward)

    def noted(graph: Any, inputs: Any, *, inner_compile: Any = without_code, **told: Any) -> Any:
        return compile_graph(graph, inputs, inner_compile=inner_compile, **told)

    monkeypatch.setattr(inductor, "compile_fx", noted)
    block = untrained("tiny", torch.float32, "cpu").transformer.layers[0]
    prepare_compiling(CPU)
    pieces, keys = compiled(BACKEND), torch.zeros(1, 48, 2, 24)

    pieces.first_half(block, *half_input(), *places())
    pieces.turn(torch.empty_like(keys), keys, half_input()[2])
    pieces.turn(torch.empty_like(keys[:, :16]), keys[:, :16], half_input()[2][:, :16])

    assert settings == [(True, False)] * 3


def test_a_reduction_has_one_way_to_be_made():
    """By the setting; without it, it has up to five."""
    pytest.importorskip("triton", reason="no triton: its ways to make a reduction are not counted")
    assert [num_ways(is_fixed) for is_fixed in (False, True)] == [[1, 5, 1, 1], [1, 1, 1, 1]]


def num_ways(is_deterministic: bool) -> list[int]:
    """To sum up rows of 5120 and of 1024 values on an H100, along memory and otherwise."""
    from torch._inductor.runtime.hints import DeviceProperties, ReductionHint
    from torch._inductor.runtime.triton_heuristics import persistent_reduction, reduction

    gpu = DeviceProperties(
        type="cuda",
        index=0,
        multi_processor_count=132,
        cc=90,
        major=9,
        regs_per_multiprocessor=65536,
        max_threads_per_multi_processor=2048,
        warp_size=32,
    )
    return [
        len(
            make(
                {"x": 4096, "r0_": width},
                hint,
                {"signature": {}, "device": gpu},
                "a file",
                {"deterministic": is_deterministic, "num_load": 3, "num_store": 1},
                return_configs=True,
            )
        )
        for make, width in ((reduction, 5120), (persistent_reduction, 1024))
        for hint in (ReductionHint.INNER, ReductionHint.DEFAULT)
    ]


def test_the_setting_reaches_the_blocks_and_is_taken_back(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    if missing_tools("cpu", os.environ):
        pytest.skip("this machine has no C++ compiler")
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "made" / "here"))
    parts = untrained("tiny", torch.float32, "cpu")
    loaded, block = Loaded(parts, "float32"), parts.transformer.layers[0]

    for is_compiled in (False, True, False):
        loaded.render(job(12, settings=dict(DEFAULTS) | {"compile": is_compiled}))
        ran = halves_of(block)
        assert (ran == halves_of(EAGER)) != is_compiled
        assert (ran == halves_of(compiled(BACKEND))) == is_compiled
    assert (tmp_path / "made" / "here").is_dir()


# --- nothing waits ---


class Read(TorchDispatchMode):
    """Counts how often a value is read by Python, for which a GPU would be waited for."""

    count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if "_local_scalar_dense" in str(func) or "equal" in str(func) or "nonzero" in str(func):
            self.count += 1
        return func(*args, **(kwargs or {}))


def test_from_the_noise_of_a_block_to_its_frames_no_value_is_read_by_python():
    """Over blocks that advance the reference, move it, and go round the ring."""
    parts = untrained("tiny", torch.float32, "cpu")
    sampler = sampler_of(parts, Offloader(NO_OFFLOAD, CPU))
    sampler.set_text(parts.encode_text("a person speaks"))
    with torch.no_grad():
        run = Rollout(sampler, parts.vae, blocks_per_clip=2)
        run.begin(job(12).portrait)
        segment = SegmentRendering(parts, SETTINGS, job(72), sampler, parts.encode_text)
        heard = segment._heard(0)
        heard = chain([next(heard)], heard)  # the first one has all speech encoded
        noises = torch.randn((6, 1, 16, 3, 8, 8), generator=torch.Generator().manual_seed(2))
        with Read() as read:
            for noise in noises:
                run.submit(noise, next(heard), [4, 30])
                fetched = run.fetch()
            assert read.count == 0
            fetched.frames()
        assert read.count > 0  # that is how it would be found


# --- machine code ---


def _first_half(parts: Parts, there: Connection) -> None:
    """In a process of its own: the first half of a block in machine code, and how it came."""
    torch.set_num_threads(1)
    with torch.no_grad():
        block = parts.transformer.layers[0]
        asked, there_plain, there_made = half_input(), places(), places()
        plain = block.before(*asked, *there_plain)
        prepare_compiling(CPU)
        pieces = compiled("inductor")
        started = time.perf_counter()
        made = pieces.first_half(block, *asked, *there_made)
        seconds = time.perf_counter() - started
        pairs = zip((made, *there_made), (plain, *there_plain), strict=True)
        off = [float((one - other).abs().max()) for one, other in pairs]
        there.send((seconds, max(off), dict(counters["inductor"])))


@pytest.mark.sweep
@pytest.mark.filterwarnings("ignore:.torch.jit.script_method. is deprecated:DeprecationWarning")
def test_a_second_process_finds_the_machine_code_of_the_first(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    if missing_tools("cpu", os.environ):
        pytest.skip("this machine has no C++ compiler")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv(CACHE_VARIABLE, raising=False)
    monkeypatch.setenv("TORCHINDUCTOR_COMPILE_THREADS", "1")  # no processes of its own, for speed
    parts = untrained("tiny", torch.float32, "cpu")
    context = multiprocessing.get_context("fork")
    found = []
    for _ in range(2):
        here, there = context.Pipe()
        process = context.Process(target=_first_half, args=(parts, there))
        process.start()
        there.close()
        try:
            assert here.poll(120), "no answer within 2 minutes"
            found.append(here.recv())
            process.join(30)
            assert process.exitcode == 0
        finally:
            process.kill()
            process.join()

    (cold_s, cold_off, cold), (warm_s, warm_off, warm) = found
    assert cold_off == warm_off < 1e-5  # sums in another order
    assert (cold["fxgraph_cache_miss"], cold.get("fxgraph_cache_hit", 0)) == (1, 0)
    assert (warm.get("fxgraph_cache_miss", 0), warm["fxgraph_cache_hit"]) == (0, 1)
    assert warm_s < cold_s
    assert any((tmp_path / "nightshoot" / "compiled").iterdir())


@pytest.mark.sweep
@torch.no_grad()
@pytest.mark.filterwarnings("ignore:.torch.jit.script_method. is deprecated:DeprecationWarning")
def test_keys_are_turned_in_machine_code_where_they_belong_and_nowhere_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    if missing_tools("cpu", os.environ):
        pytest.skip("this machine has no C++ compiler")
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    prepare_compiling(CPU)
    source = torch.Generator().manual_seed(1)
    keys, table = torch.randn((1, 16, 2, 24), generator=source), half_input()[2][:, :16]
    made, plain = torch.zeros(2, 1, 40, 2, 24)

    compiled("inductor").turn(made[:, :16], keys, table)
    EAGER.turn(plain[:, :16], keys, table)
    in_place = keys.clone()
    compiled("inductor").turn(in_place, in_place.clone(), table)

    assert (made - plain).abs().max() < 1e-6  # multiplied and added in one
    assert torch.equal(in_place, made[:, :16])
    assert not made[:, 16:].any()


# --- what is missing ---


def test_the_cache_is_the_users_own():
    assert default_cache({"XDG_CACHE_HOME": "/somewhere"}) == Path("/somewhere/nightshoot/compiled")
    assert default_cache({}) == Path.home() / ".cache" / "nightshoot" / "compiled"


def test_compiling_without_a_compiler_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("PATH", str(tmp_path))
    for variable in ("CC", "CXX"):
        monkeypatch.delenv(variable, raising=False)
    parts = untrained("tiny", torch.float32, "cpu")

    with pytest.raises(ResourceError, match=r"compile needs a compiler \(g\+\+ or clang\+\+; apt"):
        run_by(parts.transformer, AUTO, is_compiled=True)
    assert halves_of(parts.transformer.layers[0]) == halves_of(EAGER)
    assert missing_tools("cuda", {"PATH": str(tmp_path)})[0].startswith("a compiler (gcc or clang;")


def test_a_place_that_cannot_be_written_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    if missing_tools("cpu", os.environ):
        pytest.skip("this machine has no C++ compiler")
    (tmp_path / "file").touch()
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "file" / "below"))
    with pytest.raises(ResourceError, match=r"cannot be kept in .*below .*set TORCHINDUCTOR_CACHE"):
        prepare_compiling(CPU)
