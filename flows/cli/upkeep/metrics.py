"""`--metrics-port`, and the figures of a run on this machine."""

import os
import tempfile
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flows.metrics.textfile import metrics_folder

if TYPE_CHECKING:
    from flows.progress import ProgressView
    from flows.run import Source
    from tasks.records import VideoOutcome

_OPTION = "--metrics-port"

with_metrics_port = click.option(
    _OPTION,
    metavar="[HOST:]PORT",
    default="",
    help="Serve figures for Prometheus at http://HOST:PORT/metrics; without HOST, only this "
    "machine can read them. [default: none are served]",
)


@contextmanager
def metered(
    source: "Source", view: "ProgressView", port: str
) -> Generator[tuple["ProgressView", Callable[[Sequence["VideoOutcome"]], None]]]:
    """Tell the figures of a run where somebody asked for them: by the folder, or by the port.

    Yields:
        The view to run with, and what is to be called with the outcomes when the run has ended.

    Raises:
        MachineError: the port cannot be used.
    """
    place = metrics_folder(os.environ)
    if place is None and not port:
        yield view, _tell_nobody
        return
    from flows.metrics.campaign_metrics import CampaignMetrics
    from flows.metrics.endpoint import serving
    from flows.metrics.metered_view import MeteredView

    with ExitStack() as stack:
        if place is None:
            prefix = "nightshoot-metrics-"
            place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=prefix)))
        if port:
            stack.enter_context(serving(place, port, _OPTION))
        metrics = CampaignMetrics(source.campaign, source.folder, place)
        yield MeteredView(view, metrics), metrics.end


def _tell_nobody(outcomes: Sequence["VideoOutcome"]) -> None:
    del outcomes
