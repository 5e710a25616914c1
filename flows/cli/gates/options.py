"""Options about gates, the same for every command that renders."""

from pathlib import Path
from typing import Any

import click

from tasks.gate_records import GATE_MODES

_MODE = click.option(
    "--gates",
    type=click.Choice(GATE_MODES),
    help="What happens if a segment fails a gate: hold renders it again with a new seed, and then "
    "holds its video for a person; warn only tells it; off measures nothing. [default: hold]",
)
_TRIES = click.option(
    "--gate-tries",
    type=click.IntRange(0, 9),
    help="How often a segment that fails a gate is rendered again with a new seed. [default: 2]",
)
_LIMITS = click.option(
    "--gate-limits",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="TOML file with limits of gates that differ from the shipped ones.",
)


_LIMITS_OF_WORKERS = click.option(
    "--gate-limits",
    metavar="FILE",
    help="TOML file with limits of gates that differ from the shipped ones; every worker must be "
    "able to read it.",
)
_JUDGED = click.option(
    "--gates",
    type=click.Choice(["warn", "hold"]),
    help="What a failed gate of a campaign does: hold its video, or only tell it. [default: as "
    "planned]",
)
_LIMITS_NOW = click.option(
    "--limits",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="TOML file with limits of gates that differ from the shipped ones.",
)


def with_judging(command: Any) -> Any:
    """Add the options of judging a campaign again."""
    return _JUDGED(_LIMITS_NOW(command))


def with_gates(command: Any) -> Any:
    """Add the options that every command with a manifest takes."""
    return _MODE(_TRIES(command))


def with_workers_gate_limits(command: Any) -> Any:
    """Add the file of limits, for commands whose campaigns are run by others."""
    return _LIMITS_OF_WORKERS(command)


def with_gate_limits(command: Any) -> Any:
    """Add the file of limits, for commands that read it on this machine."""
    return _LIMITS(command)
