"""The flow that the GPU pool runs: one video, from its plan in the store.

It imports little: thousands of these processes are started in a night.
"""

import json
import logging
import os
import threading
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Cancelled, Completed, Crashed, Failed

from flows.cluster.api_client import OwnRun
from flows.cluster.parameters import VideoParameters
from flows.cluster.run_logs import LogProgress, fails_without_secrets, run_name
from flows.outcomes import text_of
from flows.video import make_video, record_failure
from flows.work import CARRIED_OVER, Night, Work, current_work, stop_on_signals
from model.errors import StoppedError, WindowClosedError
from tasks.engines.engine_pool import EnginePool
from tasks.engines.host_process import given_host
from tasks.errors import (
    StoreError,
)
from tasks.processes.stop_request import stop_asked_by
from tasks.records import StoredPlan
from tasks.recovery.failures import fault_of
from tasks.recovery.night import may_open
from tasks.redaction import printable, without_secrets
from tasks.store.campaigns import (
    open_campaign,
)


@flow(name="video", flow_run_name=run_name, persist_result=False)
@fails_without_secrets
def render_video(request: VideoParameters) -> State[Any]:
    """Render what is missing of one video; its plan, portrait and speech are in the store."""
    folder = open_campaign(request.out, request.campaign)
    stored = folder.read_plan(request.video_id)
    if stored is None or stored.sha256 != request.plan_sha256:
        found = stored.sha256[:8] if stored else "no plan"
        return Failed(
            message=f"{request.video_id}: the store holds {found}, but this run was made for "
            f"{request.plan_sha256[:8]}: the campaign has been planned again since; run it again"
        )
    night = Night(request.not_after) if request.not_after else None
    stop, own = threading.Event(), OwnRun()
    with (
        own.watched(stop),
        EnginePool(folder.logs, given_host(os.environ), folder.write_text) as pool,
    ):
        view = LogProgress()
        view.tally.add(stored.plan)
        work = Work(folder, pool, view, stop, night)
        if night and not may_open(datetime.now(UTC), night.end, request.estimated_s):
            return Completed(name=CARRIED_OVER, message=work.carried_over)
        with stop_on_signals(stop), stop_asked_by(stop.is_set):
            ended = _made(stored, work)
    if ended is None and own.is_cancelled:
        return Cancelled(message="cancelled; finished segments are kept")
    return ended or Crashed(message="its worker was asked to stop; finished segments are kept")


def _made(stored: StoredPlan, work: Work) -> State[Any] | None:
    """Make the video; the run's state, or None if it was told to stop."""
    token = current_work.set(work)
    try:
        outcome = make_video(stored)
    except WindowClosedError as error:
        return Completed(name=CARRIED_OVER, message=str(error))
    except StoppedError:
        return None
    except Exception as error:  # noqa: BLE001  it is told below, without the secrets of addresses
        work.listener.notice(f"failed: {text_of(error)}")
        failure = record_failure(stored, error, work.folder)
        # a store that is away is no machine's fault: it would drain every worker at once
        fault = "unknown" if isinstance(error, StoreError) else fault_of(error)
        _tell_worker(fault, failure.message)
        told = printable(without_secrets(traceback.format_exc()))
        logging.getLogger(__name__).error("%s failed\n%s", stored.plan.video_id, told)
        return Failed(message=failure.message)
    finally:
        current_work.reset(token)
    _tell_worker("", "")
    held = f"held: {outcome.error}; " if outcome.status == "held" else ""
    return Completed(
        message=f"{held}{outcome.num_segments_rendered} of {outcome.num_segments} segments "
        f"rendered, {outcome.engine_seconds:.1f} engine-seconds, {outcome.path}"
    )


def _tell_worker(fault: str, message: str) -> None:
    """Leave the verdict where the GPU worker looks: after machine faults it drains itself."""
    path = os.environ.get("NIGHTSHOOT_VERDICT")
    if path:
        Path(path).write_text(json.dumps({"fault": fault, "message": message}))
