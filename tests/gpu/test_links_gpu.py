"""Links between ranks over NCCL: one rank on one GPU, all GPUs where there are several."""

import pytest
import torch

from model.live_avatar.examine.link_checks import link_findings, try_links

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(
        not torch.cuda.is_available(), reason="no CUDA device: NCCL was not started"
    ),
]
LIMIT_S = 120


def test_nccl_starts_with_one_rank():
    tried = try_links(1, "cuda", LIMIT_S)
    assert tried.failed is None, tried.reason
    assert len(tried.seconds) == 3


def test_all_gpus_of_the_machine_talk_to_each_other():
    num_gpus = torch.cuda.device_count()
    if num_gpus == 1:
        pytest.skip("one CUDA device: no link between two was tried")
    (finding,) = link_findings(num_gpus, "cuda", LIMIT_S)
    assert finding.verdict == "ok", finding.found
