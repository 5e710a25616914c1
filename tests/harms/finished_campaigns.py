"""Small campaigns that have a file of every kind: what each is made of, and what was decided."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from tests.integration.campaigns import ROOT, write_portrait
from tests.integration.test_layouts_campaign import write_clip

_QUICK = "null,96x64,quick,1"


@dataclass(frozen=True)
class Made:
    """What a campaign is made of.

    Attributes:
        lines: of its manifest.
        options: of the command.
        decisions: commands that follow the first render, without ``--out``.
    """

    lines: tuple[str, ...]
    options: tuple[str, ...] = ()
    decisions: tuple[tuple[str, ...], ...] = ()

    def write(self, folder: Path) -> Path:
        """The manifest."""
        manifest = folder / "campaign.csv"
        manifest.write_text("\n".join(self.lines) + "\n")
        return manifest


def recordings(folder: Path) -> Made:
    """Two files, one with the script that it says."""
    write_portrait(folder / "face.png")
    pcm, rate = soundfile.read(ROOT / "manifests" / "recordings" / "otto-welcome.wav")
    soundfile.write(folder / "w.wav", pcm[: int(2.6 * rate)], rate)
    soundfile.write(folder / "x.flac", pcm[2 * rate : int(4.4 * rate)], rate)
    return Made(
        (
            "video_id,audio,script,portrait,engine,size,preset,segment_clips",
            f'v0,w.wav,"Welcome to Fernlight. My name is Otto",face.png,{_QUICK}',
            f"v1,x.flac,,face.png,{_QUICK}",
        )
    )


def formats(folder: Path) -> Made:
    """Films with a layout, an intro, music, burned captions, other sizes and teasers."""
    write_portrait(folder / "face.png")
    write_clip(folder / "intro.mp4", "red", 0.4)
    (folder / "brand.toml").write_text('layout = "beside"\n[intro]\nfile = "intro.mp4"\n')
    rate = 22050
    tone = np.sin(2 * np.pi * 220 * np.arange(3 * rate) / rate)
    soundfile.write(folder / "music.wav", 0.2 * tone, rate)
    shutil.copy(ROOT / "manifests" / "products" / "lamp.png", folder)
    own = "deliver,product_image,headline,music,teaser"
    return Made(
        (
            f"video_id,script,portrait,engine,size,preset,segment_clips,{own}",
            f'v0,"A lamp at night. Good night.",face.png,{_QUICK},108x192 192x108,lamp.png,A lamp,'
            "music.wav,webp",
            f'v1,"Another lamp. Bye.",face.png,{_QUICK},96x96,lamp.png,A lamp,,gif',
        ),
        ("--captions", "both"),
    )


def personal(folder: Path) -> Made:
    """Names, a presenter, a word that is said in another way, and variants of a row."""
    write_portrait(folder / "face.png")
    (folder / "lexicon.csv").write_text("word,say\nlamp,lahmp\n")
    (folder / "presenters.toml").write_text(
        '[ann]\nportrait = "face.png"\nvoices = { en = "hibari" }\n'
    )
    (folder / "variants.toml").write_text(
        '[sizes]\nwide = { size = "96x64" }\ntall = { size = "64x96" }\n'
    )
    own = "name,name_say,variants"
    return Made(
        (
            f"video_id,script,presenter,engine,size,preset,segment_clips,{own}",
            'v0,"Hello {{name}}! A lamp.",ann,null,,quick,1,Siobhan,Shivawn,sizes',
            'v1,"Bye {{name}}. Night.",ann,null,96x64,quick,1,Ben,,',
        )
    )


def plain(folder: Path) -> Made:
    """Two scripts."""
    write_portrait(folder / "face.png")
    return Made(
        (
            "video_id,script,portrait,engine,size,preset,segment_clips",
            f'v0,"Number one. A lamp at night.",face.png,{_QUICK}',
            f'v1,"Number two. Good night.",face.png,{_QUICK}',
        )
    )


def previews(folder: Path) -> Made:
    """Presenters with rigs, drawn by the preview engine; changed, commented and delivered."""
    for name in ("mara", "otto"):
        for suffix in (".png", ".rig.json"):
            shutil.copy(ROOT / "manifests" / "portraits" / f"{name}{suffix}", folder)
    size = "hibari,224x160,quick,1"
    return Made(
        (
            "video_id,script,portrait,voice,size,preset,segment_clips",
            f'v0,"Hello there. A lamp.",mara.png,{size}',
            f'v1,"A second one. Bye.",otto.png,{size}',
            f'v2,"A third. Good night.",otto.png,{size}',
        ),
        decisions=(
            ("decide", "campaign", "v0", "--script", "Another text.", "--as", "Ann"),
            ("decide", "campaign", "v1", "--new-seed", "--as", "Ann"),
            ("decide", "campaign", "v2", "--comment", "Nice", "--at", "0:01", "--as", "Ann"),
            ("retry", "campaign", "--here"),
            ("decide", "campaign", "v0", "--approve", "--as", "Ben"),
            ("decide", "campaign", "v1", "--reject", "too fast", "--as", "Ben"),
            ("decide", "campaign", "v2", "--approve", "--as", "Ben"),
            ("deliver", "campaign"),
        ),
    )


CAMPAIGNS: Sequence[Callable[[Path], Made]] = (recordings, formats, personal, plain, previews)
