"""What the tests of the GPU worker run on it: one flow that says what it was given."""

import json
import os
import time
from pathlib import Path

import numpy as np
from prefect import flow

from tasks.engines.engine_pool import EnginePool
from tasks.engines.host_process import given_host
from tests.integration.null_jobs import job


@flow(name="probe")
def probe(
    notes: str, name: str, hold_s: float = 0.0, fault: str | None = None, until: str | None = None
) -> None:
    """Write down GPUs, host and times; render, hold the GPUs, fail as asked."""
    note = {
        "began": time.time(),
        "gpus": os.environ["CUDA_VISIBLE_DEVICES"],
        "pid": os.getpid(),
        "nccl": os.environ.get("NCCL_DEBUG"),
    }
    path = Path(notes) / f"{name}.json"
    given = given_host(os.environ)
    if given is not None:
        with EnginePool(Path(notes), given) as pool, pool.lend(given.engine) as host:
            frames = np.concatenate(list(host.render(job())))
            note |= {"host": host.pid, "num_frames": len(frames)}
    path.with_suffix(".running").write_text(json.dumps(note))
    time.sleep(hold_s)
    while until is not None and not Path(until).exists():
        time.sleep(0.05)
    path.write_text(json.dumps(note | {"ended": time.time()}))
    verdict = {"fault": fault or "", "message": "asked to fail"}
    Path(os.environ["NIGHTSHOOT_VERDICT"]).write_text(json.dumps(verdict))
    if fault is not None:
        raise RuntimeError(fault)
