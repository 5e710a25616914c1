"""A worker's sign of life: a file that it touches for as long as its event loop turns.

``cluster start`` names the file (NIGHTSHOOT_WORKER_SIGN) and starts a worker again that has stopped
touching it. Prefect's own heartbeats would not do: they stop too while the server is away.
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path

SIGN_VARIABLE = "NIGHTSHOOT_WORKER_SIGN"
_EVERY_S = 2.0


def keep_touching(environ: Mapping[str, str]) -> "asyncio.Task[None] | None":
    """Touch the file from now on, in the running loop; None: nobody looks at one."""
    told = environ.get(SIGN_VARIABLE)
    return asyncio.create_task(_touch(Path(told)), name="sign of life") if told else None


async def _touch(path: Path) -> None:
    while True:
        path.touch()
        await asyncio.sleep(_EVERY_S)
