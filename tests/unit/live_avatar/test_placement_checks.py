"""What makes a placement impossible: GPUs and numbers in, words out."""

import pickle
from dataclasses import replace

import pytest

from model.errors import CampaignError, ResourceError
from model.live_avatar.config import LIVE_AVATAR_14B
from model.live_avatar.examine.report import settings_finding
from model.live_avatar.planning.offload import (
    Offload,
)
from model.live_avatar.planning.placement import Placement, placement_of
from model.live_avatar.planning.placement_checks import (
    Gpu,
    Wanted,
    check_placement,
    placement_faults,
)

H100 = Gpu(0, "NVIDIA H100 80GB HBM3", 85_000_000_000, 84_000_000_000, (9, 0))
A100 = Gpu(0, "NVIDIA A100-SXM4-80GB", 85_000_000_000, 84_000_000_000, (8, 0))


def many(gpu: Gpu, count: int) -> list[Gpu]:
    return [replace(gpu, index=index) for index in range(count)]


def found(wanted: Wanted, gpus: list[Gpu] | None = None) -> list[str]:
    faults = placement_faults(wanted, LIVE_AVATAR_14B, gpus)
    assert all(fault.way_out for fault in faults)
    return [fault.found for fault in faults]


@pytest.mark.parametrize(
    "placement",
    [
        Placement(),
        Placement(stages=4, has_decoder=True),
        Placement(heads=5),
        Placement(heads=8),
        Placement(stages=2, heads=4, shards=4),
        Placement(shards=3),
    ],
    ids=str,
)
def test_what_can_be_is_not_refused(placement: Placement):
    wanted = Wanted(placement, Offload(kv=True, text=True), "float8", num_steps=4)
    assert found(wanted, many(H100, placement.num_ranks)) == []
    assert found(wanted) == []
    check_placement(wanted, LIVE_AVATAR_14B)


@pytest.mark.parametrize("heads", [3, 6, 7, 16])
def test_heads_that_do_not_divide_are_refused_with_those_that_do(heads: int):
    (fault,) = placement_faults(Wanted(Placement(heads=heads)), LIVE_AVATAR_14B)
    assert f"heads={heads}, which does not divide the model's 40 attention heads" in fault.found
    assert fault.way_out == "set heads to one of 1, 2, 4, 5, 8, 10, 20, 40"


def test_shards_and_weights_on_the_host_are_refused_together():
    (told,) = found(Wanted(Placement(shards=2), Offload(weights=True)))
    assert told.startswith(
        "NIGHTSHOOT_PLACEMENT has shards=2, but NIGHTSHOOT_OFFLOAD names weights"
    )


def test_stages_without_steps_are_told_only_where_steps_are_known():
    wanted = Wanted(Placement(stages=6))
    assert found(wanted) == []
    (told,) = found(replace(wanted, num_steps=4))
    assert told.endswith("has stages=6 for 4 steps: 2 of the stages would have nothing to do")


def test_more_ranks_than_gpus_are_refused_with_both_numbers():
    (fault,) = placement_faults(
        Wanted(Placement(stages=4, has_decoder=True)), LIVE_AVATAR_14B, many(H100, 4)
    )
    assert fault.found == (
        "NIGHTSHOOT_PLACEMENT=stages=4,decoder=own makes 5 ranks, but the number of CUDA "
        "devices is 4"
    )
    assert "at most 4 ranks, or give the run 5 GPUs" in fault.way_out


def test_one_gpu_for_all_ranks_is_refused():
    (told,) = found(Wanted(Placement(heads=2), device_name="cuda:1"), many(H100, 2))
    assert told.startswith("NIGHTSHOOT_DEVICE=cuda:1 names one GPU for all 2 ranks")
    assert found(Wanted(Placement(), device_name="cuda:1"), many(H100, 2)) == []


@pytest.mark.parametrize(
    "other", [A100, replace(H100, total_bytes=96_000_000_000)], ids=["name", "memory"]
)
def test_mixed_gpus_are_refused_where_ranks_would_take_them(other: Gpu):
    gpus = [*many(H100, 2), replace(other, index=2)]
    assert found(Wanted(Placement(heads=2)), gpus) == []
    (told,) = found(Wanted(Placement(stages=3)), gpus)
    assert told.startswith("NIGHTSHOOT_PLACEMENT=stages=3 mixes GPUs: cuda:0 is NVIDIA H100")
    assert "cuda:2 is" in told


def test_cards_of_one_kind_may_differ_by_what_a_driver_keeps():
    gpus = [H100, replace(H100, index=1, total_bytes=84_500_000_000)]
    assert found(Wanted(Placement(heads=2)), gpus) == []


def test_float8_is_refused_on_a_gpu_without_products_in_8_bits():
    wanted = Wanted(Placement(heads=2), dtype="float8")
    (told,) = found(wanted, many(A100, 2))
    assert told == (
        "dtype=float8 needs compute capability 8.9; cuda:0 is NVIDIA A100-SXM4-80GB of 85 GB has "
        "8.0"
    )
    assert found(replace(wanted, dtype="bfloat16"), many(A100, 2)) == []


def test_all_reasons_are_told_at_once_in_an_error_that_survives_pickling():
    gpus = [H100, replace(A100, index=1)]
    wanted = Wanted(Placement(shards=3), Offload(weights=True), "float8")
    with pytest.raises(ResourceError) as caught:
        check_placement(wanted, LIVE_AVATAR_14B, gpus)
    told = str(pickle.loads(pickle.dumps(caught.value)))
    assert told.startswith("engine live-avatar: this placement cannot be used:\n  ")
    for word in ("NIGHTSHOOT_OFFLOAD names weights", "makes 3 ranks", "mixes GPUs", "float8"):
        assert word in told


def test_an_environment_that_cannot_be_read_is_a_finding():
    with pytest.raises(CampaignError) as caught:
        placement_of({"NIGHTSHOOT_PLACEMENT": "heads=2,shards=3"})
    finding = settings_finding(caught.value)
    assert (finding.verdict, finding.what) == ("fail", "environment")
    assert 'NIGHTSHOOT_PLACEMENT="heads=2,shards=3"' in finding.found
    assert finding.way_out
