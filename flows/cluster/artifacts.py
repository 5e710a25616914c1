"""What a campaign shows in Prefect's UI: a bar, a table, what failed, and where its videos are.

Cells of a table are plain text there: no link in them can be clicked. Outputs are folders and s3://
addresses, which no browser opens. Where a web server shows the output, NIGHTSHOOT_RENDERS_URL says
at which address, and report and videos are links; without it, their places are told.
"""

import json
import os
import re
import shlex
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import cast
from urllib.parse import quote
from uuid import UUID

from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import ArtifactUpdate

from flows.cluster.api_client import outlast_restarts
from flows.metrics.campaign_metrics import CampaignMetrics
from model.errors import CampaignError
from tasks.errors import counted
from tasks.records import FINISHED, VideoOutcome

RENDERS_URL_VARIABLE = "NIGHTSHOOT_RENDERS_URL"
Row = Mapping[str, object]

_EVERY_S = 30.0
# an update is an event with the whole table in it, kept for a week: 10 MB a night at 500 rows
_EVERY_S_PER_ROW = 0.5
_MAX_ROWS = 500
_ENDED = ("done", "held", "failed", "quarantined")
# what somebody looks for comes first
_ORDER = {"held": 0, "failed": 0, "quarantined": 0, "running": 1, "waiting": 2, "pending": 2}
_NOT_IN_KEYS = re.compile(r"[^a-z0-9]+")
_MARKDOWN_SIGNS = re.compile(r"([\\`*_{}\[\]<>|#~&$!])")


class RunArtifacts:
    """The artifacts of one campaign run; each is made once, then renewed while it changes."""

    def __init__(self, campaign: str, out: str, num_videos: int, metrics: CampaignMetrics) -> None:
        self._metrics = metrics
        self._slug = key_of(campaign)
        self._links = Links(out, os.environ)
        self._campaign, self._out, self._num_videos = campaign, out, num_videos
        self._bar: UUID | None = None
        self._table: UUID | None = None
        self._shown: Sequence[Row] = []
        self._shown_at = float("-inf")

    def show(self, rows: Callable[[], Sequence[Row]]) -> None:
        """Renew what people see, if it is time and something changed."""
        if is_due(time.monotonic() - self._shown_at, len(self._shown)):
            seen = rows()
            self._metrics.show(seen)
            self._show(seen)

    def end(self, outcomes: Sequence[VideoOutcome], halted: str, report: str | None) -> None:
        """Show how every row ended, where the videos are and, if one failed, the failures."""
        self._metrics.end(outcomes)
        self._show([ended_row(outcome) for outcome in outcomes])
        if report:
            self._show_places(outcomes, report)
        failed = [each for each in outcomes if each.status in ("held", "failed", "quarantined")]
        if not failed and not halted:
            return
        retry = retry_command(self._campaign, self._out)
        outlast_restarts(
            lambda: create_markdown_artifact(
                failure_report(self._campaign, failed, retry, halted),
                key=f"{self._slug}-failures",
                description=f"{self._campaign}: {_ended_badly(failed)}",
            )
        )

    def _show_places(self, outcomes: Sequence[VideoOutcome], report: str) -> None:
        page = places_page(self._campaign, report, outcomes, self._links)
        outlast_restarts(
            lambda: create_markdown_artifact(
                page,
                key=f"{self._slug}-report",
                description=f"{self._campaign}: report and videos",
            )
        )

    def _show(self, rows: Sequence[Row]) -> None:
        if not rows or rows == self._shown:
            return
        self._shown, self._shown_at = rows, time.monotonic()
        told = log_lines(rows)
        self._show_bar(percent_of(rows, self._num_videos), told)
        self._show_table(table_of(rows), f"{self._campaign}: {told}")

    def _show_bar(self, percent: float, told: str) -> None:
        bar = self._bar
        if bar is not None:
            outlast_restarts(lambda: update_progress_artifact(bar, percent, description=told))
            return
        made = outlast_restarts(
            lambda: create_progress_artifact(
                percent, key=f"{self._slug}-progress", description=told
            )
        )
        self._bar = cast("UUID", made)  # it is a coroutine in async flows only

    def _show_table(self, table: list[dict[str, object]], told: str) -> None:
        shown = self._table
        if shown is not None:
            update = ArtifactUpdate(data=json.dumps(table), description=told)
            with get_client(sync_client=True) as client:
                outlast_restarts(lambda: client.update_artifact(shown, update))
            return
        made = outlast_restarts(
            lambda: create_table_artifact(table, key=f"{self._slug}-videos", description=told)
        )
        self._table = cast("UUID", made)


class Links:
    """From places in an output to addresses that a browser opens.

    Raises:
        CampaignError: NIGHTSHOOT_RENDERS_URL is no web address.
    """

    def __init__(self, out: str, environ: Mapping[str, str]) -> None:
        self._out, self._base = out.rstrip("/"), environ.get(RENDERS_URL_VARIABLE, "").rstrip("/")
        if self._base and not self._base.startswith(("http://", "https://")):
            raise CampaignError(
                f'{RENDERS_URL_VARIABLE}="{self._base}" must be the http:// or https:// address '
                f"at which {out} is served; correct it where the CPU worker is started, or unset it"
            )

    def shown(self, place: str, text: str) -> str:
        """A place as Markdown: a link with this text, or the place itself."""
        if not self._base or not place.startswith(f"{self._out}/"):
            return f"{_escaped(text)}: {_escaped(place)}" if text != place else _escaped(place)
        return f"[{_escaped(text)}]({self._base}{quote(place.removeprefix(self._out))})"


def places_page(campaign: str, report: str, outcomes: Sequence[VideoOutcome], links: Links) -> str:
    """Markdown: where a campaign's report and its finished videos are."""
    made = [each for each in outcomes if each.status in FINISHED and each.path]
    lines = [f"# {_escaped(campaign)}: {_count(made)}", "", links.shown(report, "report"), ""]
    lines += [f"- {links.shown(each.path or '', each.video_id)}" for each in made[:_MAX_ROWS]]
    if len(made) > _MAX_ROWS:
        lines += ["", f"The report shows {len(made) - _MAX_ROWS} more."]
    return "\n".join(lines) + "\n"


def show_refusal(campaign: str, faults: Sequence[str]) -> None:
    """What is wrong with a manifest or its options, where the failures of a campaign are shown."""
    told = counted(len(faults), "problem")
    outlast_restarts(
        lambda: create_markdown_artifact(
            refusal_page(campaign, faults),
            key=f"{key_of(campaign)}-failures",
            description=f"{campaign}: refused before rendering, {told}",
        )
    )


def refusal_page(campaign: str, faults: Sequence[str]) -> str:
    """Markdown: every fault in a line of its own, and what to do then."""
    told = counted(len(faults), "problem")
    lines = [f"# {_escaped(campaign)}: {told}, nothing was rendered", ""]
    lines += [f"- {_escaped(fault)}" for fault in faults]
    lines += ["", "Correct them, then submit the campaign again; a schedule tries again by itself."]
    return "\n".join(lines) + "\n"


def key_of(campaign: str) -> str:
    """A campaign's name as artifacts' keys may be: lower case letters, digits and dashes."""
    return _NOT_IN_KEYS.sub("-", campaign.lower()).strip("-") or "campaign"


def is_due(seconds: float, num_rows: int) -> bool:
    """Whether so long after the last time a table of so many rows may be shown anew."""
    return seconds >= max(_EVERY_S, _EVERY_S_PER_ROW * min(num_rows, _MAX_ROWS))


def retry_command(campaign: str, out: str) -> str:
    """What to type to try again; a shell takes every name as it is."""
    return shlex.join(["nightshoot", "retry", campaign, "--out", out])


def ended_row(outcome: VideoOutcome) -> Row:
    """The row of a video that is done, has failed or was left for another night."""
    count = f"{outcome.num_segments_rendered} of {outcome.num_segments} rendered"
    return {
        "video": outcome.video_id,
        "state": outcome.status,
        "segments": count if outcome.status in FINISHED else "",
        "engine seconds": round(outcome.engine_seconds, 1),
        # one column: of two long ones the pages cut the second off
        "output": outcome.error or outcome.path or "; ".join(outcome.warnings),
    }


def open_row(video_id: str, num_found: int, num_segments: int, *, is_started: bool) -> Row:
    """The row of a video whose run waits or is at work; segments found before it began."""
    return {
        "video": video_id,
        "state": "running" if is_started else "waiting",
        "segments": f"{num_found} of {num_segments} found",
        "engine seconds": 0.0,
        "output": "",
    }


def log_lines(rows: Sequence[Row]) -> str:
    """``3 done, 1 failed``: the states and how many videos are in each, most first."""
    counts = Counter(str(row["state"]) for row in rows)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{number} {state}" for state, number in ordered)


def percent_of(rows: Sequence[Row], num_videos: int) -> float:
    """How much of the campaign has ended, one way or the other; whole percents."""
    num_ended = sum(row["state"] in _ENDED for row in rows)
    return float(100 * num_ended // max(1, num_videos, num_ended))


def table_of(rows: Sequence[Row]) -> list[dict[str, object]]:
    """The rows people see: what failed, then what is under way, then the rest; 500 at most."""
    ordered = sorted(rows, key=lambda row: _ORDER.get(str(row["state"]), len(_ORDER)))
    return [dict(row) for row in ordered[:_MAX_ROWS]]


def failure_report(
    campaign: str, failed: Sequence[VideoOutcome], retry: str, halted: str = ""
) -> str:
    """Markdown: what failed, why, the way out, and the command that tries again."""
    lines = [f"# {_escaped(campaign)}: {_ended_badly(failed)}", ""]
    if halted:
        lines += [f"**{_escaped(halted)}**", ""]
    if halted or any(each.status != "held" for each in failed):
        lines += ["Correct the cause, then try again with:", "", "```sh", retry, "```", ""]
    name = _escaped(campaign)
    lines += [
        f"Each run keeps its logs: {name}/VIDEO those of a video, {name} those of its preparation.",
        "",
    ]
    if failed:
        lines += ["| video | line | state | reason | what to do |", "|---|---|---|---|---|"]
    lines += [
        f"| {each.video_id} | {each.line} | {each.status} | {_escaped(each.error)} "
        f"| {_escaped(each.way_out)} |"
        for each in failed[:_MAX_ROWS]
    ]
    if len(failed) > _MAX_ROWS:
        lines += ["", f"The campaign's report lists {len(failed) - _MAX_ROWS} more."]
    return "\n".join(lines) + "\n"


def _ended_badly(videos: Sequence[VideoOutcome]) -> str:
    held = [each for each in videos if each.status == "held"]
    told = f"{_count(videos[: len(videos) - len(held)])} failed"
    return f"{_count(held)} held, {told}" if held else told


def _count(videos: Sequence[VideoOutcome]) -> str:
    return counted(len(videos), "video")


def _escaped(text: str) -> str:
    """Text that Markdown shows as it is, in one line and inside a table's cell."""
    return " ".join(_MARKDOWN_SIGNS.sub(r"\\\1", text).split())
