"""Commands that need no campaign: test the installation, list voices, look at files."""

import json
from pathlib import Path
from typing import Any

import click

from flows.cli.campaign_options import FILE, FOLDER, with_json, with_out
from flows.cli.gates.again import judge_again
from flows.cli.gates.options import with_judging
from flows.cli.terminal import console as terminal_console
from flows.cli.terminal import say


@click.command()
@with_out
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="How many clips to render at the same time.",
)
@with_json
def smoke(out: str | Path, workers: int, as_json: bool) -> int:
    """Test the installation: render ten short clips at 384x256 and measure them."""
    from flows.cli.smoke import smoke_table, smoke_test

    result = smoke_test(out, workers, terminal_console(to_stderr=True))
    if as_json:
        say(result.model_dump_json(indent=1))
    else:
        terminal_console().print(smoke_table(result))
    return 0 if result.num_done == result.num_clips else 1


@click.command()
@with_json
def voices(as_json: bool) -> int:
    """List the voices that can speak a script."""
    from tasks.speech.voices import voices as list_voices

    listed = list_voices()
    if as_json:
        say(json.dumps([voice.model_dump() for voice in listed], indent=1))
        return 0
    from rich.table import Table

    table = Table("voice", "language", "gender", "accent", "engine", "licence", "speed", box=None)
    for voice in listed:
        table.add_row(*(str(value) for value in voice.model_dump().values()))
    terminal_console().print(table)
    return 0


@click.command()
@click.argument("portrait", type=FILE)
@click.option("--out", type=FOLDER, help="Folder to write to. [default: beside the portrait]")
def rig(portrait: Path, out: Path | None) -> int:
    """Write a portrait's rig file, and a picture that shows where its mouth and eyes are."""
    from tasks.portrait.portrait import write_rig

    written = write_rig(portrait, out)
    say(f"{written.rig_path} ({written.origin})")
    say(written.picture_path)
    return 0


@click.command()
@click.argument("what", nargs=-1, required=True, metavar="CAMPAIGN | VIDEO...")
@click.option("--portrait", type=FILE, help="Portrait to compare the faces of videos with.")
@with_out
@with_judging
@with_json
def judge(what: tuple[str, ...], portrait: Path | None, as_json: bool, **options: Any) -> int:
    """Judge a campaign's finished videos, or video files, and tell what is wrong at which second.

    For a CAMPAIGN, its gates are judged with today's limits, or those of --limits, and nothing is
    rendered: videos are held or no longer held. Segments that no gate has measured yet are decoded
    and measured. Each video is then looked at as a viewer would: is it a human face, always the
    same, the only one; does the mouth move on the lips; are lids lids. Exits with code 1 if a video
    is held or fails.

    For VIDEO files, the same is looked at, and lip-sync, likeness, seams and loudness are measured.
    """
    if len(what) == 1 and not Path(what[0]).is_file():
        return judge_again(what[0], options, as_json=as_json)
    from flows.cli.judge import judge_all, judgement_table

    missing = [name for name in what if not Path(name).is_file()]
    if missing:
        raise click.UsageError(
            f'there is no file "{missing[0]}"; name video files, or one campaign alone'
        )
    judged = judge_all([Path(name) for name in what], portrait)
    if as_json:
        say(json.dumps([each.model_dump(mode="json") for each in judged], indent=1))
    else:
        terminal_console().print(judgement_table(judged))
    return int(any(each.verdict == "fail" for each in judged))


@click.command()
@click.option(
    "--audio-dir",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    required=True,
    help="Folder with recordings; each one becomes a row.",
)
@click.option("--portrait", type=FILE, required=True, help="Portrait for every row.")
@click.option(
    "--out", type=click.Path(path_type=Path), help="CSV file to write. [default: print the CSV]"
)
@click.option("--force", is_flag=True, help="Overwrite the file at --out.")
def manifest(audio_dir: Path, portrait: Path, out: Path | None, force: bool) -> int:
    """Write a manifest with one row for each recording in a folder."""
    from tasks.manifest.recordings import manifest_from_recordings
    from tasks.store.files import write_file

    if out is not None and out.exists() and not force:
        raise click.UsageError(f"{out} exists already; name another file, or add --force")
    made = manifest_from_recordings(audio_dir, portrait, out)
    for each in made.left_out:
        say(f"left out: {each}", to_stderr=True)
    if out is None:
        say(made.text, has_end=False)
    else:
        write_file(out, made.text.encode())
        say(out)
    return 0
