"""A sink that the host's memory takes is copied beside the computing: nobody waits for it."""

import pytest
import torch

from model.live_avatar.devices.copy_streams import CopyStreams
from model.live_avatar.network.cache import CacheSizes, Sink, take_sinks
from model.live_avatar.parallel.offload import offloaded_caches
from tests.fake_gpu.device import DEVICE, fake_gpu

pytestmark = [
    pytest.mark.parity,
    pytest.mark.skipif(
        torch.version.cuda is not None, reason="this torch has CUDA; the fake GPU needs a CPU build"
    ),
]

NUM_LAYERS, NUM_STEPS = 3, 2
HEADS, DIM, NUM_REFERENCE, NUM_SINK = 2, 16, 4, 10
DTYPE = torch.bfloat16


@pytest.mark.parametrize("is_sink_offloaded", [True, False])
def test_every_layers_sink_leaves_without_a_wait_and_once_for_all_steps(is_sink_offloaded: bool):
    with fake_gpu() as gpu:
        sizes = CacheSizes(
            num_layers=NUM_LAYERS,
            num_reference=NUM_REFERENCE,
            num_sink=NUM_SINK,
            ring_size=12,
            num_heads=HEADS,
            head_dim=DIM,
            dtype=DTYPE,
            device=DEVICE,
        )
        lane = CopyStreams(DEVICE)
        steps = offloaded_caches(NUM_STEPS, sizes, lane=lane, is_sink_offloaded=is_sink_offloaded)
        shape = (1, NUM_SINK, HEADS, DIM)
        sink = [
            Sink(*(torch.empty(shape, dtype=DTYPE, device=DEVICE) for _ in range(2)))
            for _ in range(NUM_LAYERS)
        ]
        table = torch.empty((2, NUM_SINK, DIM // 2), device=DEVICE)
        take_sinks(steps, sink, table, NUM_REFERENCE)

    keys_and_values = 2 * NUM_LAYERS * NUM_SINK * HEADS * DIM * DTYPE.itemsize
    assert not gpu.host.waits
    assert gpu.work["", ""].to_host == (keys_and_values if is_sink_offloaded else 0)
