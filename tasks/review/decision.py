"""One decision of a person, and what its action needs. Pure."""

import re
from typing import Literal, get_args

from pydantic import Field

from tasks.canonical_json import canonical_sha256
from tasks.records import Record

Action = Literal[
    "approve",
    "reject",
    "comment",
    "resolve",
    "seed",
    "script",
    "portrait",
    "drop",
    "withdraw",
]
ACTIONS: tuple[Action, ...] = get_args(Action)
CHANGES = frozenset(("seed", "script", "portrait"))
"""Actions that `nightshoot retry` carries out by making the video otherwise."""
TEXT_OF = {
    "reject": "the reason",
    "comment": "the comment",
    "resolve": "the id of the comment",
    "script": "the new script",
    "portrait": "the picture's file",
}
"""What the text of an action is, for those that need one."""
MAX_NAME_CHARS = 80
MAX_NOTE_CHARS = 4_000
_SHA256 = re.compile(r"[0-9a-f]{64}")
SEED_LIMIT = 2**32


class Decision(Record):
    """What one person decided of one file at one moment.

    It applies to the file with this sha256 and to no later rendering.
    """

    video_id: str
    action: Action
    looked_at: str = Field(
        description="sha256 of the finished file; of the plan where none was finished."
    )
    by: str = Field(description="Who.")
    at: str = Field(description="ISO 8601, UTC.")
    text: str = Field(
        default="",
        description="Reason, comment, id of a comment, seed, script, or name in `portraits/`.",
    )
    second: float | None = Field(default=None, ge=0, description="Of a comment.")
    segment: int | None = Field(
        default=None, ge=1, description="Of a seed, counted from 1; None: the whole video."
    )
    sample: tuple[str, ...] = Field(
        default=(), description="The videos that were watched, if this one was not."
    )
    rig: dict[str, object] | None = Field(default=None, description="Of a portrait.")

    @property
    def is_verdict(self) -> bool:
        """Whether it says what becomes of the video; comments do not."""
        return self.action not in ("comment", "resolve")

    @property
    def id(self) -> str:
        """Name of this decision; the same decision, however often it arrives, has one name."""
        return canonical_sha256(self.model_dump(mode="json"))[:16]


def is_sha256(text: str) -> bool:
    """Whether ``text`` is the hex digest of a file."""
    return _SHA256.fullmatch(text) is not None


def fresh_seed(looked_at: str, segment: int | None) -> int:
    """The seed of a new take of what was looked at: the same for everybody who asks for one."""
    return int(canonical_sha256({"looked_at": looked_at, "segment": segment})[:8], 16)
