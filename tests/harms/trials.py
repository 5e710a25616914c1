"""Harms done to a finished campaign, several at once, and whether one more run ends well.

It ends well where every video is what it was, byte for byte, or where the run refuses, names a
harmed file and tells a way out that works. Those that are tried are those that messages tell: move
a folder away, remove a file, restore the decisions from a backup, run `nightshoot retry`.
"""

import random
import re
import subprocess
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

from tests.harms.harms import HARMS, Place
from tests.harms.stores import Files, Store

AT_ONCE = 12
_ROOMS = tuple(f"campaign/{room}/" for room in ("videos", "deliverables", "delivery"))
_SHIPPED = (".mp4", ".srt", ".vtt", ".ass", ".jpg", ".png", ".webp", ".gif")
# nothing is made anew that is finished: without them, what they were made of is needed
_STRIPPED = (
    (),
    ("campaign/videos",),
    ("campaign/videos", "campaign/segments", "campaign/deliverables"),
)
_STRIPS = (0, 0, 1, 1, 2)
_WAYS_OUT = re.compile(r"remove|move|restore|delete")
_JOURNAL = "decisions"

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@dataclass(frozen=True)
class Harmed:
    """One harm to be done: to which file, and what."""

    name: str
    harm: str


@dataclass(frozen=True)
class Batch:
    """Harms that are done at once.

    Attributes:
        harms: each to a file of another kind.
        strip: which of the finished files are removed too; a place in ``_STRIPPED``.
        seed: of what each harm draws, with its file's name: alone, it does the same.
    """

    harms: tuple[Harmed, ...]
    strip: int
    seed: int


@dataclass
class Subject:
    """A finished campaign.

    Attributes:
        store: where it is.
        render: the same command once more.
        retry: what a message may ask for: `nightshoot retry` and `deliver`.
        status: of its videos, and what was decided of them.
        whole: its files, before anything was harmed.
    """

    store: Store
    render: Run
    retry: Run
    status: Callable[[], object]
    whole: Files = field(default_factory=dict[str, bytes])

    def __post_init__(self) -> None:
        self.whole = self.store.files()
        self.shipped = shipped(self.whole)
        self.was = self.status()
        assert self.shipped, "a campaign without videos proves nothing"


def shipped(files: Files) -> Files:
    """What people get of a campaign."""
    return {
        name: data
        for name, data in files.items()
        if name.startswith(_ROOMS) and name.endswith(_SHIPPED) and "/." not in name
    }


def kinds(names: Sequence[str]) -> dict[str, list[str]]:
    """Names that differ in nothing but digests and rows, by what they have in common."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for name in sorted(names):
        kind = re.sub(r"[0-9a-f]{8,64}", "#", name)
        kind = re.sub(r"/[0-9a-f]{2}/", "/", kind)
        found[re.sub(r"v\d(--[a-z]+)?(?=[.-])", "v", kind)].append(name)
    return dict(found)


def batches(files: Files, seed: int) -> Iterator[Batch]:
    """Every harm to every kind of file, in an order of its own for each seed."""
    draw = random.Random(seed)
    by_kind = kinds(list(files))
    left = [(kind, harm) for kind in by_kind for harm in HARMS]
    draw.shuffle(left)
    while left:
        taken: dict[str, Harmed] = {}
        for kind, harm in list(left):
            if kind not in taken and len(taken) < AT_ONCE:
                taken[kind] = Harmed(draw.choice(by_kind[kind]), harm)
                left.remove((kind, harm))
        yield Batch(tuple(taken.values()), draw.choice(_STRIPS), draw.randrange(1 << 32))


def faults(subject: Subject, batch: Batch) -> list[str]:
    """What a batch of harms ends in that it must not; empty where all is well."""
    done = _harm(subject, batch)
    harmed = _changed(subject, subject.whole)
    if not harmed:
        return []
    for room in _STRIPPED[batch.strip]:
        subject.store.remove(room)
    ended, found = _followed(subject, harmed)
    wrong = _changed(subject, subject.shipped)
    if not ended.returncode and wrong and "nightshoot retry" in ended.stdout:
        ended = subject.retry()
        wrong = _changed(subject, subject.shipped)
    if ended.returncode:
        found.append(f"the ways out lead nowhere: {_tail(ended)}")
    elif wrong:
        found.append(f"not what they were: {', '.join(wrong[:4])}; {_tail(ended)}")
    elif (now := subject.status()) != subject.was:
        found.append(f"the status is {now}, it was {subject.was}")
    return [f"{'; '.join(done)}, strip {batch.strip}, seed {batch.seed}: {each}" for each in found]


def _followed(
    subject: Subject, left: list[str]
) -> tuple["subprocess.CompletedProcess[str]", list[str]]:
    """The last run, once what the runs tell has been done, and what they told badly."""
    ended = subject.render()
    found = _tracebacks(ended)
    while ended.returncode:
        named = _named(left, ended)
        if not named:
            return ended, [*found, f"refused without naming a harmed file: {_tail(ended)}"]
        for name in named:
            left.remove(name)
            if not (subject.store.is_folder(name) or _WAYS_OUT.search(_refusal(ended))):
                found.append(f"no way out is told: {_tail(ended)}")
            subject.store.remove(name)
            if f"/{_JOURNAL}" in name:
                subject.store.write(name, subject.whole[name])
        ended = subject.render()
        found += _tracebacks(ended)
    return ended, found


def alone(subject: Subject, batch: Batch) -> list[str]:
    """The faults of a batch, told by as few harms as halving it leads to."""
    found = faults(subject, batch)
    if not found or len(batch.harms) == 1:
        return found
    middle = len(batch.harms) // 2
    halves = (batch.harms[:middle], batch.harms[middle:])
    fewer = [
        each for half in halves for each in alone(subject, Batch(half, batch.strip, batch.seed))
    ]
    return fewer or found


def _harm(subject: Subject, batch: Batch) -> list[str]:
    subject.store.put_back(subject.whole)
    by_kind = kinds(list(subject.whole))
    done: list[str] = []
    for each in batch.harms:
        siblings = next(names for names in by_kind.values() if each.name in names)
        others = tuple(name for name in siblings if name != each.name)
        draw = random.Random(f"{batch.seed} {each.name}")
        place = Place(subject.store, subject.whole, each.name, others, draw)
        if told := HARMS[each.harm](place):
            done.append(f"{each.name} ({told})")
    return done


def _changed(subject: Subject, files: Files) -> list[str]:
    now = subject.store.files()
    return [name for name, data in files.items() if now.get(name) != data]


def _named(names: Sequence[str], ended: "subprocess.CompletedProcess[str]") -> list[str]:
    told = _refusal(ended)
    return [name for name in names if PurePath(name).name in told]


def _refusal(ended: "subprocess.CompletedProcess[str]") -> str:
    """Without the notes, which name what was healed."""
    lines = (ended.stdout + ended.stderr).splitlines()
    return "\n".join(line for line in lines if not line.startswith("note: "))


def _tracebacks(ended: "subprocess.CompletedProcess[str]") -> list[str]:
    told = ended.stdout + ended.stderr
    is_unforeseen = "Traceback" in told or "logs/rows" in told
    return [f"a traceback: {_tail(ended)}"] if is_unforeseen else []


def _tail(ended: "subprocess.CompletedProcess[str]") -> str:
    return f"exit code {ended.returncode}: {(ended.stdout + ended.stderr)[-900:]}"
