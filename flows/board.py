"""What a campaign shows in Prefect's UI: a bar, a table, and what failed with the way out."""

import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import cast
from uuid import UUID

from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)

from flows.patience import patiently
from tasks.records import VideoOutcome

_EVERY_S = 30.0
_MAX_ROWS = 500
_NOT_IN_KEYS = re.compile(r"[^a-z0-9]+")


class Board:
    """The artifacts of one campaign; the table is renewed every half minute while it changes."""

    def __init__(self, campaign: str, num_videos: int) -> None:
        self._slug = _NOT_IN_KEYS.sub("-", campaign.lower()).strip("-") or "campaign"
        self._campaign, self._num_videos = campaign, num_videos
        self._progress: UUID | None = None
        self._shown: Sequence[Mapping[str, object]] = ()
        self._shown_at = float("-inf")

    def show(self, rows: Sequence[Mapping[str, object]], *, is_last: bool = False) -> None:
        """Renew what people see, if it is time and something changed."""
        now = time.monotonic()
        if not is_last and (now - self._shown_at < _EVERY_S or rows == self._shown):
            return
        self._shown, self._shown_at = list(rows), now
        counts = Counter(str(row["state"]) for row in rows)
        told = ", ".join(f"{number} {state}" for state, number in counts.most_common())
        percent = 100.0 * (counts["done"] + counts["failed"] + counts["quarantined"])
        self._move_bar(min(100.0, percent / max(1, self._num_videos)), told)
        # the unfinished ones first: they are what somebody looks for
        order = {"failed": 0, "quarantined": 0, "running": 1, "waiting": 2, "carried over": 2}
        table = sorted(rows, key=lambda row: order.get(str(row["state"]), 3))[:_MAX_ROWS]
        patiently(
            lambda: create_table_artifact(
                [dict(row) for row in table],
                key=f"{self._slug}-videos",
                description=f"{self._campaign}: {told}",
            )
        )

    def _move_bar(self, percent: float, told: str) -> None:
        if self._progress is None:
            made = patiently(
                lambda: create_progress_artifact(
                    percent, key=f"{self._slug}-progress", description=told
                )
            )
            self._progress = cast("UUID", made)  # it is a coroutine in async flows only
            return
        bar = self._progress
        patiently(lambda: update_progress_artifact(bar, percent, description=told))

    def tell_failures(self, outcomes: Sequence[VideoOutcome], retry: str, halted: str) -> None:
        """The failure report, if something failed, with the exact command that tries again."""
        failed = [each for each in outcomes if each.status in ("failed", "quarantined")]
        if not failed and not halted:
            return
        patiently(
            lambda: create_markdown_artifact(
                failure_report(self._campaign, failed, retry, halted),
                key=f"{self._slug}-failures",
                description=f"{self._campaign}: {len(failed)} videos failed",
            )
        )


def failure_report(
    campaign: str, failed: Sequence[VideoOutcome], retry: str, halted: str = ""
) -> str:
    """Markdown: what failed, why, the way out, and the command that tries again."""
    lines = [f"# {campaign}: {len(failed)} videos failed", ""]
    if halted:
        lines += [f"**{_cell(halted)}**", ""]
    lines += ["Try again, once what they share is put right:", "", "```", retry, "```", ""]
    if failed:
        lines += ["| video | line | state | why | way out |", "|---|---|---|---|---|"]
    lines += [
        f"| {each.video_id} | {each.line} | {each.status} | {_cell(each.error)} "
        f"| {_cell(each.way_out)} |"
        for each in failed
    ]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    """Text that stays inside a Markdown cell and is shown as it is."""
    for sign in "\\`*_{}[]<>|#":
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.split())
