"""The setting ``attention``: kernels one by one, what a device has of them, and no copies."""

import math
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from model.engine import SegmentJob
from model.errors import ResourceError
from model.live_avatar.engine import LiveAvatarEngine
from model.live_avatar.network.attention import (
    KERNELS,
    attend,
    chosen_kernel,
    kernel_fault,
    kernel_named,
    kernel_seconds,
    usable_kernels,
)
from model.live_avatar.settings import ATTENTIONS, AUTO, DEFAULTS
from tests.parity.live_avatar import explicit_attention

pytestmark = pytest.mark.parity

CPU = torch.device("cpu")
SETTINGS = dict(DEFAULTS) | {"dtype": "float32", "sample_steps": 1}


class Seen(TorchDispatchMode):
    """Names of the operations that were done."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.names.append(str(func))
        return func(*args, **(kwargs or {}))


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.set_num_threads(1)
    monkeypatch.setenv("NIGHTSHOOT_WEIGHTS", "random:tiny")
    monkeypatch.setenv("NIGHTSHOOT_DEVICE", "cpu")


def block(num_keys: int, dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor, Tensor]:
    """Queries, and keys and values as a memory that is not full gives them."""
    source = torch.Generator().manual_seed(1)
    queries, keys, values = (
        torch.randn((1, count, 2, 24), generator=source).to(dtype) for count in (48, 200, 200)
    )
    return queries, keys[:, :num_keys], values[:, :num_keys]


def job(attention: str) -> SegmentJob:
    rng = np.random.default_rng(1)
    return SegmentJob(
        key="a key",
        portrait=rng.integers(0, 255, (64, 64, 3), np.uint8),
        rig=None,
        handoff=None,
        pcm=rng.normal(0, 3000, 12 * 640 + 32_000).astype(np.int16),
        left_context=16_000,
        right_context=16_000,
        phonemes=None,
        prompt="a person speaks",
        seed=3,
        width=64,
        height=64,
        num_frames=12,
        settings=SETTINGS | {"attention": attention},
    )


def test_the_settings_names_are_those_of_the_kernels():
    assert (AUTO, *KERNELS) == ATTENTIONS


@pytest.mark.parametrize("name", ["math", "flash"])
@pytest.mark.parametrize("num_keys", [5, 40, 200])
def test_each_kernel_of_the_cpu_attends_as_it_is_spelled_out(name: str, num_keys: int):
    asked = block(num_keys)
    expected = explicit_attention(*asked)

    # sums of 200 products in another order
    assert torch.allclose(kernel_named(name)(*asked), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_the_cpu_has_two_kernels_and_says_why_not_the_others(dtype: torch.dtype):
    assert usable_kernels(CPU, dtype, 24) == ("math", "flash")
    for name in ("efficient", "cudnn"):
        assert "No viable backend" in kernel_fault(name, CPU, dtype, 24)


def test_what_auto_is_here_is_known_and_is_what_attends(caplog: pytest.LogCaptureFixture):
    """It differs between machines, and with it the last bits; so it is told and can be fixed."""
    chosen = chosen_kernel(CPU, torch.float32, 24)
    asked = block(200)
    assert torch.equal(attend(*asked), kernel_named(chosen)(*asked))
    with caplog.at_level("INFO", logger="nightshoot.live_avatar"):
        list(LiveAvatarEngine().render(job(AUTO)))
    assert f"attention auto: {chosen} on cpu in torch.float32, torch " in caplog.text


def test_only_the_kernel_that_is_named_is_used():
    asked = block(40)
    for name, expected in (("math", "bmm"), ("flash", "flash_attention_for_cpu")):
        with Seen() as seen:
            kernel_named(name)(*asked)
        told = " ".join(seen.names)
        assert expected in told, told
        assert ("flash" in told) == (name == "flash"), told


def test_neither_keys_nor_queries_nor_what_comes_out_are_copied():
    queries, keys, values = block(40)
    assert not keys.transpose(1, 2).is_contiguous()

    with Seen() as seen:
        out = attend(queries, keys, values)

    assert {name.split(".")[1] for name in seen.names} <= {
        "permute",
        "transpose",
        "slice",
        "_scaled_dot_product_flash_attention_for_cpu",
    }, seen.names
    assert out.is_contiguous()  # the projection after it needs no copy either
    assert out.shape == queries.shape


def test_kernels_are_timed_the_fastest_first():
    found = kernel_seconds(CPU, torch.float32, (256, 2, 24), 1024, repeats=3)

    assert set(found) == {"math", "flash"}
    assert list(found.values()) == sorted(found.values())
    assert all(0 < each < 10 and math.isfinite(each) for each in found.values())


def test_the_setting_changes_the_frames_by_rounding_alone_and_back_again():
    engine = LiveAvatarEngine()
    auto, spelled, again = (
        np.concatenate(list(engine.render(job(name)))) for name in ("auto", "math", "auto")
    )

    assert np.array_equal(auto, again)
    assert np.abs(auto.astype(int) - spelled).max() <= 1  # of 255


def test_a_kernel_that_the_device_has_not_is_refused_with_those_that_it_has():
    engine = LiveAvatarEngine()
    told = (
        r"attention cudnn does not work on cpu in torch.float32 with heads of 24 \(No viable "
        r"backend .*\); the segment was planned with it: render it on a machine that has it, or "
        r"set attention to one that this one has \(math, flash\), which renders the video anew"
    )
    with pytest.raises(ResourceError, match=told):
        engine.render(job("cudnn"))
    assert len(np.concatenate(list(engine.render(job("flash"))))) == 12


def test_a_kernel_that_there_is_not_breaks_the_rules():
    with pytest.raises(ValueError, match="attention must be one of auto, math, efficient, flash"):
        LiveAvatarEngine().render(job("fastest"))


def test_a_kernel_of_another_package_is_refused_where_the_package_is_not_installed():
    if find_spec("flash_attn_interface"):
        pytest.skip("it is installed here")
    told = kernel_fault("flash3", CPU, torch.bfloat16, 24)
    assert told == "No module named 'flash_attn_interface'"


INTERFACE = """
from torch.library import Library

library = Library("flash_attn_3", "DEF")
library.define("fwd(Tensor q) -> Tensor")
library.define("bwd(Tensor q) -> Tensor")
"""
SWITCHES = """
import sys

import torch
from torch.nn.attention import current_flash_attention_impl

from model.live_avatar.network.attention import kernel_fault, kernel_named

sys.path.insert(0, sys.argv[1])
asked = [torch.ones(1, 5, 2, 24)] * 3
assert not kernel_fault("flash", "cpu", torch.float32, 24)
before = kernel_named("flash")(*asked)
assert current_flash_attention_impl() is None
kernel_fault("flash3", "cpu", torch.float32, 24)
assert current_flash_attention_impl() == "FA3"
assert torch.equal(kernel_named("flash")(*asked), before)
assert current_flash_attention_impl() is None
kernel_fault("flash3", "cpu", torch.float32, 24)
kernel_named("auto")(*asked)
assert current_flash_attention_impl() is None
"""


def test_a_package_that_took_the_place_of_torchs_kernel_gives_it_back(tmp_path: Path):
    """Its kernels need a GPU; that torch is told to use them, and no more to, does not."""
    (tmp_path / "flash_attn_interface.py").write_text(INTERFACE)
    made = subprocess.run(
        [sys.executable, "-c", SWITCHES, str(tmp_path)], capture_output=True, text=True, timeout=120
    )
    assert made.returncode == 0, made.stderr
