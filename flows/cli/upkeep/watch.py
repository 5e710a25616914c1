"""`nightshoot watch`: wakes somebody when a person is needed."""

import json
import os
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flows.cli.terminal import say

if TYPE_CHECKING:
    from flows.alarms.watch import Looked

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


def _default_state() -> Path:
    home = os.environ.get("XDG_STATE_HOME")
    return (Path(home) if home else Path.home() / ".local" / "state") / "nightshoot/alarms.json"


@click.command()
@click.argument("settings", type=_FILE)
@click.option(
    "--state",
    type=click.Path(path_type=Path, dir_okay=False),
    default=_default_state,
    help="File that remembers what was told. [default: ~/.local/state/nightshoot/alarms.json]",
)
@click.option(
    "--every",
    type=click.FloatRange(min=1),
    default=60.0,
    show_default=True,
    help="Seconds between two looks.",
)
@click.option("--once", is_flag=True, help="Look once, and exit 1 if an alarm is on.")
@click.option("--trial", is_flag=True, help="Send a trial message everywhere, and do nothing else.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def watch(settings: Path, state: Path, every: float, once: bool, trial: bool, as_json: bool) -> int:
    """Watch the cluster and the stores, and tell people when one of them is needed.

    SETTINGS is a TOML file: who is told, what is watched, and from where on (docs/operations.md,
    Alarms). PREFECT_API_URL names the cluster. Each alarm is told once when it begins and once when
    it ends, also over restarts.
    """
    from flows.alarms.watch import Watch
    from tasks.alarms.rules import Alarm
    from tasks.alarms.settings import read_settings

    watching = Watch(read_settings(settings), state)
    if trial:
        troubles = watching.tell(Alarm("trial", "trial", "this is a trial; nobody has to get up"))
        for trouble in troubles:
            say(trouble, to_stderr=True)
        say("the trial message was " + ("not taken everywhere" if troubles else "taken everywhere"))
        return int(bool(troubles))
    while True:
        looked = watching.look()
        _print(looked, as_json=as_json)
        if once:
            return int(bool(looked.alarms or looked.troubles))
        time.sleep(every)


def _print(looked: "Looked", *, as_json: bool) -> None:
    if as_json:
        say(json.dumps(asdict(looked)))
        return
    for alarm in looked.alarms:
        say(f"{alarm.name}: {alarm.message}")
    for trouble in looked.troubles:
        say(trouble, to_stderr=True)
    if not looked.alarms:
        say(f"all is well{'; the heartbeat was called' if looked.has_beaten else ''}")
