"""Small campaigns for the tests: manifests with the null engine, and what they leave behind."""

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

ROOT = Path(__file__).parents[2]
# a plan for weights that are not here is one of rows and segments alone: no engine is timed for it
UNTIMED = {"NIGHTSHOOT_WEIGHTS": "", "NIGHTSHOOT_WEIGHTS_ID": "0123abcd"}
SENTENCE = "This is a short sentence about a lamp that lights by itself at night."


@dataclass(frozen=True)
class Finished:
    """A campaign that was rendered by one worker without any trouble; never changed by a test."""

    manifest: Path
    root: Path

    def copied_to(self, folder: Path) -> Path:
        """Its store in ``folder/campaign`` and its manifest in ``folder/in``, to be harmed."""
        shutil.copytree(self.root, folder / "campaign")
        shutil.copytree(self.manifest.parent, folder / "in")
        return folder / "in" / self.manifest.name


def share_clauses(arguments: Sequence[object], clauses: Path) -> None:
    """Let the command find there what was spoken before, and keep there what it speaks.

    Nothing where its ``--out`` is not on this machine's disk, or where it has sounds of its own.
    """
    speaking = ("render", "plan", "proof", "retry", "submit")
    if arguments[0] not in speaking or "--out" not in arguments:
        return
    out = str(arguments[list(arguments).index("--out") + 1])
    shared = Path(out) / "speech" / "clauses"
    if "://" in out or shared.exists():
        return
    shared.parent.mkdir(parents=True, exist_ok=True)
    shared.symlink_to(clauses)


def write_portrait(path: Path, seed: int = 1) -> Path:
    """A picture without a face: so wide that a search sees it in 23 tiles, a square one in 95."""
    rng = np.random.default_rng(seed)
    small = rng.integers(40, 200, (16, 48, 3), np.uint8)
    assert cv2.imwrite(str(path), cv2.resize(small, (288, 96), interpolation=cv2.INTER_CUBIC))
    return path


def write_campaign(
    folder: Path, num_videos: int = 2, num_sentences: int = 4, engine: str = "null"
) -> Path:
    """A manifest whose videos all say something else; returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    write_portrait(folder / "face.png")
    lines = ["video_id,script,portrait,engine,size,preset"]
    for number in range(num_videos):
        script = " ".join(f"Number {number}. {SENTENCE}" for _ in range(num_sentences))
        lines.append(f'v{number},"{script}",face.png,{engine},96x64,quick')
    manifest = folder / "campaign.csv"
    manifest.write_text("\n".join(lines) + "\n")
    return manifest


def write_short_campaign(folder: Path, num_videos: int = 2) -> Path:
    """The same where five seconds in three segments, of 48 frames each, are enough."""
    folder.mkdir(parents=True, exist_ok=True)
    write_portrait(folder / "face.png")
    lines = ["video_id,script,portrait,engine,size,preset,segment_clips"]
    for number in range(num_videos):
        script = f"Number {number}. A lamp at night. Good night."
        lines.append(f'v{number},"{script}",face.png,null,96x64,quick,1')
    manifest = folder / "campaign.csv"
    manifest.write_text("\n".join(lines) + "\n")
    return manifest


def receipts(root: Path) -> dict[str, dict]:
    """Segment receipts by key."""
    # what is being written begins with a dot
    whole = root.glob("segments/*/[!.]*.json")
    return {path.stem: json.loads(path.read_text()) for path in whole}


def video_digests(root: Path) -> dict[str, str]:
    """sha256 of every finished video and caption file."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted((root / "videos").iterdir())
        if path.suffix in (".mp4", ".srt", ".vtt")
    }


def start(arguments: list[object], env: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    """The command line, running."""
    with log.open("ab") as file:
        return subprocess.Popen(
            [sys.executable, "-m", "flows.cli", *map(str, arguments)],
            cwd=ROOT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
        )
