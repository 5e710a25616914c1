"""The transformer's weights shared out over the ranks of a group (FSDP2), from outside.

Each rank holds a share of the rows of every matrix of blocks and audio injectors. What a block
needs is gathered from all ranks before it is used, and given up afterwards; while it is at work,
the next one's is on its way. What a rank holds at most is told by
:mod:`model.live_avatar.planning.rank_memory`.

While the model is loaded every rank reads all of the files and keeps its rows, tensor by tensor:
no rank waits for another then, and one that finds a damaged file says so alone.

No value changes: gathering copies bytes, and the gathered matrices lie in memory as they would have
lain. All ranks of the group must make the same passes in the same order.
"""

import functools
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, cast

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.fsdp import FSDPModule, fully_shard, register_fsdp_forward_method
from torch.distributed.tensor import DTensor, Shard

from model.live_avatar.network.transformer import Transformer
from model.live_avatar.parallel.offload import matrices
from model.live_avatar.weights.state import Put, is_outside_layers

_PROMPT, _SINK, _STEP = "text_keys_values", "prefill", "forward"


class Shards:
    """A rank's share of a transformer, while it is loaded and after.

    Args:
        group: the ranks that share the weights; its backend gathers on ``device``.
        device: that computes; torch's current one, where it is a GPU.
    """

    def __init__(self, group: dist.ProcessGroup, device: torch.device) -> None:
        self._mesh = DeviceMesh.from_group(group, device.type)
        self._shares: dict[str, DTensor] = {}

    def put_of(self, put_weight: Put) -> Put:
        """How weights are put into the transformer: as ``put_weight`` does, and the share kept."""

        def put_share(model: nn.Module, name: str, value: Tensor) -> None:
            put_weight(model, name, value)
            if not is_outside_layers(name):
                self._keep_shares(model, name.rpartition(".")[0])

        return put_share

    def settle(self, model: Transformer) -> None:
        """Let a transformer that was loaded in this way gather its matrices when they are used."""
        whole = {each for each in model.parameters() if not each.is_meta}
        blocks = [self._unit(each, whole) for each in model.layers]
        injectors = [self._unit(each, whole) for each in model.audio_injectors]
        for block in model.layers:
            register_fsdp_forward_method(block, _PROMPT)
        fully_shard(model, mesh=self._mesh, ignored_params=whole)  # the root, all of it whole
        self._give_shares(model)
        for name in (_PROMPT, _SINK):
            register_fsdp_forward_method(model, name)
            _make_pass(model, name, blocks)
        after = dict(zip(model.config.inject_layers, injectors, strict=True))
        units = [[block, after[i]] if i in after else [block] for i, block in enumerate(blocks)]
        _make_pass(model, _STEP, [each for unit in units for each in unit])

    def _unit(self, module: nn.Module, whole: set[nn.Parameter]) -> FSDPModule:
        """What is gathered as one."""
        unit = fully_shard(
            module, mesh=self._mesh, reshard_after_forward=True, ignored_params=whole
        )
        # else the stretch in which it came is held beside it until the next unit has come
        unit._set_unshard_async_op(True)
        return unit

    def _keep_shares(self, model: nn.Module, owner: str) -> None:
        """Of the matrices that have just come to the module ``owner``; the rest is freed."""
        module = model.get_submodule(owner)
        large = {id(each) for each in matrices(module)}
        for name, held in list(module.named_parameters(recurse=False)):
            if id(held) in large and not held.is_meta:
                self._shares[f"{owner}.{name}"] = self._share_of(held.data)
                empty = torch.empty_like(held, device="meta")
                setattr(module, name, nn.Parameter(empty, requires_grad=False))

    def _share_of(self, matrix: Tensor) -> DTensor:
        """Rows of this rank, in memory of their own; the last ranks may have less, or none."""
        num_rows, rank = -(-len(matrix) // self._mesh.size()), self._mesh.get_local_rank()
        own = matrix[rank * num_rows : (rank + 1) * num_rows].clone()
        return DTensor.from_local(
            own, self._mesh, [Shard(0)], shape=matrix.shape, stride=matrix.stride()
        )

    def _give_shares(self, model: Transformer) -> None:
        for name in list(self._shares):
            owner, _, own_name = name.rpartition(".")
            share = {own_name: self._shares.pop(name)}
            model.get_submodule(owner).load_state_dict(share, strict=False, assign=True)


def _make_pass(model: Transformer, name: str, units: Sequence[FSDPModule]) -> None:
    """Have a method go through ``units`` and no others, each of which lets the next one come.

    A pass that fails leaves its ranks where they were: all of them must be started again.
    """
    run = getattr(model, name)

    @functools.wraps(run)
    def run_through(*args: Any, **kwargs: Any) -> Any:
        for unit, following in pairwise(units):
            unit.set_modules_to_forward_prefetch([following])
        units[-1].set_modules_to_forward_prefetch([])
        answer = run(*args, **kwargs)
        # else it notes every unit of every pass, for gradients that are never asked for
        cast("FSDPModule", model).reset_iter_state()
        return answer

    setattr(model, name, run_through)
