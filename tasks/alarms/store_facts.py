"""What stores say for alarms: of campaigns at work or of the last day. Nothing is read twice."""

import csv
import io
import shutil
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from tasks.alarms.facts import CampaignSeen, FailureSeen, GpuSeen, SegmentSeen
from tasks.errors import DamagedError, NewerRecordError
from tasks.records import CampaignRows, Failure, Record, SegmentReceipt, StoredPlan, VideoReceipt
from tasks.review.journal import read_journal
from tasks.review.ruling import ruling
from tasks.store.campaign_folder import S3_SCHEME, CampaignFolder
from tasks.store.entries import Listed

_Record = TypeVar("_Record", bound=Record)
_DAY = timedelta(days=1)
_FRESH = timedelta(minutes=10)
_LAST = timedelta(seconds=60)


class StoreWatch:
    """Looks at campaigns again and again; what has not changed is not read again."""

    def __init__(self) -> None:
        self._read: dict[tuple[str, str], tuple[Listed, Record | None]] = {}

    def campaign(
        self, folder: CampaignFolder, out: str, name: str, now: datetime
    ) -> CampaignSeen | None:
        """What there is to know of a campaign; None of one that has been quiet for a day."""
        listing = folder.listing()
        is_at_work = folder.is_at_work()
        recent = {n: each for n, each in listing.items() if each.modified > now - _DAY}
        work = [n for n in recent if n.startswith(("segments/", "videos/", "failures/", "plans/"))]
        if not work and not is_at_work:
            return None
        read = _Reading(self._read, folder, listing)
        rows = read.one("rows.json", CampaignRows)
        receipts = {r.video_id: r for r in read.all("videos/", VideoReceipt)}
        failures = [f for f in read.all("failures/", Failure) if f.video_id not in receipts]
        segments = {n for n in listing if n.startswith("segments/") and n.endswith(".json")}
        left = [
            segment.num_frames
            for stored in read.all("plans/", StoredPlan)
            if stored.plan.video_id not in receipts
            for segment in stored.plan.segments
            if f"segments/{segment.key[:2]}/{segment.key}.json" not in segments
        ]
        return CampaignSeen(
            out=out,
            campaign=name,
            is_at_work=is_at_work,
            num_videos=len(rows.rows) if rows else 0,
            num_finished=len(receipts),
            num_held=_num_held(folder, receipts),
            failures=tuple(
                FailureSeen(f.video_id, f.signature, datetime.fromisoformat(f.at)) for f in failures
            ),
            num_frames_left=sum(left),
            segments=tuple(_segments(read, sorted(segments & recent.keys()), listing)),
            gpus=tuple(_gpus(folder, listing, now)),
            day_bytes=sum(each.num_bytes for each in recent.values()),
        )


class _Reading:
    """Records of one campaign, read only where they changed."""

    def __init__(
        self,
        known: dict[tuple[str, str], tuple[Listed, Record | None]],
        folder: CampaignFolder,
        listing: Mapping[str, Listed],
    ) -> None:
        self._known, self._folder, self._listing = known, folder, listing

    def one(self, name: str, kind: type[_Record]) -> _Record | None:
        """A record; None where it is not there or cannot be read, which runs find and heal."""
        listed = self._listing.get(name)
        if listed is None:
            return None
        key = (self._folder.url, name)
        if key not in self._known or self._known[key][0] != listed:
            try:
                record = self._folder.read_record(name, kind)
            except (DamagedError, NewerRecordError):
                record = None
            self._known[key] = (listed, record)
        found = self._known[key][1]
        return found if isinstance(found, kind) else None

    def all(self, prefix: str, kind: type[_Record]) -> list[_Record]:
        """The records below a folder."""
        names = [n for n in self._listing if n.startswith(prefix) and n.endswith(".json")]
        return [record for name in names if (record := self.one(name, kind)) is not None]


def _num_held(folder: CampaignFolder, receipts: Mapping[str, VideoReceipt]) -> int:
    held = [receipt for receipt in receipts.values() if receipt.is_held]
    if not held:
        return 0
    decisions = read_journal(folder).by_video()
    return sum(not ruling(decisions.get(r.video_id, ()), r.file.sha256).verdict for r in held)


def _segments(read: _Reading, names: list[str], listing: Mapping[str, Listed]) -> list[SegmentSeen]:
    found: list[SegmentSeen] = []
    for name in names:
        receipt = read.one(name, SegmentReceipt)
        if receipt is not None:
            size = f"{receipt.media.width}x{receipt.media.height}"
            at = listing[name].modified
            seen = SegmentSeen(receipt.host, size, receipt.num_frames, receipt.engine_seconds, at)
            found.append(seen)
    return sorted(found, key=lambda each: each.at)


def _gpus(folder: CampaignFolder, listing: Mapping[str, Listed], now: datetime) -> list[GpuSeen]:
    """The last minute of every GPU whose samples are fresh."""
    found: dict[tuple[str, str], list[int]] = {}
    for name, listed in listing.items():
        if (
            name.startswith("logs/gpu/")
            and name.endswith(".csv")
            and listed.modified > now - _FRESH
        ):
            text = (folder.read_bytes(name) or b"").decode(errors="replace")
            rows = [row for row in csv.DictReader(io.StringIO(text)) if row.get("temperature_c")]
            last = max((datetime.fromisoformat(row["timestamp"]) for row in rows), default=None)
            for row in rows:
                if last is not None and datetime.fromisoformat(row["timestamp"]) > last - _LAST:
                    found.setdefault((row["host"], row["gpu"]), []).append(
                        int(row["temperature_c"])
                    )
    return [GpuSeen(host, gpu, min(each), len(each)) for (host, gpu), each in found.items()]


def free_bytes(out: str) -> int | None:
    """Space left on the disk of an output; None for a bucket."""
    return None if out.startswith(S3_SCHEME) else shutil.disk_usage(Path(out)).free
