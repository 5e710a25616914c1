"""What torch's compiler makes of pieces of the engine for a GPU that is not there: kernels, bytes.

The compiler's scheduler decides which operators become one kernel, and knows what each kernel reads
and writes, before any code is made: so this takes a build of torch for CPUs, and no triton. What
the pieces leave as it is is counted operator by operator, as in the counted work.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from model.live_avatar.parallel.kernels import RECOMPILE_LIMIT
from tests.cubins.device import CARDS, believing_in
from tests.fake_gpu.work import Work, work_of


class Fusing(TorchDispatchMode):
    """Counts what is run, compiled or not.

    Attributes:
        work: kernels, FLOPs and bytes since it was last set.
        graphs: what each that was planned takes beside products, convolutions and attention.
    """

    def __init__(self) -> None:
        super().__init__()
        self.work = Work()
        self.graphs = list[Work]()

    @classmethod
    def is_infra_mode(cls) -> bool:
        """That the tracer may go on while this is open."""
        return True

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        made = func(*args, **(kwargs or {}))
        if not func.is_view:
            given, out = (_tensors(each) for each in ((args, kwargs), made))
            self.work += work_of(func._schema.name, args, given, out)
        return made


def _tensors(values: Any) -> list[Tensor]:
    return [each for each in tree_leaves(values) if isinstance(each, FakeTensor)]


class _PlannedError(Exception):
    """The scheduler is done; no code is made."""


@contextmanager
def fusing(card: str = "H200") -> Iterator[Fusing]:
    """Tensors are made on a card and have no values; what is compiled there is planned alone."""
    import torch._dynamo.config as dynamo
    import torch._inductor.compile_fx as inductor
    import torch._inductor.scheduler as scheduling
    from torch._inductor import config
    from torch._inductor.exc import InductorError
    from torch._inductor.graph import GraphLowering

    counted, planned, compile_graph = Fusing(), list[Work](), inductor.compile_fx

    def generated(graph: Any) -> Any:
        graph.init_wrapper_code()
        graph._update_scheduler()
        nodes = [node for node in graph.scheduler.nodes if not node.is_extern()]
        sizes = [node.get_read_write_buffers_sizes() for node in nodes]
        planned.append(Work(kernels=sum(size > 0 for size in sizes), other_bytes=sum(sizes)))
        raise _PlannedError

    def compiled(graph: Any, inputs: Any, **told: Any) -> Any:
        if "inner_compile" in told:  # asked by itself, with the options
            return compile_graph(graph, inputs, **told)
        planned.clear()
        try:
            compile_graph(graph, inputs, **told)
        except InductorError as error:
            if not planned:
                raise ValueError(f"the compiler planned nothing: {error}") from error
        (work,) = planned
        counted.graphs.append(work)

        def on_shapes(*args: Any) -> Any:
            counted.work, before = Work(), counted.work
            made = graph.forward(*args)
            counted.work = before
            counted.work += work
            return made

        return on_shapes

    with believing_in(CARDS[card]), ExitStack() as stack:
        for owner, name, value in (
            (inductor, "compile_fx", compiled),
            (GraphLowering, "codegen", generated),
            (scheduling, "has_triton", lambda *_: True),
            (torch._C, "_conv_determine_backend_memory_format", _layout),
        ):
            stack.enter_context(mock.patch.object(owner, name, value))
        stack.enter_context(config.patch(force_disable_caches=True, compile_threads=1))
        stack.enter_context(dynamo.patch(recompile_limit=RECOMPILE_LIMIT))
        stack.enter_context(FakeTensorMode(allow_non_fake_inputs=True))
        stack.enter_context(torch.no_grad())
        torch._dynamo.reset()  # what was planned for others is not counted here
        try:
            yield counted
        finally:
            torch._dynamo.reset()


def _layout(x: Tensor, weight: Tensor, backend: Any) -> torch.memory_format:
    """That cuDNN leaves behind it: channels last where the frames or the weights have it."""
    del backend
    last = {4: torch.channels_last, 5: torch.channels_last_3d}[weight.dim()]
    are_last = (each.is_contiguous(memory_format=last) for each in (x, weight))
    return last if any(are_last) else torch.contiguous_format
