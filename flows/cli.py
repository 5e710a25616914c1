"""The command line. Thin: options in, one call, an exit code out.

Nothing heavy is imported before it is needed: `nightshoot --help` loads click alone.
"""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from rich.console import Console

    from flows.session import Request, Summary
    from tasks.records import Scalar

_Command = TypeVar("_Command", bound=Callable[..., Any])
_EXIT_REFUSED = 2
_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
_FOLDER = click.Path(path_type=Path, file_okay=False)


def _options(*options: Callable[[_Command], _Command]) -> Callable[[_Command], _Command]:
    def apply(command: _Command) -> _Command:
        for option in reversed(options):
            command = option(command)
        return command

    return apply


_out = click.option(
    "--out",
    type=_FOLDER,
    default=Path("renders"),
    show_default=True,
    help="Folder that holds the campaigns.",
)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
_campaign_options = _options(
    _out,
    click.option("--campaign", help="Name of the campaign. [default: the manifest's name]"),
    click.option("--engine", help="Engine for rows that name none. [default: preview]"),
    click.option(
        "--workers",
        type=click.IntRange(1, 64),
        default=lambda: len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2,
        help="Videos rendered side by side. [default: the number of cores]",
    ),
    click.option("--preset", help="Preset for rows that name none. [default: standard]"),
    click.option(
        "--presets", type=_FILE, help="TOML file with more presets, or others of the same names."
    ),
    click.option("--size", help="Size for rows that name none: 704x384 or 704*384."),
    click.option("--seed", type=int, help="Seed for rows that name none. [default: 0]"),
    click.option("--voice", help="Voice for rows that name none; see `nightshoot voices`."),
    click.option("--language", type=click.Choice(["en", "zh"]), help="Language of the scripts."),
    click.option("--prompt", help="Prompt for rows that have none."),
    click.option(
        "--set",
        "settings",
        multiple=True,
        metavar="NAME=VALUE",
        help="A setting of the engine, by name; may be given more than once.",
    ),
    click.option(
        "--on-no-face",
        type=click.Choice(["fail", "still"]),
        help="What to do with a portrait without a usable face. [default: fail]",
    ),
    click.option(
        "--allow-outside", is_flag=True, help="Allow paths outside the manifest's folder."
    ),
    click.option("--voice-url", help="Base URL of an OpenAI-compatible speech server."),
    click.option("--voice-model", help="Model to ask that server for."),
    click.option(
        "--voice-key-env", help="Environment variable that holds its key. [default: OPENAI_API_KEY]"
    ),
    click.option(
        "--voice-command", help="Command that speaks: must name {text_file} and {out}; {voice} too."
    ),
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="nightshoot")
def cli() -> None:
    """Turn a CSV of scripts and portraits into finished talking-avatar videos.

    Exit codes: 0 all done, 1 something failed, 2 refused before work, 130 interrupted.
    """


@cli.command()
@click.argument("manifest", type=_FILE)
@_campaign_options
@click.option("--keep-going", is_flag=True, help="Render the good rows even if others fail.")
@_json
def render(manifest: Path, keep_going: bool, as_json: bool, **options: Any) -> int:
    """Render a manifest's videos. Run it again to go on: only what is missing is made."""
    from flows.progress import PlainProgress, progress_view
    from flows.session import Run, Session

    console = _console(to_stderr=as_json)
    session = Session(_request(manifest, options, keep_going=keep_going))
    for notice in session.notices:
        console.print(f"note: {notice}", style="yellow", markup=False, soft_wrap=True)
    view = PlainProgress(console) if as_json else progress_view(console)
    summary = Run(session, view)()
    if as_json:
        click.echo(json.dumps([outcome.model_dump() for outcome in summary.outcomes], indent=1))
    else:
        _print_summary(console, summary)
    return summary.exit_code


@cli.command()
@click.argument("manifest", type=_FILE)
@_campaign_options
@_json
def plan(manifest: Path, as_json: bool, **options: Any) -> int:
    """Show what a render would do: videos, segments, seconds, disk, time. Speech is made."""
    from flows.planning import campaign_table, plan_campaign
    from flows.session import Session

    console = _console(to_stderr=as_json)
    session = Session(_request(manifest, options))
    for notice in session.notices:
        console.print(f"note: {notice}", style="yellow", markup=False, soft_wrap=True)
    quote = plan_campaign(session)
    if as_json:
        click.echo(quote.model_dump_json(indent=1))
    else:
        for part in campaign_table(quote):
            console.print(part)
    return _EXIT_REFUSED if quote.errors else 0


@cli.command()
@_out
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True)
@_json
def smoke(out: Path, workers: int, as_json: bool) -> int:
    """Render ten short clips at 384x256 and say how it went."""
    from flows.planning import smoke_table, smoke_test

    result = smoke_test(out, workers, _console(to_stderr=True))
    if as_json:
        click.echo(result.model_dump_json(indent=1))
    else:
        _console().print(smoke_table(result))
    return 0 if result.num_done == result.num_clips else 1


@cli.command()
@_json
def voices(as_json: bool) -> int:
    """List the voices that can speak a script."""
    from tasks.voices import voices as list_voices

    listed = list_voices()
    if as_json:
        click.echo(json.dumps([voice.model_dump() for voice in listed], indent=1))
        return 0
    from rich.table import Table

    table = Table("voice", "language", "gender", "accent", "engine", "licence", "speed", box=None)
    for voice in listed:
        table.add_row(*(str(value) for value in voice.model_dump().values()))
    _console().print(table)
    return 0


@cli.command()
@click.argument("portrait", type=_FILE)
@click.option("--out", type=_FOLDER, help="Folder to write to. [default: beside the portrait]")
def rig(portrait: Path, out: Path | None) -> int:
    """Write a portrait's rig file and a picture of where its mouth and eyes were found."""
    from tasks.portrait import write_rig

    written = write_rig(portrait, out)
    click.echo(f"{written.rig_path} ({written.origin})")
    click.echo(written.picture_path)
    return 0


@cli.command()
@click.argument("videos", type=_FILE, nargs=-1, required=True)
@click.option("--portrait", type=_FILE, help="Portrait to compare the face with.")
@_json
def judge(videos: tuple[Path, ...], portrait: Path | None, as_json: bool) -> int:
    """Measure finished videos: lip-sync, identity, seams."""
    from flows.judging import judge_all, judgement_table

    judged = judge_all(videos, portrait)
    if as_json:
        click.echo(json.dumps([each.model_dump(mode="json") for each in judged], indent=1))
    else:
        _console().print(judgement_table(judged))
    return int(any(each.verdict == "fail" for each in judged))


@cli.command()
@click.option(
    "--audio-dir",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    required=True,
    help="Folder of recordings; each becomes a row.",
)
@click.option("--portrait", type=_FILE, required=True, help="Portrait of every row.")
@click.option("--out", type=click.Path(path_type=Path), help="File to write. [default: print it]")
def manifest(audio_dir: Path, portrait: Path, out: Path | None) -> int:
    """Write a manifest with one row per recording of a folder."""
    from tasks.files import write_file
    from tasks.manifest import manifest_from_recordings

    text = manifest_from_recordings(audio_dir, portrait, out)
    if out is None:
        click.echo(text, nl=False)
    else:
        write_file(out, text.encode())
        click.echo(out)
    return 0


def _request(manifest: Path, options: dict[str, Any], *, keep_going: bool = False) -> "Request":
    from flows.session import Request
    from tasks.manifest import RowDefaults
    from tasks.voices import VoiceSettings

    names = ("engine", "preset", "size", "seed", "voice", "language", "prompt")
    wanted = {name: options[name] for name in names if options[name] is not None}
    voice = {
        "base_url": options["voice_url"],
        "model": options["voice_model"],
        "api_key_env": options["voice_key_env"],
        "command": options["voice_command"],
    }
    settings = dict(_setting(text) for text in options["settings"])
    if options["on_no_face"]:
        settings["on_no_face"] = options["on_no_face"]
    return Request(
        manifest=manifest,
        out=options["out"],
        campaign=options["campaign"] or manifest.stem,
        defaults=RowDefaults(**wanted),
        workers=options["workers"],
        keep_going=keep_going,
        allow_outside=options["allow_outside"],
        presets=options["presets"],
        engine_settings=settings,
        voice_settings=VoiceSettings(**{name: v for name, v in voice.items() if v is not None}),
    )


def _setting(text: str) -> "tuple[str, Scalar]":
    """``name=value``; a whole number, a number or a word."""
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise click.BadParameter(f'"{text}" must read NAME=VALUE', param_hint="--set")
    for kind in (int, float):
        try:
            return name, kind(value)
        except ValueError:
            continue
    return name, value


def _print_summary(console: "Console", summary: "Summary") -> None:
    from flows.progress import clock_of

    done = [outcome for outcome in summary.outcomes if outcome.status == "done"]
    failed = [outcome for outcome in summary.outcomes if outcome.status == "failed"]
    if summary.refused:
        console.print(f"refused: {len(summary.refused)} rows cannot be rendered; nothing was.")
        console.print("Correct them, or render the others with --keep-going.", markup=False)
        return
    made = sum(outcome.num_segments_rendered for outcome in done)
    console.print(
        f"{len(done)} of {len(summary.outcomes)} videos done, {len(failed)} failed; "
        f"{made} segments rendered in {clock_of(summary.seconds)}",
        style="bold",
    )
    for outcome in done:
        for warning in outcome.warnings:
            console.print(f"note: {outcome.video_id}: {warning}", style="yellow", markup=False)
    if summary.was_stopped:
        console.print("Stopped. Finished segments are kept; to go on, run the same command again.")
    if summary.report:
        console.print(f"report: {summary.report}", markup=False, soft_wrap=True)


def _console(*, to_stderr: bool = False) -> "Console":
    from rich.console import Console

    return Console(stderr=to_stderr, highlight=False)


def main() -> None:
    """Run the command line; every error of ours is a message, never a traceback."""
    from model.errors import NightshootError

    try:
        code = cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except NightshootError as error:
        click.echo(str(error), err=True)
        code = _EXIT_REFUSED if error.fault in ("row", "unknown") else 1
    except (KeyboardInterrupt, click.exceptions.Abort):
        click.echo("stopped; finished segments are kept: run the same command again", err=True)
        code = 130
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
