"""What a plan costs: the options that ask for it, and the lines that tell it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from tasks.gpu_plans.price import Price, Terms, VideoShare
    from tasks.recovery.night import NightWindow

_SLOWEST_SHOWN = 3


@dataclass(frozen=True)
class PriceRequest:
    """What was asked; money is only told at a price, and only ``is_fit`` leaves videos out."""

    gpu_hour_price: float | None = None
    budget: float | None = None
    deadline: datetime | None = None
    is_fit: bool = False
    window: "NightWindow | None" = None

    @property
    def has_terms(self) -> bool:
        """Whether something may be refused or left out."""
        return self.budget is not None or self.deadline is not None

    def terms(self, num_gpus: int) -> "Terms":
        """The same, for so many GPUs."""
        from tasks.gpu_plans.price import Terms

        return Terms(num_gpus, self.gpu_hour_price, self.budget, self.deadline, self.window)


NOT_ASKED = PriceRequest()


def with_terms(command: Any, *, writes: str = "render these") -> Any:
    """Add the options that say what it may cost and until when; read by ``price_asked``."""
    options = (
        click.option(
            "--gpu-hour-price",
            type=click.FloatRange(min=0),
            metavar="MONEY",
            help="Price of one GPU (or of this machine) for an hour, for --budget and the cost.",
        ),
        click.option(
            "--budget",
            type=click.FloatRange(min=0),
            metavar="MONEY",
            help="Refuse what costs more, with exit code 2.",
        ),
        click.option(
            "--deadline",
            metavar="TIME",
            help='Refuse what is finished later: 18:00, 2026-12-24 or "2026-12-24 18:00".',
        ),
        click.option(
            "--fit",
            is_flag=True,
            help="Instead of refusing, choose the videos that fit, by priority and by when they "
            f"are due, and {writes}.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def with_price(command: Any) -> Any:
    """Add these options and when work is done, for a plan; read by ``price_asked``."""
    options = (
        click.option(
            "--window",
            metavar="HH:MM-HH:MM",
            help="Tell when the campaign is finished if it renders only between these times.",
        ),
        click.option(
            "--timezone", default="UTC", show_default=True, help="Timezone of --window, --deadline."
        ),
    )
    for option in reversed(options):
        command = option(command)
    return with_terms(command, writes="write their names to fit.txt in the campaign's folder")


def price_asked(options: dict[str, Any]) -> PriceRequest:
    """What a command's options ask.

    Raises:
        click.UsageError: one of them has no use without another.
        CampaignError: a time cannot be read, or the deadline is over.
    """
    from tasks.gpu_plans.price import parse_deadline
    from tasks.recovery.night import parse_window

    if options["budget"] is not None and options["gpu_hour_price"] is None:
        raise click.UsageError("--budget needs --gpu-hour-price, which says what an hour costs")
    if options["fit"] and options["budget"] is None and options["deadline"] is None:
        raise click.UsageError("--fit needs --budget or --deadline: the videos must fit into one")
    # any window will do to have the timezone checked
    zone = parse_window(options["window"] or "00:00-00:01", options["timezone"]).zone
    deadline = options["deadline"]
    return PriceRequest(
        options["gpu_hour_price"],
        options["budget"],
        None if deadline is None else parse_deadline(deadline, zone, datetime.now(UTC)),
        options["fit"],
        parse_window(options["window"], options["timezone"]) if options["window"] else None,
    )


def price_lines(
    price: "Price", fit: "Price | None", videos: "Sequence[VideoShare]"
) -> Iterator[str]:
    """What a plan ends with; nothing where nothing is left to make."""
    from flows.progress import clock_of
    from tasks.errors import counted
    from tasks.gpu_plans.price import left_out_lines

    if not price.videos:
        return
    slowest = sorted(videos, key=lambda each: -each.seconds)[:_SLOWEST_SHOWN]
    told = ", ".join(f"{each.video_id} ({clock_of(each.seconds)})" for each in slowest)
    yield f"slowest: {told}"
    yield from _total(price)
    if fit is not None:
        yield from left_out_lines(fit)
        yield f"what fits: {counted(len(fit.videos), 'video')}"
        yield from _total(fit)
    else:
        yield from left_out_lines(price)


def _total(price: "Price") -> Iterator[str]:
    yield f"finished: {price.finish:%Y-%m-%d %H:%M} UTC, if it starts now"
    if price.money is not None:
        each = "" if price.money_per_video is None else f", {price.money_per_video:,.2f} a video"
        yield f"cost: {price.money:,.2f} in all{each}, for {price.gpu_hours:,.2f} hours"
