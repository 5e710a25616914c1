"""What the published model does on each kind of card, by the counted work; nothing is measured.

Writes the two tables of `docs/operations.md` anew, or prints them.

    make card-tables
    .venv/bin/python -m benchmarks.cards --print
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from model.engine import FPS
from model.live_avatar.config import BLOCK_FRAMES
from model.live_avatar.planning.cost import Plan
from model.live_avatar.planning.counted_work import ATTAINED, PEAK, Shares
from model.live_avatar.planning.gpus import GIB, GPUS, Gpu, Pool
from model.live_avatar.planning.offload import NO_OFFLOAD
from model.live_avatar.planning.placement import ALONE, Placement
from model.live_avatar.planning.planner import Offer, Work, choose, offer_of
from model.live_avatar.planning.sizes import MODELS, PUBLISHED
from model.live_avatar.planning.speed_model import Layout, Rates, assumed_rates, estimate_speed
from model.live_avatar.planning.traffic import step_traffic

PAGE = Path(__file__).parents[1] / "docs" / "operations.md"
WIDTH, HEIGHT, NUM_STEPS = 704, 384, 4
LARGE, SMALL = (WIDTH, HEIGHT), (384, 256)
SEGMENTS = (768, 732)  # a minute of video, in segments of 16 clips as the usual ones
#: dollars for a card and hour: examples, to be replaced by what you pay
PRICES = {
    "4090": 0.40,
    "5090": 0.60,
    "L40S": 0.90,
    "A100-40": 1.10,
    "A100": 1.50,
    "H100": 2.50,
    "H200": 3.20,
    "B200": 5.00,
}
HOST_GIB = {64: 48, 128: 112}  # of a host with so many GB, what may be page-locked
_HOST_FREE = 1e9  # GB/s: a link that is never waited for


@dataclass(frozen=True)
class Ask:
    """One kind of card, and how it is asked.

    Attributes:
        card: its name.
        dtype: of the weights.
        count: of them in a machine.
        host_gib: of its memory that may be page-locked; None: any number.
        size: of the video, in pixels.
        is_compiled: with the setting ``compile``.
    """

    card: str
    dtype: str
    count: int = 1
    host_gib: int | None = None
    size: tuple[int, int] = (WIDTH, HEIGHT)
    is_compiled: bool = False

    @property
    def gpu(self) -> Gpu:
        """What its datasheet says."""
        return GPUS[self.card.lower()]

    @property
    def plan(self) -> Plan:
        """What is rendered."""
        return Plan(
            MODELS[PUBLISHED],
            *self.size,
            num_steps=NUM_STEPS,
            dtype=self.dtype,
            is_compiled=self.is_compiled,
        )

    def offer(self, placement: Placement | None = None) -> Offer | None:
        """The best for many videos, in this placement or any; None: nothing fits."""
        host = None if self.host_gib is None else self.host_gib * GIB
        return choose(*self._asked(ATTAINED), host, placement=placement).bulk

    def of(self, layout: Layout, shares: Shares) -> Offer:
        """A layout on a card that attains such shares of its peaks."""
        pool, works, rates = self._asked(shares)
        return offer_of(pool, layout.placement, layout.offload, works, rates)

    def _asked(self, shares: Shares) -> tuple[Pool, list[Work], dict[str, Rates]]:
        rates = {self.dtype: assumed_rates(self.gpu, self.dtype, shares)}
        return Pool(self.count, self.gpu), [Work(self.plan, SEGMENTS)], rates


def card_table() -> str:
    """Every card: what fits, how fast it is by count, and what a minute of video costs."""
    head = (
        "card",
        "dtype",
        "offloaded",
        "GiB on the card",
        "GiB page-locked",
        "FPS by count",
        "FPS at most",
        "s for a minute",
        "FPS compiled",
        "s compiled",
        "$ an hour",
        "$ for a minute",
    )
    rows = [_card_row(Ask(card, dtype)) for card in PRICES for dtype in ("bfloat16", "float8")]
    return _markdown(head, [row for row in rows if row])


def _card_row(ask: Ask) -> tuple[str, ...]:
    if ask.dtype == "float8" and not ask.gpu.has_float8:
        return ()
    offer, price = ask.offer(ALONE), PRICES[ask.card]
    if offer is None:
        return (ask.card, ask.dtype, "does not fit", *("",) * 7, f"{price:.2f}", "")
    compiled = replace(ask, is_compiled=True).of(offer.layout, ATTAINED)
    return (
        ask.card,
        ask.dtype,
        str(offer.layout.offload) or "nothing",
        f"{offer.fit.largest.memory.total / GIB:.1f}",
        f"{offer.fit.host_bytes / GIB:.0f}",
        f"{_fps(offer):.1f}",
        f"{_fps(ask.of(offer.layout, PEAK)):.1f}",
        f"{offer.engine_s:.0f}",
        f"{_fps(compiled):.1f}",
        f"{compiled.engine_s:.0f}",
        f"{price:.2f}",
        f"{offer.engine_s / 3600 * price:.3f}",
    )


def _fps(offer: Offer) -> float:
    return BLOCK_FRAMES / offer.paces[0].block_s


def transfer_table() -> str:
    """Small cards: what a layer computes, what it is brought for it, and what the host gives."""
    head = (
        "cards",
        "dtype",
        "size",
        "host",
        "engines",
        "offloaded",
        "a layer computed and gathered, ms",
        "a layer brought from the host, ms",
        "page-locked, all engines",
        "FPS of each",
    )
    asks = [
        Ask(card, dtype, count, HOST_GIB.get(gigabytes), size)
        for card, dtype in (("A10", "bfloat16"), ("4090", "bfloat16"), ("4090", "float8"))
        for count in (1, 4)
        for gigabytes, size in ((64, SMALL), (64, LARGE), (128, LARGE), (0, LARGE))
    ]
    return _markdown(head, [_transfer_row(ask) for ask in asks])


def _transfer_row(ask: Ask) -> tuple[str, ...]:
    named = {free: f"{size} GB" for size, free in HOST_GIB.items()}
    size = "{}x{}".format(*ask.size)
    known = (f"{ask.count}x{ask.card}", ask.dtype, size, named.get(ask.host_gib or 0, "any"))
    offer = ask.offer()
    if offer is None:
        return (*known, "none fits", *("",) * 5)
    config, placement = ask.plan.model.transformer, offer.layout.placement
    rates = assumed_rates(ask.gpu, ask.dtype)
    free = replace(rates, to_gpu_gbps=_HOST_FREE, to_host_gbps=_HOST_FREE)
    computing = estimate_speed(Layout(ask.plan, placement, NO_OFFLOAD), free).step_s
    offload = offer.layout.offload
    moved = step_traffic(offload, config, ask.plan.tokens, ask.dtype).inward
    copying = moved / placement.heads / (rates.to_gpu_gbps * 1e9)
    return (
        *known,
        f"{offer.num_engines}, `{placement}`",
        str(offload) or "nothing",
        f"{computing / config.num_layers * 1000:.1f}",
        f"{copying / config.num_layers * 1000:.1f}",
        f"{offer.num_engines * offer.fit.host_bytes / GIB:.0f} GiB",
        f"{_fps(offer):.2f}",
    )


def _markdown(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def with_tables(page: str) -> str:
    """The page with both tables as they are now, each behind the comment that names it."""
    for name, table in tables():
        mark = f"<!-- {name}: written by `make card-tables` -->\n\n"
        before, _, after = page.partition(mark)
        _, _, after = after.partition("\n\n")
        page = f"{before}{mark}{table}\n\n{after}"
    return page


def tables() -> Iterator[tuple[str, str]]:
    """Both, by name."""
    yield "cards", card_table()
    yield "transfers", transfer_table()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--print", action="store_true", help="print the tables, write nothing")
    if parser.parse_args().print:
        print("\n\n".join(table for _, table in tables()))
        return
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


assert sum(SEGMENTS) == 60 * FPS

if __name__ == "__main__":
    main()
