"""The setting ``compile_vae``: what lies around the decoder's convolutions, compiled.

The graphs are made by torch's tracer and run as they are (backend ``eager``), which every machine
can; what makes machine code of them needs a C++ compiler.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch._dynamo.utils import counters

from model.engine import check_settings
from model.errors import ResourceError
from model.host import heartbeats
from model.live_avatar.assembly.loader import Loaded
from model.live_avatar.assembly.random_weights import untrained
from model.live_avatar.encoders.vae import StreamingDecoder, encode
from model.live_avatar.encoders.vae_layers import (
    EAGER_VAE,
    Decoder,
    Residual,
    VaePieces,
    use_vae_pieces,
)
from model.live_avatar.engine import LiveAvatarEngine
from model.live_avatar.parallel.decoder_kernels import compiled_vae, decode_by
from model.live_avatar.parallel.kernels import (
    BACKEND,
    CACHE_VARIABLE,
    RECOMPILE_LIMIT,
    missing_tools,
    prepare_compiling,
)
from model.live_avatar.sampling.segment import Parts
from model.live_avatar.settings import COMPILE_VAE, DEFAULTS
from tests.parity.parallel.test_compiled import job

pytestmark = pytest.mark.parity

TRACER = "eager"
NUM_LATENTS = 4
# Of pixels that go from -1 to 1, root mean square. In float32 a bias is added after a sum and not
# within it. In bfloat16 eight convolutions round, whatever lies between them: the plain decoder is
# off by 0.021 from float32 too.
MOST_OFF = {torch.float32: 1e-5, torch.bfloat16: 0.03}
MOST_WORSE = 1.1  # than the plain decoder


@pytest.fixture(autouse=True)
def one_thread_and_no_graphs(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("NIGHTSHOOT_WEIGHTS", "random:tiny")
    torch.set_num_threads(1)
    torch._dynamo.reset()
    counters.clear()
    with torch._dynamo.config.patch(recompile_limit=RECOMPILE_LIMIT):
        yield
    torch._dynamo.reset()


def parts(dtype: torch.dtype = torch.float32) -> Parts:
    return untrained("tiny", dtype, "cpu")


def latents() -> Tensor:
    return torch.randn((1, 16, NUM_LATENTS, 8, 8), generator=torch.Generator().manual_seed(3))


def frames(made: Parts, pieces: VaePieces) -> Tensor:
    use_vae_pieces(made.vae.decoder, pieces)
    return StreamingDecoder(made.vae).decode(latents())


def off(one: Tensor, other: Tensor) -> float:
    return float((one - other).square().mean().sqrt())


def pieces_of(made: Parts) -> set[VaePieces]:
    layers = made.vae.modules()
    return {each.pieces for each in layers if isinstance(each, Residual | Decoder)}


@pytest.mark.parametrize(
    "dtype", [torch.float32, pytest.param(torch.bfloat16, marks=pytest.mark.sweep)], ids=str
)
def test_frames_are_those_of_the_plain_decoder_but_for_rounding(dtype: torch.dtype):
    made = parts(dtype)
    plain, fused = frames(made, EAGER_VAE), frames(made, compiled_vae(TRACER))

    assert not counters["graph_break"]
    assert 0 < off(fused, plain) < MOST_OFF[dtype]
    assert torch.equal(frames(made, EAGER_VAE), plain)


@pytest.mark.sweep
def test_frames_in_bfloat16_are_as_near_to_those_of_float32_as_the_plain_ones():
    exact, made = frames(parts(), EAGER_VAE), parts(torch.bfloat16)
    plain, fused = (frames(made, pieces) for pieces in (EAGER_VAE, compiled_vae(TRACER)))

    assert off(fused, exact) < MOST_WORSE * off(plain, exact)


def test_pieces_in_a_row_are_the_whole_at_once_and_a_warm_decoder_goes_on():
    made = parts()
    whole = frames(made, compiled_vae(TRACER))
    decoder = StreamingDecoder(made.vae)
    one_by_one = [decoder.decode(each) for each in latents().split(1, dim=2)]
    assert torch.equal(torch.cat(one_by_one, dim=2), whole)

    decoder.reset()
    decoder.warm(latents()[:, :, :-1])
    assert torch.equal(decoder.decode(latents()[:, :, -1:]), whole[:, :, -4:])


@pytest.mark.sweep
def test_a_longer_video_has_no_more_graphs():
    made = parts()
    frames(made, compiled_vae(TRACER))
    num_graphs = counters["stats"]["unique_graphs"]
    decoder = StreamingDecoder(made.vae)
    decoder.decode(torch.cat((latents(), latents()), dim=2))

    assert 0 < num_graphs == counters["stats"]["unique_graphs"]


def test_the_encoder_is_left_as_it_is():
    made = parts()
    pixels = torch.zeros(1, 3, 5, 64, 64)
    plain = encode(made.vae, pixels)
    use_vae_pieces(made.vae.decoder, compiled_vae(TRACER))

    assert torch.equal(encode(made.vae, pixels), plain)
    assert counters["stats"]["unique_graphs"] == 0


# --- the setting ---


def test_the_setting_reaches_the_decoder_and_is_taken_back(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    if missing_tools("cpu", os.environ):
        pytest.skip("this machine has no C++ compiler")
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "made" / "here"))
    made = parts()
    loaded, phases = Loaded(made, "float32"), list[str]()
    monkeypatch.setattr(heartbeats, "phase", lambda what, kind: phases.append(f"{kind}: {what}"))
    told = "compile: the first frames of a size, which are compiled"

    for changes, is_told in (
        ({}, False),
        ({COMPILE_VAE: True}, True),
        ({COMPILE_VAE: False}, False),
    ):
        phases.clear()
        loaded.render(job(12, settings=dict(DEFAULTS) | changes))
        assert (compiled_vae(BACKEND) in pieces_of(made)) == is_told
        assert (told in phases) == is_told
        assert pieces_of(made) - {compiled_vae(BACKEND)} == {EAGER_VAE}  # the encoder has its own
    phases.clear()
    loaded.render(job(12, settings=dict(DEFAULTS) | {COMPILE_VAE: True}))
    assert told not in phases
    assert (tmp_path / "made" / "here").is_dir()


def test_a_job_may_leave_it_out_and_must_give_true_or_false():
    engine = LiveAvatarEngine()
    check_settings(engine, DEFAULTS)
    check_settings(engine, {**DEFAULTS, COMPILE_VAE: True})

    with pytest.raises(ValueError, match="compile_vae must be a bool, like its default False"):
        check_settings(engine, {**DEFAULTS, COMPILE_VAE: "yes"})


def test_compiling_without_a_compiler_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("PATH", str(tmp_path))
    for variable in ("CC", "CXX"):
        monkeypatch.delenv(variable, raising=False)
    made = parts()

    told = r"compile_vae needs a compiler .*; install it, or set compile_vae to false"
    with pytest.raises(ResourceError, match=told):
        decode_by(made.vae.decoder, is_compiled=True)
    assert pieces_of(made) == {EAGER_VAE}


@pytest.mark.sweep
@pytest.mark.filterwarnings("ignore:.torch.jit.script_method. is deprecated:DeprecationWarning")
@pytest.mark.parametrize("dtype", MOST_OFF, ids=str)
def test_machine_code_makes_the_same_frames_but_for_rounding(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, dtype: torch.dtype
):
    if missing_tools("cpu", os.environ):
        pytest.skip("this machine has no C++ compiler")
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    monkeypatch.setenv("TORCHINDUCTOR_COMPILE_THREADS", "1")
    made = parts(dtype)
    plain, exact = frames(made, EAGER_VAE), frames(parts(), EAGER_VAE)
    prepare_compiling(torch.device("cpu"), COMPILE_VAE)
    fused = frames(made, compiled_vae(BACKEND))

    assert off(fused, plain) < MOST_OFF[dtype]
    assert off(fused, exact) <= max(MOST_WORSE * off(plain, exact), MOST_OFF[torch.float32])
