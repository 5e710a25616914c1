"""What was compiled: graphs, and the kernels of each."""

from dataclasses import dataclass

#: what the six graphs are, in the order in which a segment comes to them
GRAPHS = (
    "first half, sink",
    "second half, sink",
    "reference turned",
    "first half, block",
    "second half, block",
    "injector",
)


@dataclass(frozen=True)
class Kernel:
    """One cubin.

    Attributes:
        name: torch's.
        architecture: for which it was made.
        num_warps: of a block of threads.
        registers: of a thread.
        spilled_bytes: of a thread.
        shared_bytes: of a block of threads.
    """

    name: str
    architecture: str
    num_warps: int
    registers: int
    spilled_bytes: int
    shared_bytes: int


@dataclass(frozen=True)
class Graph:
    """One of :data:`GRAPHS`.

    Attributes:
        name: its.
        num_eager: kernels without ``compile``.
        eager_bytes: that these read and write beside products and attention.
        num_triton: started, of those that were made here.
        num_library: started, of cuBLAS and of attention.
        moved_bytes: that those made here read and write.
        kernels: those that were made; where tiles are chosen by timing, one for each choice.
    """

    name: str
    num_eager: int
    eager_bytes: int
    num_triton: int
    num_library: int
    moved_bytes: int
    kernels: tuple[Kernel, ...]
