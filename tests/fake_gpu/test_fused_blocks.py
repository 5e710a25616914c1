"""What ``compile`` makes of a block at full size, by torch's scheduler: as on cubins' page."""

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from model.live_avatar.assembly.random_transformer import filled
from model.live_avatar.config import LIVE_AVATAR_14B
from model.live_avatar.network.transformer import Transformer
from model.live_avatar.parallel import kernels
from model.live_avatar.parallel.quantize import Float8, float8_put
from model.live_avatar.weights.state import built_empty, put
from tests.cubins.compiling import render_one_block
from tests.cubins.graphs import GRAPHS
from tests.cubins.page import PATH
from tests.fake_gpu.fresh_process import in_fresh_process
from tests.fake_gpu.fusing import fusing
from tests.fake_gpu.hardware import DEVICE

pytestmark = [
    pytest.mark.parity,
    pytest.mark.skipif(
        torch.version.cuda is not None, reason="this torch has CUDA; the fake GPU needs a CPU build"
    ),
]


def told(dtype: str) -> list[tuple[int, float]]:
    """Kernels that were made and MB of each graph, as an H200's were committed."""
    _, _, section = PATH.read_text().partition(f"\n## H200 (sm_90a), {dtype}\n")
    rows = re.findall(r"^\| (.+?) \| \d+ \| (\d+) \| \d+ \| [\d.]+ \| ([\d.]+) \|", section, re.M)
    found = {name: (int(count), float(megabytes)) for name, count, megabytes in rows[: len(GRAPHS)]}
    return [found[name] for name in GRAPHS]


@pytest.mark.sweep
@pytest.mark.parametrize("dtype", ["bfloat16", "float8"])
def test_a_build_for_cpus_plans_the_kernels_that_were_compiled_with_the_one_for_cuda(
    dtype: str, tmp_path: Path
):
    """So a change of a block that moves more is found without a GPU and without triton."""
    assert in_fresh_process(_found, dtype, tmp_path) == told(dtype)


def _found(dtype: str, cache: Path) -> list[tuple[int, float]]:
    setattr(kernels, "_has_triton", lambda: True)  # noqa: B010  # of this process alone
    os.environ[kernels.CACHE_VARIABLE] = str(cache)
    config = replace(LIVE_AVATAR_14B, num_layers=1, inject_layers=(0,))
    model = built_empty(lambda: Transformer(config))
    with fusing() as counted:
        put_weight = float8_put(config, Float8(), DEVICE) if dtype == "float8" else put
        render_one_block(filled(model, torch.bfloat16, DEVICE, put_weight))
    return [(graph.kernels, round(graph.other_bytes / 1e6, 1)) for graph in counted.graphs]
