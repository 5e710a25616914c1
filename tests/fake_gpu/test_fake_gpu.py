"""The fake GPU finds what it is there to find, and leaves torch as it was."""

import math
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from model.live_avatar.devices.copy_streams import coming, onto
from model.live_avatar.network.narrow_attention import attend_in_float8
from tests.fake_gpu.device import DEVICE, fake_gpu
from tests.fake_gpu.rules import attention_kernel, faults_of, has_cuda
from tests.fake_gpu.table import cells_of, excesses
from tests.fake_gpu.work import Work

pytestmark = [
    pytest.mark.parity,
    pytest.mark.skipif(
        torch.version.cuda is not None, reason="this torch has CUDA; the fake GPU needs a CPU build"
    ),
]


def there(*shape: int, dtype: torch.dtype = torch.bfloat16) -> torch.Tensor:
    return torch.empty(shape, dtype=dtype, device=DEVICE)


def test_a_product_is_counted_by_its_shapes():
    with fake_gpu() as gpu:
        out = F.linear(there(2, 8, 16), there(32, 16), there(32))

    assert (tuple(out.shape), out.device) == ((2, 8, 32), DEVICE)
    assert gpu.work["", ""].matrices == 2 * 16 * 16 * 32
    assert gpu.work["", ""].kernels == 1
    assert gpu.work["", ""].matrix_bytes == 2 * (16 * 16 + 16 * 32 + 32 + 16 * 32)


def test_a_bias_is_added_behind_a_convolution():
    with fake_gpu() as gpu:
        x, weight = there(1, 4, 2, 8, 8), there(6, 4, 1, 1, 1)
        F.conv3d(x, weight)
        plain = replace(gpu.work["", ""])
        F.conv3d(x, weight, there(6))

    biased = gpu.work["", ""] - plain
    assert (plain.kernels, plain.other_bytes) == (1, 0)
    assert (biased.kernels, biased.other_bytes) == (2, 2 * 2 * 6 * 2 * 8 * 8)
    assert biased.convolutions == plain.convolutions


def test_an_operator_that_was_seen_gives_the_same_again():
    with fake_gpu() as gpu:
        base = there(6, 4)
        first, again = (base[:, 1:3].t() for _ in range(2))
        sums = [base[1:] + base[1:] for _ in range(2)]

    assert again.shape == first.shape
    assert again.stride() == first.stride()
    assert again.storage_offset() == first.storage_offset() == 1
    assert again.untyped_storage()._cdata == base.untyped_storage()._cdata
    assert sums[0].untyped_storage()._cdata != sums[1].untyped_storage()._cdata
    assert gpu.work["", ""].kernels == 2


def test_memory_that_is_seen_in_another_dtype_begins_at_the_same_byte():
    with fake_gpu():
        memory = there(64, dtype=torch.uint8)
        views = [memory[start : start + 8].view(torch.bfloat16) for start in (16, 32)]

    assert [view.storage_offset() for view in views] == [8, 16]


def test_tensors_of_two_devices_are_refused():
    with fake_gpu(), pytest.raises(RuntimeError, match="at least two devices"):
        there(4, 4) @ torch.zeros(4, 4, dtype=torch.bfloat16)


def test_dtypes_that_differ_are_found_where_shapes_alone_would_pass():
    with fake_gpu() as gpu:
        F.layer_norm(there(2, 8), (8,), there(8, dtype=torch.float32))

    (fault,) = gpu.faults
    assert fault.startswith("aten::native_layer_norm takes one dtype, got torch.bfloat16, ")


def test_a_value_that_the_host_asks_for_is_a_wait():
    with fake_gpu() as gpu:
        gpu.host.phase = "block 1"
        there(1).item()
        there(3).cpu()

    assert [what.partition(",")[0] for _, what in gpu.host.waits] == [
        "aten::_local_scalar_dense",
        "blocking copy of 3 to the host",
    ]
    assert {phase for phase, _ in gpu.host.waits} == {"block 1"}


def test_a_copy_of_memory_that_is_not_page_locked_is_a_wait():
    with fake_gpu() as gpu:
        torch.zeros(5).to(DEVICE, non_blocking=True)
        torch.zeros(5).pin_memory().to(DEVICE)

    assert [what.partition(",")[0] for _, what in gpu.host.waits] == [
        "not page-locked copy of 5 to the device",
        "blocking copy of 5 to the device",
    ]


def test_what_the_engine_sends_and_fetches_beside_the_computing_is_none():
    with fake_gpu() as gpu:
        fetched = coming(onto(torch.ones(5), DEVICE))()

    assert fetched.shape == (5,)
    assert not gpu.host.waits
    assert gpu.host.arrivals.total() == 1
    assert (gpu.work["", ""].to_device, gpu.work["", ""].to_host) == (20, 20)


def test_an_index_that_the_host_has_is_a_wait():
    with fake_gpu() as gpu:
        there(4, 3)[torch.tensor([0, 2])]

    assert [what.partition(",")[0] for _, what in gpu.host.waits] == ["an index that the host has"]


def test_an_index_of_truth_values_is_a_wait():
    with fake_gpu() as gpu:
        there(4, 3)[there(4, dtype=torch.bool)] = 0.0
        there(4, 3)[:, there(2, dtype=torch.long)]

    assert [what.partition(",")[0] for _, what in gpu.host.waits] == ["an index of truth values"]


def test_attention_that_no_fused_kernel_takes_is_found():
    strided = (1, 2, 8, 64)
    with fake_gpu() as gpu:
        F.scaled_dot_product_attention(*[there(*strided).transpose(2, 3)] * 3)

    (fault,) = gpu.faults
    assert fault.startswith("attention is not fused: the last dimension is not dense")


@pytest.mark.parametrize(
    ("capability", "dtype", "kernel"),
    [
        ((9, 0), torch.bfloat16, "cudnn"),
        ((8, 9), torch.bfloat16, "flash"),
        ((8, 0), torch.float32, "efficient"),
    ],
)
def test_attention_has_the_kernel_that_torch_would_take(capability, dtype, kernel):
    x = torch.empty(1, 2, 8, 64, dtype=dtype)

    assert attention_kernel(x, x, x, None, capability) == (kernel, "")


def test_attention_in_8_bits_is_taken_as_the_engine_gives_it():
    """At full size: nothing is refused, and quantizing moves nine bytes a value."""
    shapes = [(1, count, 40, 128) for count in (3168, 15_000, 15_000)]
    with fake_gpu() as gpu, torch.no_grad():
        queries, keys, values = (there(*shape, dtype=torch.bfloat16) for shape in shapes)
        found = attend_in_float8(queries, keys, values)

    assert gpu.faults == {}
    assert (found.shape, found.dtype) == (queries.shape, queries.dtype)
    assert found.is_contiguous()
    work = gpu.work["", ""]
    assert work.attention == 4 * queries.numel() * 15_000
    assert work.other_bytes / sum(map(math.prod, shapes)) == pytest.approx(9, rel=0.01)


def test_eight_bit_products_have_the_layouts_that_cublas_takes():
    def product(rows: int, width: int) -> None:
        values = there(rows, width, dtype=torch.float8_e4m3fn)
        scale = there(rows, 1, dtype=torch.float32)
        torch.ops.aten._scaled_mm(values, values.t(), scale, scale.t(), out_dtype=torch.bfloat16)

    with fake_gpu() as gpu:
        product(32, 32)
        with pytest.raises(RuntimeError, match="16"):
            product(32, 40)

    assert not gpu.faults


def test_an_operator_that_cuda_has_not_is_known_by_torchs_own_list():
    assert has_cuda("aten::add", "Tensor")
    assert has_cuda("aten::convolution", "")
    assert not has_cuda("aten::mkldnn_linear", "")
    assert faults_of("aten::mkldnn_linear", "", [], is_view=False) == [
        "aten::mkldnn_linear has no kernel for CUDA"
    ]


def test_eight_bit_tensors_go_into_products_and_copies_alone():
    narrow = [torch.empty(2, dtype=torch.float8_e4m3fn)]

    assert not faults_of("aten::_to_copy", "", narrow, is_view=False)
    assert faults_of("aten::abs", "", narrow, is_view=False) == [
        "aten::abs has no kernel for 8-bit tensors"
    ]


def test_memory_is_counted_while_it_is_held():
    with fake_gpu() as gpu:
        kept = there(1 << 20)
        view = kept[:10]
        passing = there(1 << 20)
        del passing
        held = gpu.live_bytes
        del kept, view

        assert (held, gpu.peak_bytes, gpu.live_bytes) == (1 << 21, 1 << 22, 0)


def test_memory_that_is_given_back_and_taken_again_is_counted():
    with fake_gpu() as gpu:
        kept = there(1 << 20)
        kept.untyped_storage().resize_(0)
        freed = gpu.live_bytes
        kept.untyped_storage().resize_(1 << 20)

        assert (freed, gpu.live_bytes, gpu.peak_bytes) == (0, 1 << 20, 1 << 21)


def test_page_locked_memory_is_counted():
    with fake_gpu() as gpu:
        kept = torch.empty(1000, dtype=torch.uint8, pin_memory=True)

        assert gpu.host.is_pinned(kept[:10])
        del kept
        assert (gpu.host.pinned_bytes, gpu.host.most_pinned_bytes) == (0, 1000)


def test_afterwards_torch_is_as_it_was():
    before = (F.scaled_dot_product_attention, torch.Generator, torch.cuda.Stream)
    with fake_gpu():
        there(1)

    assert (F.scaled_dot_product_attention, torch.Generator, torch.cuda.Stream) == before
    assert not torch.cuda.device_count()
    with pytest.raises((RuntimeError, AssertionError)):
        there(1)


def test_more_than_the_table_allows_is_told_with_both_figures():
    work = Work(kernels=11, matrices=2 * 10**12, to_host=4_000_000)
    allowed = {"a step": cells_of(work)}
    more = Work(kernels=12, matrices=2 * 10**12 + 10**10, to_host=3_000_000)

    assert excesses({"a step": work}, allowed) == []
    assert excesses({"a step": more}, allowed) == [
        "a step: 12 kernels, the table allows 11",
        "a step: 2.01 TFLOP matrices, the table allows 2.0",
    ]
    assert excesses({"another": work}, allowed) == ["another: not in the table"]
