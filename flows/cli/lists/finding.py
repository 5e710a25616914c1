"""What lies in an output: its campaigns, and the videos that used something."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table
from rich.text import Text

from flows.stored import StoredCampaign
from model.errors import CampaignError
from tasks.errors import DamagedError, NewerRecordError, counted
from tasks.portrait.picture import PortraitReader, portrait_sha256
from tasks.records import Record, StoredPlan
from tasks.redaction import printable
from tasks.speech_records import Speech
from tasks.store.campaign_folder import CampaignFolder
from tasks.store.campaigns import campaigns_in, open_campaign
from tasks.store.files import file_version


class CampaignLine(Record):
    """A campaign of an output, as `nightshoot status` lists it."""

    campaign: str
    num_videos: int
    num_done: int
    num_failed: int
    num_pending: int
    is_at_work: bool
    problem: str = ""


class FoundVideo(Record):
    """A video that used what was looked for."""

    campaign: str
    video_id: str
    line: int
    voice: str
    script: str
    portrait: str


@dataclass(frozen=True)
class Wanted:
    """What a video must have; None matches all."""

    script: str | None
    voice: str | None
    portraits: frozenset[str] | None

    @classmethod
    def of(cls, script: str | None, voice: str | None, portrait: Path | None) -> "Wanted":
        """With the digests that a plan may have of the portrait's pixels.

        Raises:
            PortraitError: the file is no picture.
        """
        if portrait is None:
            return cls(script, voice, None)
        picture = PortraitReader().read(portrait, file_version(portrait))
        readings = (picture.pixels, picture.unmanaged)
        digests = frozenset(portrait_sha256(each) for each in readings if each is not None)
        return cls(script, voice, digests)

    def matches(self, plan: StoredPlan, speech: Speech, script: str) -> bool:
        """Whether a planned video has all of it."""
        said = self.script is None or _folded(self.script) in _folded(script)
        voiced = self.voice is None or speech.voice == self.voice
        return (
            said
            and voiced
            and (self.portraits is None or plan.plan.portrait_sha256 in self.portraits)
        )


def campaign_lines(out: str | Path) -> list[CampaignLine]:
    """Every campaign of an output, with how its videos stand.

    Raises:
        CampaignError: there is none, or the output cannot be read.
    """
    names = campaigns_in(out)
    if not names:
        raise CampaignError(f"{out}: there is no campaign here; check --out, or render a manifest")
    return [_line_of(out, name) for name in names]


def _line_of(out: str | Path, name: str) -> CampaignLine:
    folder = open_campaign(out, name)
    try:
        outcomes = StoredCampaign(folder, name).outcomes()
    except (CampaignError, NewerRecordError) as error:
        return CampaignLine(
            campaign=name,
            num_videos=0,
            num_done=0,
            num_failed=0,
            num_pending=0,
            is_at_work=False,
            problem=str(error),
        )
    counts = Counter(each.status for each in outcomes)
    return CampaignLine(
        campaign=name,
        num_videos=len(outcomes),
        num_done=counts["done"],
        num_failed=counts["failed"] + counts["quarantined"],
        num_pending=counts["pending"] + counts["running"],
        is_at_work=folder.is_at_work(),
    )


def campaigns_table(lines: Sequence[CampaignLine]) -> Table:
    """What `nightshoot status` prints without a name."""
    table = Table("campaign", box=None)
    for name in ("videos", "done", "failed", "to do"):
        table.add_column(name, justify="right")
    table.add_column("")
    for each in lines:
        counts = (each.num_videos, each.num_done, each.num_failed, each.num_pending)
        told = printable(each.problem) or ("a run is at work" if each.is_at_work else "")
        table.add_row(Text(printable(each.campaign)), *map(str, counts), Text(told))
    return table


def found_in(out: str | Path, campaign: str | None, wanted: Wanted) -> Iterator[FoundVideo]:
    """The planned videos of one campaign, or of all of an output, that match.

    Raises:
        CampaignError: there is no such campaign, or none at all.
    """
    names = [campaign] if campaign else campaigns_in(out)
    if not names:
        raise CampaignError(f"{out}: there is no campaign here; check --out, or render a manifest")
    for name in names:
        folder = open_campaign(out, name)
        if not campaign and folder.read_bytes("rows.json") is None:
            continue  # never rendered
        for row in StoredCampaign(folder, name).rows:
            found = _found(folder, name, row.video_id, wanted)
            if found is not None:
                yield found


def _found(
    folder: CampaignFolder, campaign: str, video_id: str, wanted: Wanted
) -> FoundVideo | None:
    try:
        stored = folder.read_plan(video_id)
        speech = stored and folder.read_record(f"speech/{stored.plan.speech_id}.json", Speech)
    except (DamagedError, NewerRecordError):
        return None  # `sweep --verify` and `status` tell of it
    if not stored or not speech:
        return None
    script = " ".join(cue.text for cue in speech.cues)
    if not wanted.matches(stored, speech, script):
        return None
    return FoundVideo(
        campaign=campaign,
        video_id=video_id,
        line=stored.line,
        voice=speech.voice,
        script=script,
        portrait=stored.plan.portrait,
    )


def found_table(found: Sequence[FoundVideo]) -> Table | Text:
    """What `nightshoot find` prints."""
    if not found:
        return Text("no planned video matches")
    table = Table("campaign", "video", "voice", "script", box=None, caption_justify="left")
    for each in found:
        script = each.script if len(each.script) <= 60 else each.script[:59] + "…"
        cells = (each.campaign, each.video_id, each.voice, script)
        table.add_row(*(Text(printable(cell)) for cell in cells))
    table.caption = counted(len(found), "video")
    return table


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def campaigns_json(lines: Sequence[CampaignLine]) -> str:
    """The same for programs."""
    return json.dumps([each.model_dump() for each in lines], indent=1)
