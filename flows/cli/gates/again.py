"""`nightshoot judge CAMPAIGN`: the command, and the table it prints."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from flows.cli.terminal import console, say

if TYPE_CHECKING:
    from rich.console import Group

    from flows.cli.gates.judge_campaign import JudgedVideo

# in the order in which a person wants to look at them
_STYLES = {
    "held": "red",
    "fails": "red",
    "told": "yellow",
    "not judged": "yellow",
    "passed": "green",
}


def judge_again(campaign: str, options: dict[str, Any], *, as_json: bool) -> int:
    """Judge a campaign's finished videos; the exit code."""
    from flows.cli.gates.judge_campaign import judge_campaign
    from tasks.quality.gates.policy import GateRequest

    request = GateRequest(options["gates"], None, options["limits"])
    judged = judge_campaign(options["out"], campaign, request)
    if as_json:
        say(json.dumps([each.model_dump(mode="json") for each in judged], indent=1))
    else:
        console().print(judged_table(judged))
    return int(any(each.verdict in ("held", "fails") for each in judged))


def judged_table(judged: Sequence["JudgedVideo"]) -> "Group":
    """A line for each finding, the videos that are held first; then counts."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    from tasks.quality.gates.words import minutes

    table = Table("video", "verdict", "from", "found by", "what is wrong", box=None)
    order = list(_STYLES)
    for each in sorted(judged, key=lambda one: order.index(one.verdict)):
        verdict = Text(each.verdict, style=_STYLES[each.verdict])
        found = [(gate.second, gate.gate, gate.words) for gate in each.gates]
        found += [(fault.second, "look", fault.words) for fault in each.faults]
        if not found:
            table.add_row(Text(each.video_id), verdict, "", "", Text(each.reason))
        for number, (second, by, words) in enumerate(sorted(found)):
            first = (Text(each.video_id), verdict) if number == 0 else ("", "")
            table.add_row(*first, minutes(second), by, Text(words))
    counts = Counter(each.verdict for each in judged)
    told = ", ".join(f"{counts[name]} {name}" for name in order if counts[name])
    measured = sum(each.num_measured for each in judged)
    if measured:
        told += f"; {measured} segments were measured from their files"
    return Group(table, Text(told or "no videos", style="bold"))
