"""The process of one run: Prefect's engine, whose imports do not wait for the collector of garbage.

Run as ``python -m flows.cluster.workers.prefect_run`` in the place of ``python -m prefect.engine``,
with OWN_SESSION behind it where a Ctrl-C that is meant for the worker must not reach the run.
"""

import gc
import os
import runpy
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from model import child_environment

OWN_SESSION = "own-session"


def command_of_runs(*options: str) -> str:
    """What a worker starts for a run, with this worker's Python: the pool may be older than it."""
    return " ".join([sys.executable, "-m", "flows.cluster.workers.prefect_run", *options])


def taken_from_runs(environ: Mapping[str, str], of_pool: Iterable[str]) -> dict[str, None]:
    """What a worker takes away from a run, which Prefect otherwise hands all of the worker's.

    Args:
        environ: of the worker.
        of_pool: variables that the pool or the deployment sets: somebody wants them in runs.
    """
    kept = {*child_environment.worker(environ), *of_pool}
    return {name: None for name in environ if name not in kept}


def main() -> None:
    """Run the flow that the environment names."""
    if OWN_SESSION in sys.argv[1:]:
        os.setsid()
    gc.disable()  # what Prefect and the flow import stays
    from prefect import flow_engine

    load_flow = flow_engine.load_flow

    def load(flow_run: Any) -> Any:
        try:
            return load_flow(flow_run)
        finally:
            gc.freeze()
            gc.enable()

    flow_engine.load_flow = load
    sys.argv[1:] = []  # Prefect's engine takes an argument for the id of a run
    runpy.run_module("prefect.engine", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
