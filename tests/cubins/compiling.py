"""The engine's own pieces at full size, compiled as the setting ``compile`` does it, to cubins."""

import io
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout
from dataclasses import replace
from typing import Any
from unittest import mock

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from model.live_avatar.assembly.random_transformer import filled
from model.live_avatar.config import BLOCK_LATENTS, LATENT_SIDE, LIVE_AVATAR_14B
from model.live_avatar.network.audio_injector import AudioTokens
from model.live_avatar.network.transformer import Transformer
from model.live_avatar.parallel.kernels import run_by
from model.live_avatar.parallel.quantize import Float8, float8_put
from model.live_avatar.sampling.sampler import Sampler
from model.live_avatar.sampling.schedule import make_schedule
from model.live_avatar.settings import AUTO
from model.live_avatar.weights.state import built_empty, put
from tests.cubins.device import Card, compiling_for
from tests.cubins.graphs import GRAPHS, Graph, Kernel
from tests.cubins.ptxas import read_log
from tests.fake_gpu.hardware import DEVICE
from tests.fake_gpu.rendering import HEIGHT, NUM_STEPS, WIDTH
from tests.fake_gpu.work import Work, work_of

_NUM_PAST_LATENTS, _MOTION_LATENTS, _AUDIO_TOKENS = 12, 19, 5
_DTYPE = torch.bfloat16  # beside what is in 8 bits
_TRITON = re.compile(r"^\s+(\w+)\.run\(", re.MULTILINE)
_LIBRARY = re.compile(r"^\s+(?:\w+ = )?(?:extern_kernels\.\w+|torch\.ops\.[\w.]+)\(", re.MULTILINE)


class _Counted(TorchDispatchMode):
    """Counts kernels and bytes as the table of counted work does."""

    def __init__(self) -> None:
        super().__init__()
        self.work = Work()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        made = func(*args, **(kwargs or {}))
        given, out = ([t for t in tree_leaves(x) if isinstance(t, Tensor)] for x in (args, made))
        if not func.is_view:
            self.work += work_of(func._schema.name, args, given, out)
        return made


def compile_all(card: Card, dtype: str) -> list[Graph]:
    """All graphs of a segment at full size, of one layer, which stands for all.

    Args:
        card: for which.
        dtype: ``bfloat16`` or ``float8``.

    Raises:
        ValueError: there are other graphs than :data:`GRAPHS`.
    """
    config = replace(LIVE_AVATAR_14B, num_layers=1, inject_layers=(0,))
    found: list[Graph] = []
    model = built_empty(lambda: Transformer(config))
    with compiling_for(card), _noted(found), FakeTensorMode(allow_non_fake_inputs=True):
        put_weight = float8_put(config, Float8(), DEVICE) if dtype == "float8" else put
        render_one_block(filled(model, _DTYPE, DEVICE, put_weight))
    if len(found) != len(GRAPHS):
        raise ValueError(f"{len(found)} graphs were compiled, not the {len(GRAPHS)} of the engine")
    return found


@torch.no_grad()
def render_one_block(transformer: Transformer) -> None:
    """Sink and one block, by the engine's sampler."""
    config, rows, columns = transformer.config, HEIGHT // LATENT_SIDE, WIDTH // LATENT_SIDE

    def there(*shape: int) -> Tensor:
        return torch.empty(shape, dtype=_DTYPE, device=DEVICE)

    sampler = Sampler(
        transformer,
        make_schedule(NUM_STEPS),
        height=rows,
        width=columns,
        num_past_latents=_NUM_PAST_LATENTS,
    )
    run_by(transformer, AUTO, is_compiled=True)
    sampler.set_text(there(config.text_len, config.text_dim))
    sampler.set_sink(there(1, 16, 1, rows, columns), there(1, 16, _MOTION_LATENTS, rows, columns))
    whole, local = (there(1, BLOCK_LATENTS, n, config.dim) for n in (1, _AUDIO_TOKENS))
    noise = there(1, 16, BLOCK_LATENTS, rows, columns)
    sampler.denoise(0, noise, AudioTokens(whole, local), [8] * NUM_STEPS)


@contextmanager
def _noted(found: list[Graph]) -> Iterator[None]:
    """Let torch make the code of each graph, and then go on with shapes alone."""
    import torch._inductor.compile_fx as inductor
    from torch._inductor import config
    from torch._inductor.graph import GraphLowering
    from torch._inductor.runtime.triton_heuristics import CachingAutotuner
    from triton import knobs

    compile_graph, generate = inductor.compile_fx, GraphLowering.codegen
    assemble = CachingAutotuner._precompile_config
    kernels, code, moved = list[Kernel](), list[str](), list[int]()

    def assembled(tuner: Any, choice: Any) -> Any:
        with redirect_stdout(io.StringIO()) as said:
            made = assemble(tuner, choice)
        told, about = read_log(said.getvalue()), made.kernel.metadata
        name = str(tuner.inductor_meta["kernel_name"])
        kernels.append(
            Kernel(
                name,
                told.architecture,
                about.num_warps,
                told.registers,
                told.spilled_bytes,
                about.shared,
            )
        )
        return made

    def generated(graph: Any) -> Any:
        wrapper, rest = generate(graph)
        code.append(getattr(wrapper, "value", wrapper))
        fused = (node for node in graph.scheduler.nodes if not node.is_extern())
        moved.append(sum(node.get_read_write_buffers_sizes() for node in fused))
        return wrapper, rest

    def compiled(graph: Any, inputs: Any, **told: Any) -> Any:
        if "inner_compile" in told:  # asked by itself, with the options
            return compile_graph(graph, inputs, **told)
        for noted in (kernels, code, moved):
            noted.clear()
        compile_graph(graph, inputs, **told)
        (text,), (num_bytes,) = code, moved
        name = GRAPHS[len(found)] if len(found) < len(GRAPHS) else "one too many"
        place = len(found)
        num_triton, num_library = len(_TRITON.findall(text)), len(_LIBRARY.findall(text))
        found.append(Graph(name, 0, 0, num_triton, num_library, num_bytes, tuple(kernels)))

        def on_shapes(*args: Any) -> Any:
            with _Counted() as counted:
                made = graph.forward(*args)
            work = counted.work
            found[place] = replace(
                found[place], num_eager=work.kernels, eager_bytes=work.other_bytes
            )
            return made

        return on_shapes

    with ExitStack() as stack:
        for owner, name, value in (
            (inductor, "compile_fx", compiled),
            (GraphLowering, "codegen", generated),
            (CachingAutotuner, "_precompile_config", assembled),
            (CachingAutotuner, "_make_launchers", lambda _: None),
            (config, "use_static_cuda_launcher", False),  # which drops what is read here
            (config, "compile_threads", 1),
            (config, "force_disable_caches", True),
            (knobs.nvidia, "dump_ptxas_log", True),
        ):
            stack.enter_context(mock.patch.object(owner, name, value))
        yield
