"""The GPUs that a plan may name: what their datasheets say, and how much of their memory is usable.

    4x24, 1x80          by memory, in GB as printed on the card: 16, 24, 32, 40, 48, 80, 96, 141,
                        180
    4x4090, 1xH100      by name, of the table below

A card of ``N`` GB has ``N`` GiB. Of those with error correction in ordinary memory (16 to 48 GB) a
sixteenth is taken by it, and the driver keeps some: a 24 is 22.15 GiB to programs, so ``N x
22.15 / 24``. Of the others (80 GB and more) programs see ``N x 0.9875``. Both are what such cards
say of themselves, not measured here; `nightshoot calibrate` stores what a card really has.

FLOP/s are those of dense 16-bit and 8-bit products with sums in float32; they and the memory's
TB/s are the datasheets'.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

GIB = 1 << 30
_GIGA = 1e9
_USABLE_SMALL, _USABLE_LARGE = 22.15 / 24, 0.9875
_LARGEST_SMALL_GB = 48
BFLOAT16_CAPABILITY, FLOAT8_CAPABILITY = (8, 0), (8, 9)
"""The first with bfloat16, and with products in 8 bits."""
_MOST_GPUS = 64


@dataclass(frozen=True)
class Gpu:
    """One kind of GPU.

    Attributes:
        name: as it is told; of a GPU that is known by its memory alone, that.
        memory_gb: as it is printed on the card.
        tflops: of 16-bit products.
        bandwidth: of its memory, TB/s.
        fp8_tflops: of 8-bit products; 0 where it has none.
        capability: CUDA's; None where only the memory is known.
        host_gbps: GB/s to and from page-locked host memory; an assumption.
        link_gbps: GB/s to another GPU of the machine; an assumption.
        usable_bytes: that programs see; 0: reckoned from :attr:`memory_gb`.
    """

    name: str
    memory_gb: int
    tflops: float
    bandwidth: float
    fp8_tflops: float = 0.0
    capability: tuple[int, int] | None = None
    host_gbps: float = 20.0
    link_gbps: float = 16.0
    usable_bytes: int = 0

    @property
    def memory_bytes(self) -> int:
        """That programs see."""
        return self.usable_bytes or usable_bytes(self.memory_gb)

    @property
    def usual_dtype(self) -> str:
        """In which it computes without a wish: float16 where it has no bfloat16."""
        if self.capability is not None and self.capability < BFLOAT16_CAPABILITY:
            return "float16"
        return "bfloat16"

    @property
    def has_float8(self) -> bool | None:
        """Whether it has 8-bit products; None: not known."""
        return None if self.capability is None else self.capability >= FLOAT8_CAPABILITY


@dataclass(frozen=True)
class Pool:
    """GPUs of one machine, all of one kind."""

    count: int
    gpu: Gpu

    def __str__(self) -> str:
        return f"{self.count}x{self.gpu.name}"


def usable_bytes(memory_gb: int) -> int:
    """Of a card's printed memory; see the module."""
    share = _USABLE_SMALL if memory_gb <= _LARGEST_SMALL_GB else _USABLE_LARGE
    return int(memory_gb * share * GIB)


def _gpu(
    name: str,
    memory_gb: int,
    rates: tuple[float, float, float],
    capability: tuple[int, int],
    links: tuple[float, float] = (20.0, 16.0),
) -> Gpu:
    return Gpu(name, memory_gb, *rates, capability, *links)


# links are assumed at about 80 % of what the bus or NVLink is sold with, in one direction
_PCIE5, _NVLINK3, _NVLINK4 = (45.0, 40.0), (20.0, 240.0), (45.0, 360.0)
_TABLE = (
    _gpu("T4", 16, (65, 0.32, 0), (7, 5), (10, 8)),
    _gpu("V100", 32, (125, 0.9, 0), (7, 0), (10, 8)),
    _gpu("A10", 24, (125, 0.6, 0), (8, 6)),
    _gpu("A10G", 24, (70, 0.6, 0), (8, 6)),
    _gpu("3090", 24, (71, 0.936, 0), (8, 6)),
    _gpu("A5000", 24, (111, 0.768, 0), (8, 6)),
    _gpu("4090", 24, (165, 1.008, 330), (8, 9)),
    _gpu("L4", 24, (121, 0.3, 242), (8, 9), (10, 8)),
    _gpu("5090", 32, (209, 1.792, 419), (12, 0), _PCIE5),
    _gpu("A6000", 48, (155, 0.768, 0), (8, 6)),
    _gpu("A40", 48, (150, 0.696, 0), (8, 6)),
    _gpu("L40S", 48, (362, 0.864, 733), (8, 9)),
    _gpu("A100-40", 40, (312, 1.555, 0), (8, 0), _NVLINK3),
    _gpu("A100", 80, (312, 2.039, 0), (8, 0), _NVLINK3),
    _gpu("H100", 80, (989, 3.35, 1979), (9, 0), _NVLINK4),
    _gpu("H800", 80, (989, 3.35, 1979), (9, 0), (45.0, 160.0)),
    _gpu("H20", 96, (148, 4.0, 296), (9, 0), _NVLINK4),
    _gpu("H200", 141, (989, 4.8, 1979), (9, 0), _NVLINK4),
    _gpu("B200", 180, (2250, 8.0, 4500), (10, 0), (45.0, 720.0)),
)
GPUS: Mapping[str, Gpu] = {gpu.name.lower(): gpu for gpu in _TABLE}
_LIKE: Mapping[int, str] = {
    16: "t4",
    24: "a10",
    32: "v100",
    40: "a100-40",
    48: "a40",
    80: "a100",
    96: "h20",
    141: "h200",
    180: "b200",
}


def like_of(gpu: Gpu) -> str:
    """The card whose speed stands for one that is known by its memory alone; else empty."""
    return GPUS[_LIKE[gpu.memory_gb]].name if gpu.capability is None else ""


def read_pools(text: str) -> tuple[Pool, ...]:
    """From words such as ``4x24,1x80``: a machine or pool each.

    Raises:
        ValueError: they cannot be read; says what can.
    """
    parts = [part.strip() for part in text.split(",")]
    return tuple(_read_pool(part) for part in parts)


def _read_pool(text: str) -> Pool:
    found = re.fullmatch(r"(\d+)\s*[x*]\s*([A-Za-z0-9+-]+)", text)
    if found is None:
        mixed = "+" in text or ":" in text
        hint = (
            "one placement takes GPUs of one kind: put a comma between two machines, and each is "
            "planned separately"
            if mixed
            else "write how many and of which kind, for example 4x24, 1x80 or 4x4090"
        )
        raise ValueError(f'"{text}" cannot be read; {hint}')
    count, name = int(found[1]), found[2].lower().removeprefix("rtx")
    if not 1 <= count <= _MOST_GPUS:
        raise ValueError(f'"{text}": the number of GPUs must be from 1 to {_MOST_GPUS}')
    if "+" in name:
        raise ValueError(
            f'"{text}" mixes GPUs: one placement takes GPUs of one kind; put a comma between '
            "them, and each part is planned separately"
        )
    return Pool(count, _named(text, name))


def _named(text: str, name: str) -> Gpu:
    if name in GPUS:
        return GPUS[name]
    memory = name.removesuffix("gb").removesuffix("g")
    if memory.isdecimal() and int(memory) in _LIKE:
        like = GPUS[_LIKE[int(memory)]]
        rates = (like.tflops, like.bandwidth, 0.0)
        return Gpu(memory, int(memory), *rates, None, like.host_gbps, like.link_gbps)
    raise ValueError(
        f'"{text}": GPU "{name}" is unknown; give its memory in GB ({", ".join(map(str, _LIKE))}) '
        f"or its name ({', '.join(gpu.name for gpu in _TABLE)})"
    )
