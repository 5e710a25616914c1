"""The committed count: one Markdown page, written by ``make count-gpu`` and read by the tests."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.fake_gpu.rendering import HEIGHT, NUM_BLOCKS, NUM_STEPS, WIDTH, Counted
from tests.fake_gpu.work import Work

PATH = Path(__file__).parents[2] / "benchmarks/results/counted_work-2026-11.md"
COLUMNS = (
    "kernels",
    "TFLOP matrices",
    "TFLOP attention",
    "TFLOP convolutions",
    "GB of these",
    "GB of the rest",
    "MB to the GPU",
    "MB to the host",
    "MB over links",
)
_MEMORY = "GiB on the GPU"
_TOLD = f"""# The work of a segment, counted without a GPU, November 2026

`make count-gpu` wrote this page; do not edit it by hand. **Nothing here ran on a GPU.** The
engine's own code made a segment of {NUM_BLOCKS} blocks at {WIDTH}x{HEIGHT} with {NUM_STEPS} steps
and random weights, with a CPU build of torch 2.13.0, on tensors that say they are on CUDA and have
shapes but no values. Every operator was counted, eager, without `compile`. So kernels are the
fewest that CUDA starts, and bytes are those that operators read and write, whatever a cache holds.

"The rest" is work value by value and copies within the GPU. "Step, ring full" is one step of the
seventh block; "sink advanced" comes once, before the fifth. Offloading moves memories and weights,
which the columns to the GPU and to the host show; what gathers and exchanges with other ranks give,
the own share included, is "over links", and of several ranks this is the last. The width is always
the model's; where memories or weights come and go, which they do layer by layer, ten of the forty
layers stand for all.

`tests/fake_gpu` fails where the engine does more than this page says, where CUDA would refuse
something, where the host waits between two blocks, and where a segment needs 5 % more memory than
the planner's figure.
"""


def cells_of(work: Work) -> tuple[float, ...]:
    """One row, in the units of :data:`COLUMNS`, rounded as the page shows them."""
    return (
        work.kernels,
        *(round(each / 1e12, 3) for each in (work.matrices, work.attention, work.convolutions)),
        *(round(each / 1e9, 2) for each in (work.matrix_bytes, work.other_bytes)),
        *(round(each / 1e6, 2) for each in (work.to_device, work.to_host, work.over_links)),
    )


def page(sections: Mapping[str, str], names: Iterable[str]) -> str:
    """The whole page, of sections by their combination's name, in this order."""
    return "\n".join([_TOLD, *(sections[name] for name in names if name in sections)])


def sections_of(text: str) -> dict[str, str]:
    """The sections of a page, by their combination's name."""
    _, *parts = f"\n{text}".split("\n## ")
    return {part.partition("\n")[0]: f"## {part.strip()}\n" for part in parts}


def section(name: str, counted: Counted) -> str:
    """What one combination took."""
    lines = [f"## {name}\n", f"| what | {' | '.join(COLUMNS)} |", f"|---|{'---|' * len(COLUMNS)}"]
    for what, work in counted.rows.items():
        lines.append(f"| {what} | {' | '.join(str(cell) for cell in cells_of(work))} |")
    peak, planned = counted.peak_bytes / 2**30, counted.planned_bytes / 2**30
    lines += [
        "",
        f"{_MEMORY}: {peak:.2f} at the peak, {planned:.2f} planned (without CUDA itself).",
    ]
    if counted.planned_pinned_bytes:
        pinned, told = counted.pinned_bytes / 2**30, counted.planned_pinned_bytes / 2**30
        lines.append(f"GiB page-locked in the host: {pinned:.2f}, {told:.2f} planned.")
    return "\n".join([*lines, ""])


def committed(text: str) -> dict[str, dict[str, tuple[float, ...]]]:
    """Rows of the page by combination and what was done.

    Raises:
        ValueError: a row is none of this page's.
    """
    found: dict[str, dict[str, tuple[float, ...]]] = {}
    rows: dict[str, tuple[float, ...]] = {}
    for line in text.splitlines():
        if line.startswith("## "):
            rows = found.setdefault(line.removeprefix("## "), {})
        elif line.startswith("| ") and not line.startswith("| what "):
            what, *cells = (cell.strip() for cell in line.strip("|").split("|"))
            if len(cells) != len(COLUMNS):
                raise ValueError(f'row "{what}" has {len(cells)} figures, not {len(COLUMNS)}')
            rows[what] = tuple(map(float, cells))
    return found


def excesses(counted: Mapping[str, Work], allowed: Mapping[str, tuple[float, ...]]) -> list[str]:
    """Where more was done than the page allows; empty where nowhere is."""
    told: list[str] = []
    for what, work in counted.items():
        if what not in allowed:
            told.append(f"{what}: not in the table")
            continue
        for column, found, most in zip(COLUMNS, cells_of(work), allowed[what], strict=True):
            if found > most:
                told.append(f"{what}: {found:,} {column}, the table allows {most:,}")
    return told
