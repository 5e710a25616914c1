"""A delivery that is killed before each of its steps in turn; run as a program of its own.

    python -m tests.integration.killed_deliveries OUT CAMPAIGN NAME STATES

Every try begins from the campaign as it is in OUT, and leaves a copy in STATES/<number of steps>.
A step is one call that changes the store: a file written, placed or removed.
"""

import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flows.review.delivery import deliver
from flows.stored import StoredCampaign
from tasks.store.campaign_folder import CampaignFolder
from tasks.store.campaigns import open_campaign

_STEPS = ("write_text", "duplicate", "remove")
_MOST_STEPS = 100


def _killed_before(step: int, call: Callable[..., Any], counted: list[int]) -> Callable[..., Any]:
    def counting(*arguments: Any, **named: Any) -> Any:
        counted[0] += 1
        if counted[0] > step:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*arguments, **named)

    return counting


def _die_after(step: int) -> None:
    counted = [0]
    for name in _STEPS:
        call = getattr(CampaignFolder, name)
        setattr(CampaignFolder, name, _killed_before(step, call, counted))


def main(out: str, campaign: str, name: str, states: str) -> None:
    """Try with 0, 1, 2 ... steps until one try comes to its end."""
    for step in range(_MOST_STEPS):
        state = Path(states) / str(step)
        shutil.copytree(Path(out) / campaign, state / campaign)
        child = os.fork()
        if child == 0:
            _die_after(step)
            deliver(StoredCampaign(open_campaign(state, campaign), campaign), None, name)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            sys.exit(os.waitstatus_to_exitcode(status))
    sys.exit(f"the delivery did not end within {_MOST_STEPS} steps")


if __name__ == "__main__":
    main(*sys.argv[1:])
