"""`nightshoot plan --gpus`: what fits which GPUs, how, and how long it takes; printed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from flows.progress import clock_of
from model.errors import CampaignError
from tasks.errors import counted
from tasks.gpu_plans.quotes import (
    CampaignQuote,
    GpuQuote,
    OfferQuote,
    PoolQuote,
    SizeQuote,
    quote_gpus,
)
from tasks.gpu_plans.requests import GpuRequest, preset_videos, usable_settings
from tasks.manifest.presets import load_presets
from tasks.records import Scalar

EXAMPLE_S = 60.0
"""Of the video that is told of where there is no manifest."""
_MANY, _SOON = "many", "soon"
_LEGEND = (
    "many: the placement that renders the most video per hour (idle GPUs count as used); soon: the "
    "one that finishes a single video first.\nGiB: memory of the fullest rank; host: GiB "
    "page-locked by all engines; s per s: seconds that one engine takes for a second of video."
)


def plan_presets(
    wanted: GpuRequest,
    given: Mapping[str, Scalar],
    presets_path: Path | None,
    name: str | None = None,
    size: tuple[int, int] | None = None,
) -> GpuQuote:
    """What the GPUs would do with a video of a minute in every preset.

    Args:
        wanted: of which GPUs.
        given: settings that take the place of the presets', as they were written.
        presets_path: a file of more presets; None: the shipped ones alone.
        name: of the only preset to tell of; None: all.
        size: that takes the place of the presets'.

    Raises:
        CampaignError: a preset or a setting is unknown, or see
        :func:`tasks.gpu_plans.quotes.quote_gpus`.
    """
    presets = load_presets() | (load_presets(presets_path) if presets_path else {})
    if name is not None and name not in presets:
        raise CampaignError(
            f'preset "{name}" is unknown; choose one of {", ".join(presets)}, or give a file with '
            "your own presets with --presets"
        )
    chosen = presets if name is None else {name: presets[name]}
    if size is not None:
        update = {"width": size[0], "height": size[1]}
        chosen = {key: preset.model_copy(update=update) for key, preset in chosen.items()}
    return quote_gpus(preset_videos(chosen, usable_settings(given), EXAMPLE_S), wanted)


def gpu_tables(quote: GpuQuote, *, is_all: bool = False) -> Iterator[RenderableType]:
    """A table of every pool, what stands in the way, and what to set."""
    for pool in quote.pools:
        yield from _pool_parts(pool, is_rush=quote.is_rush, is_all=is_all)
    yield Text(f"\n{_LEGEND}", style="dim")
    if quote.campaign is not None:
        yield from _campaign_lines(quote.campaign, quote.pools)


def _pool_parts(pool: PoolQuote, *, is_rush: bool, is_all: bool) -> Iterator[RenderableType]:
    rows = [
        (size, purpose, offer)
        for size in pool.sizes
        for purpose, offer in _rows(size, is_rush=is_rush, is_all=is_all)
    ]
    dtypes = ", ".join(sorted({offer.dtype for _, _, offer in rows}))
    yield Text(
        f"\n{pool.pool}: {pool.num_gpus} {'GPUs' if pool.num_gpus > 1 else 'GPU'} of "
        f"{pool.usable_gib:.2f} GiB usable, {dtypes}",
        style="bold",
    )
    yield Text(f"times are {pool.basis}", style="" if pool.is_calibrated else "yellow")
    yield _Offers(rows)
    yield from _notes(pool, is_rush=is_rush)


def _rows(size: SizeQuote, *, is_rush: bool, is_all: bool) -> Iterator[tuple[str, OfferQuote]]:
    if is_all:
        for offer in size.offers:
            yield ("-" if offer.problem else "fits"), offer
        return
    if size.nearest is not None:
        yield "does not fit", size.nearest
    if size.bulk is not None and not is_rush:
        yield _MANY, size.bulk
    if size.rush is not None and (is_rush or size.rush != size.bulk):
        yield _SOON, size.rush


_WIDE_COLUMNS = 112
_TEXTS = ("video", "size", "steps", "for", "placement", "offloaded")
_NUMBERS = ("GiB", "host", "engines", "s per s", "time", "GPU-s")


@dataclass(frozen=True)
class _Offers:
    """The rows of a pool: a table as wide as the terminal allows.

    On a narrow one what is offloaded stands below the placement; steps, engines and the host's
    memory are left to wider ones, and to JSON.
    """

    rows: Sequence[tuple[SizeQuote, str, OfferQuote]]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        is_wide = options.max_width >= _WIDE_COLUMNS
        left_out: set[str] = set() if is_wide else {"steps", "offloaded", "host", "engines"}
        table = Table(box=None, padding=(0, 1), pad_edge=False)
        for name in (*_TEXTS, *_NUMBERS):
            if name not in left_out:
                justify = "right" if name in _NUMBERS else "left"
                table.add_column(
                    name, justify=justify, no_wrap=name != "video", min_width=len(name)
                )
        told: SizeQuote | None = None
        for size, purpose, offer in self.rows:
            cells = _video_cells(size, is_again=size is told) | _cells(purpose, offer)
            if not is_wide and offer.offload:
                cells["placement"] += f"\n{cells['offloaded']}"
            shown = [cell for name, cell in cells.items() if name not in left_out]
            table.add_row(*shown, style="dim" if offer.problem else "")
            told = size
        yield table


def _video_cells(size: SizeQuote, *, is_again: bool) -> dict[str, str]:
    cells = {"video": size.what, "size": size.size, "steps": str(size.num_steps)}
    return dict.fromkeys(cells, "") if is_again else cells


def _cells(purpose: str, offer: OfferQuote) -> dict[str, str]:
    return {
        "for": purpose,
        "placement": offer.placement.replace(",", ", "),
        "offloaded": offer.offload.replace(",", ", ") or "-",
        "GiB": f"{offer.memory_gib:.1f}",
        "host": f"{offer.host_gib:.0f}",
        "engines": str(offer.engines),
        "s per s": f"{offer.seconds_per_second:.2f}",
        "time": clock_of(offer.engine_s),
        "GPU-s": f"{offer.gpu_seconds:.0f}",
    }


def _notes(pool: PoolQuote, *, is_rush: bool) -> Iterator[Text]:
    """Why nothing or not the simplest fits, and what sets the chosen ones."""
    for told, names in _grouped((size, _lack(size)) for size in pool.sizes):
        yield Text(f"  {names}: {told}", style="red")
    lacking = [
        f"{size.what} {size.plain.lacking_gib:.1f}" for size in pool.sizes if size.plain.problem
    ]
    if lacking:
        yield Text(
            f"  GiB missing on one GPU with nothing offloaded: {'; '.join(lacking)}", style="dim"
        )
    chosen = ((size, size.rush if is_rush else size.bulk) for size in pool.sizes)
    for told, names in _grouped((size, _setting(offer)) for size, offer in chosen):
        yield Text(f"  {names}: {told}")
    for told, names in _grouped((size, size.float8) for size in pool.sizes):
        yield Text(f"  {names}: {told}", style="dim")
    if pool.load_s is not None:
        yield Text(f"  each engine loads the weights once, in about {pool.load_s:.0f} s")
    if told := _compiling(pool):
        yield Text(f"  compile: the first block of a size takes {told}")


def _compiling(pool: PoolQuote) -> str:
    """By how much, in words; empty where nothing is compiled, or nobody measured it."""
    told: list[str] = []
    if pool.compile_s is not None:
        told.append(f"about {pool.compile_s:.0f} s longer on a new machine")
    if pool.compile_again_s is not None:
        told.append(f"about {pool.compile_again_s:.0f} s longer where it was compiled before")
    return ", ".join(told)


def _lack(size: SizeQuote) -> str:
    if size.nearest is None:
        return ""
    return f"nothing fits; the closest is {size.nearest.placement}: {size.nearest.problem}"


def _setting(offer: OfferQuote | None) -> str:
    """What makes a worker, or a submitted campaign, render so."""
    if offer is None:
        return ""
    told = " ".join(f"{name}={value}" for name, value in offer.env.items())
    return f"gpus {offer.gpus}, {told}"


def _grouped(lines: Iterable[tuple[SizeQuote, str]]) -> Iterator[tuple[str, str]]:
    """Each thing that is told, with the names of the videos of which it is; nothing: left out."""
    names: dict[str, list[str]] = {}
    for size, told in lines:
        names.setdefault(told, []).append(size.what)
    for told, known in names.items():
        if told:
            yield told, ", ".join(known)


def _campaign_lines(quote: CampaignQuote, pools: tuple[PoolQuote, ...]) -> Iterator[Text]:
    """When all is done, and the one layout that each pool has for all of it."""
    assumed = "" if all(pool.is_calibrated for pool in pools) else ", estimated from datasheets"
    yield Text(
        f"\n{counted(quote.num_videos, 'video')}, {quote.video_s:.0f} s of video: finished after "
        f"about {clock_of(quote.seconds)}, {quote.gpu_seconds / 3600:.2f} GPU hours{assumed}; "
        f"{quote.last_video} finishes last",
        style="bold",
    )
    for pool, layout in quote.layouts.items():
        count = quote.shares[pool]
        share = f"{count}, {layout.engines} at once" if count else "none, because others are faster"
        yield Text(f"  {pool} renders {share}: {_setting(layout)}")
