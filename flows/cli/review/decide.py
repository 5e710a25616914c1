"""`nightshoot decide`: the decisions of a page, or one by hand."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flows.cli.review.options import OUT
from flows.cli.terminal import say

if TYPE_CHECKING:
    from flows.review.decisions import Recorded, Review

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
_ACTIONS = (
    "approve",
    "reject",
    "comment",
    "resolve",
    "new_seed",
    "script",
    "script_file",
    "portrait",
    "drop",
    "withdraw",
    "approve_rest",
)


@click.command()
@click.argument("campaign")
@click.argument("targets", metavar="[DECISIONS.CSV | VIDEO...]", nargs=-1)
@OUT
@click.option("--as", "name", metavar="NAME", help="Who decides. A file may name others itself.")
@click.option("--approve", is_flag=True, help="The video may leave the house.")
@click.option("--reject", metavar="REASON", help="It must not, for this reason.")
@click.option("--comment", metavar="TEXT", help="Something to look at; see --at.")
@click.option("--at", "second", metavar="TIME", help="Moment of the comment, such as 0:14.")
@click.option("--resolve", metavar="ID", help="The comment with this id is settled.")
@click.option("--new-seed", is_flag=True, help="Ask for another take; see --segment and --seed.")
@click.option("--segment", metavar="NUMBER", help="Another take from this segment on, 1 the first.")
@click.option("--seed", metavar="NUMBER", help="The seed of the take. [default: an unused one]")
@click.option("--script", metavar="TEXT", help="Ask for another text.")
@click.option("--script-file", type=_FILE, help="The same, from a text file.")
@click.option("--portrait", type=_FILE, help="Ask for another portrait.")
@click.option("--drop", is_flag=True, help="The video is not wanted; retry leaves it out.")
@click.option("--withdraw", is_flag=True, help="Take back what was decided.")
@click.option("--approve-rest", is_flag=True, help="Approve what nobody decided on; see --watched.")
@click.option("--watched", multiple=True, metavar="VIDEO", help="Watched for --approve-rest.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def decide(
    campaign: str, targets: tuple[str, ...], out: str | Path, name: str | None, **options: Any
) -> int:
    """Record what people decided of videos.

    Either the DECISIONS.CSV that the report's page exported, or one decision about each VIDEO. A
    decision is about the file as it is now, and lapses when that is rendered again. `nightshoot
    retry` carries out what was asked for.
    """
    from flows.cli.review.deliver import delivery_line
    from flows.review.decisions import Review
    from flows.review.delivery import refresh_delivery
    from flows.stored import StoredCampaign
    from tasks.store.campaigns import open_campaign

    given = [each for each in _ACTIONS if options[each] not in (None, False)]
    file = _file_of(targets, given)
    _check_shape(targets, given, file, name, options)
    review = Review(StoredCampaign(open_campaign(out, campaign), campaign))
    if file is not None:
        recorded = review.take_file(file, name)
    elif given == ["approve_rest"]:
        recorded = review.take_rest(options["watched"], name or "")
    else:
        recorded = _by_hand(review, targets, given[0], name or "", options)
    if options["as_json"]:
        say(json.dumps([each.model_dump() | {"id": each.id} for each in recorded.new], indent=1))
    else:
        for line in recorded_lines(recorded):
            say(line)
    delivered = refresh_delivery(review.source)  # which may be refused: what is said is recorded
    if delivered and (delivered.placed or delivered.withdrawn) and not options["as_json"]:
        say(delivery_line(delivered))
    return 0


def _file_of(targets: tuple[str, ...], given: list[str]) -> Path | None:
    """The file of decisions among what was given; None where one decision is made by hand."""
    if given or len(targets) != 1 or not targets[0].lower().endswith((".csv", ".xlsx")):
        return None
    path = Path(targets[0])
    if not path.is_file():
        raise click.UsageError(f"{path}: the file does not exist; check the path")
    return path


def _check_shape(
    targets: tuple[str, ...],
    given: list[str],
    file: Path | None,
    name: str | None,
    options: dict[str, Any],
) -> None:
    if file is not None:
        return
    if len(given) != 1:
        told = ", ".join("--" + each.replace("_", "-") for each in given or _ACTIONS)
        raise click.UsageError(
            f"give one decision at a time, not {told}"
            if given
            else f"say what is decided: a file of decisions, or one of {told}"
        )
    if not name:
        raise click.UsageError("say who decides: --as NAME")
    if given == ["approve_rest"]:
        if targets or not options["watched"]:
            raise click.UsageError(
                "--approve-rest names no videos, and needs the sample that was watched: "
                "--watched VIDEO for each"
            )
    elif not targets:
        raise click.UsageError("name the videos that are decided on")
    needs = {"second": "comment", "segment": "new_seed", "seed": "new_seed"}
    for option, action in needs.items():
        if options[option] is not None and given != [action]:
            shown = "--at" if option == "second" else f"--{option}"
            raise click.UsageError(f"{shown} goes with --{action.replace('_', '-')}")
    if options["watched"] and given != ["approve_rest"]:
        raise click.UsageError("--watched goes with --approve-rest")


def _by_hand(
    review: "Review", targets: tuple[str, ...], action: str, name: str, options: dict[str, Any]
) -> "Recorded":
    from tasks.inputs.text_files import decode_text

    home = Path()
    text = options[action] if isinstance(options[action], str) else ""
    if action == "new_seed":
        action, text = "seed", options["seed"] or ""
    elif action == "script_file":
        action, text = "script", decode_text(options["script_file"].read_bytes())[0]
    elif action == "portrait":
        text = str(options["portrait"].absolute())
    cells = {
        "action": action,
        "text": text,
        "second": options["second"] or "",
        "segment": options["segment"] or "",
    }
    return review.take(targets, cells, name, home)


def recorded_lines(recorded: "Recorded") -> list[str]:
    """What is said of recorded decisions."""
    from collections import Counter

    from tasks.errors import counted

    counts = Counter(each.action for each in recorded.new)
    told = ", ".join(f"{number} {action}" for action, number in counts.most_common())
    lines = [f"recorded: {told or 'nothing new'}"]
    lines += [f"comment {c.id} on {c.video_id}" for c in recorded.new if c.action == "comment"]
    if recorded.num_known:
        lines.append(f"{counted(recorded.num_known, 'decision')} had been recorded before")
    if recorded.lapsed:
        names = ", ".join(recorded.lapsed)
        lines.append(
            f"note: {names}: rendered again since, so these decisions do not apply; look again"
        )
    if any(each.action in ("seed", "script", "portrait") for each in recorded.new):
        lines.append("`nightshoot retry` makes what was asked for")
    return lines
