"""The worker of type ``gpu-process``: each run gets whole GPUs of this machine and a warm engine.

``prefect worker start --pool gpu --type gpu-process --limit GROUPS``. A run asks with two job
variables, ``gpus`` and ``engine``. Its environment then names the GPUs (CUDA_VISIBLE_DEVICES), the
host (NIGHTSHOOT_ENGINE, NIGHTSHOOT_ENGINE_SOCKET) and the file for its verdict
(NIGHTSHOOT_VERDICT), ``{"fault": "machine", "message": "..."}`` with fault ``""`` for none. Without
``engine`` it gets GPUs alone, leased by the worker itself.

The worker keeps the hosts (``tasks/engines/warm_hosts.py``); they end with it. After a run that
failed by a fault of the machine it ends them, takes no run for a while, and says so.

Set by environment, read when the worker starts: NIGHTSHOOT_GPU_SLOTS and NIGHTSHOOT_LEASE_DIR
(``tasks/engines/gpu_lease.py``), NIGHTSHOOT_COOL_OFF_S, NIGHTSHOOT_IDLE_TTL_S, and
NIGHTSHOOT_METRICS_DIR and NIGHTSHOOT_METRICS_PORT (``flows/metrics``).
"""

import json
import os
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import anyio
import anyio.abc
import anyio.to_thread
import httpx
from prefect.client.schemas.objects import Flow, FlowRun, WorkPool
from prefect.client.schemas.responses import DeploymentResponse, WorkerFlowRunResponse
from prefect.exceptions import ObjectNotFound
from prefect.states import Cancelled, Pending, Scheduled
from prefect.workers.process import (
    ProcessJobConfiguration,
    ProcessVariables,
    ProcessWorkerResult,
)
from pydantic import BaseModel, Field, PrivateAttr, ValidationError

from flows.cluster.workers.prefect_run import command_of_runs, taken_from_runs
from flows.cluster.workers.versions import VersionedWorker
from flows.metrics.textfile import metrics_folder
from flows.metrics.worker_metrics import WorkerFacts, WorkerMetrics
from model.errors import Fault, MachineError
from tasks.engines.gpu_lease import POLL_S, Lease, Slots, lease_folder, slot_names
from tasks.engines.warm_hosts import (
    DEVICES_VARIABLE,
    IDLE_TTL_S,
    CoolOff,
    HostKind,
    WarmHost,
    WarmHosts,
    host_env,
    num_runs_to_fetch,
)

VERDICT_VARIABLE = "NIGHTSHOOT_VERDICT"
COOL_OFF_VARIABLE = "NIGHTSHOOT_COOL_OFF_S"
IDLE_TTL_VARIABLE = "NIGHTSHOOT_IDLE_TTL_S"

_COOL_OFF_S = 300.0
_LOOK_EVERY_S = 2.0
_TELL_EVERY_S = 60.0
# a run whose heartbeats stop is told as crashed by an automation
_HEARTBEAT: dict[str, str | None] = {"PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30"}


class GpuVariables(ProcessVariables):
    """What the pool's form asks for."""

    gpus: int = Field(
        default=1, ge=0, le=64, title="GPUs", description="Whole GPUs each run gets; 0 for none."
    )
    engine: str = Field(
        default="",
        title="Engine",
        description="Engine whose warm host each run is given. Empty: the run starts its own.",
    )
    env: dict[str, str | None] = Field(
        default=_HEARTBEAT,
        title="Environment Variables",
        description="Set for the run and for every process of its engine, such as NCCL_DEBUG.",
    )


class GpuJobConfiguration(ProcessJobConfiguration):
    """A run's share of the form, filled in."""

    gpus: int = Field(default=1, ge=0, le=64)
    engine: str = ""
    _engine_env: tuple[tuple[str, str], ...] = PrivateAttr(default=())

    def prepare_for_flow_run(
        self,
        flow_run: FlowRun,
        deployment: DeploymentResponse | None = None,
        flow: Flow | None = None,
        work_pool: WorkPool | None = None,
        worker_name: str | None = None,
        worker_id: UUID | None = None,
    ) -> None:
        """See Prefect. A command of ours saves two seconds; the variables so far are the pool's."""
        self._engine_env = host_env(self.env)
        self.command = self.command or command_of_runs()
        taken = taken_from_runs(os.environ, self.env)
        super().prepare_for_flow_run(
            flow_run, deployment, flow, work_pool, worker_name=worker_name, worker_id=worker_id
        )
        self.env |= taken

    @property
    def kind(self) -> HostKind:
        """The host that the run wants."""
        return HostKind(self.engine, self.gpus, self._engine_env)


class Verdict(BaseModel):
    """How a run ended, as it says itself; without a fault it succeeded."""

    fault: Fault | Literal[""]
    message: str


@dataclass(frozen=True)
class Grant:
    """What one run was given: a host and its GPUs, or GPUs alone."""

    host: WarmHost | None
    lease: Lease

    @property
    def num_slots(self) -> int:
        """Whole GPUs."""
        return len(self.host.slots if self.host else self.lease.slots)

    @property
    def environ(self) -> dict[str, str]:
        """What tells the run."""
        if self.host is not None:
            return self.host.environ
        return {DEVICES_VARIABLE: ",".join(self.lease.slots)}


@dataclass
class _Waiting:
    """A run in the line, as the server knows it: a state of ours, told again and again.

    A run whose state does not change for minutes is taken for one that a killed worker left.
    """

    state_id: UUID | None = None
    tell_after: float = 0.0

    def is_foreign(self, state_id: UUID) -> bool:
        """Whether somebody else has changed the state meanwhile."""
        return self.state_id is not None and state_id != self.state_id


class GpuProcessWorker(VersionedWorker):
    """Runs flows as processes that own GPUs of this machine."""

    type = "gpu-process"
    job_configuration = GpuJobConfiguration
    job_configuration_variables = GpuVariables

    _display_name = "GPU process"
    _description = (
        "Runs flows as processes on a machine with GPUs. Each run gets whole GPUs, leased in "
        "order, and may be given a warm engine host."
    )
    _documentation_url = ""

    async def setup(self) -> None:
        """Find the GPUs, then start as any worker; without them it ends with a line."""
        try:
            await super().setup()
        except BaseException:
            self._close()
            raise

    def make_ready(self) -> None:
        """Find the GPUs too.

        Raises:
            NightshootError: there are none, or a setting is wrong.
        """
        super().make_ready()
        self._find_gpus()

    def _find_gpus(self) -> None:
        names, folder = slot_names(os.environ), lease_folder(os.environ)
        self._cool_off_s = _seconds(os.environ, COOL_OFF_VARIABLE, _COOL_OFF_S)
        self._cool_off, self._num_lent, self._last_gpus = CoolOff(), 0, 1
        idle_ttl_s = _seconds(os.environ, IDLE_TTL_VARIABLE, IDLE_TTL_S)
        logs = self.own_folder
        self._hosts = WarmHosts(Slots(names, folder), logs, idle_ttl_s)
        # another token: idle hosts of ours give way to runs without a host too
        self._slots = Slots(names, folder)
        self._verdicts = tempfile.TemporaryDirectory(prefix="nightshoot-verdicts-")
        place = metrics_folder(os.environ)
        self._metrics = WorkerMetrics(self.name, place, self._facts)
        self._logger.info(
            "GPUs %s, leased in %s; logs of engine hosts in %s", ", ".join(names), folder, logs
        )

    async def teardown(self, *exc_info: Any) -> None:
        """Stop as any worker, then end the hosts."""
        try:
            await super().teardown(*exc_info)
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(self._close)

    def _facts(self) -> WorkerFacts:
        """For the metrics; called in another thread."""
        return WorkerFacts(
            num_slots=len(self._slots.names),
            num_lent=self._num_lent,
            cooling_s=max(0.0, self._cool_off.until - time.monotonic()),
            host_starts=dict(self._hosts.num_starts),
        )

    def _close(self) -> None:
        self._metrics.close()
        self._hosts.close()
        self._verdicts.cleanup()

    async def _get_scheduled_flow_runs(self) -> list[WorkerFlowRunResponse]:
        if self.takes_no_more() or time.monotonic() < self._cool_off.until:
            return []
        num_free = len(self._slots.names) - self._num_lent
        num_wanted = num_runs_to_fetch(
            num_free, len(self._submitting_flow_run_ids), self._last_gpus
        )
        if num_wanted == 0:
            return []
        return (await super()._get_scheduled_flow_runs())[:num_wanted]

    async def run(
        self,
        flow_run: FlowRun,
        configuration: ProcessJobConfiguration,
        task_status: anyio.abc.TaskStatus[int] | None = None,
    ) -> ProcessWorkerResult:
        """Wait for GPUs and host, run the flow's process with them, judge how it ended."""
        assert isinstance(configuration, GpuJobConfiguration)
        self._last_gpus = max(configuration.gpus, 1)
        grant = await self._wait_for_grant(flow_run, configuration)
        if grant is None:
            if task_status is not None:
                task_status.started(0)  # no process of ours
            return ProcessWorkerResult(identifier="none", status_code=0)
        self._num_lent += grant.num_slots
        verdict_path = Path(self._verdicts.name) / f"{flow_run.id}.json"
        verdict_path.unlink(missing_ok=True)
        try:
            self._log_grant(flow_run, grant)
            configuration.env |= {**grant.environ, VERDICT_VARIABLE: str(verdict_path)}
            return await super().run(flow_run, configuration, task_status)
        finally:
            self._num_lent -= grant.num_slots
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(self._settle, grant, verdict_path)

    async def _wait_for_grant(
        self, flow_run: FlowRun, configuration: GpuJobConfiguration
    ) -> Grant | None:
        """In the machine's line; None for a run that is not to be run here any more."""
        waiting, look_after = _Waiting(), time.monotonic() + _LOOK_EVERY_S
        take, close = self._line_up(configuration)
        try:
            while time.monotonic() >= self._cool_off.until:
                if grant := await anyio.to_thread.run_sync(take):
                    return grant
                if time.monotonic() > look_after:
                    look_after = time.monotonic() + _LOOK_EVERY_S
                    if await self._is_called_off(flow_run, waiting):
                        return None
                await anyio.sleep(POLL_S)
            await self._hand_back(flow_run)
            return None
        finally:
            close()

    def _line_up(
        self, configuration: GpuJobConfiguration
    ) -> tuple[Callable[[], Grant | None], Callable[[], None]]:
        if configuration.engine:
            host_ask = self._hosts.ask(configuration.kind)

            def take_host() -> Grant | None:
                host = host_ask.try_take()
                return Grant(host, Lease((), ())) if host else None

            return take_host, host_ask.close
        if configuration.gpus == 0:
            return lambda: Grant(None, Lease((), ())), lambda: None
        ask = self._slots.ask(configuration.gpus)

        def take_gpus() -> Grant | None:
            lease = ask.try_lease()
            return Grant(None, lease) if lease else None

        return take_gpus, ask.close

    async def _hand_back(self, flow_run: FlowRun) -> None:
        self._logger.warning(
            "handed %s back to the pool, because this worker is cooling off", flow_run.name
        )
        await self.client.set_flow_run_state(flow_run.id, Scheduled(), force=True)

    async def _is_called_off(self, flow_run: FlowRun, waiting: _Waiting) -> bool:
        """Whether it was cancelled or given to others; else tell the server that it is alive."""
        try:
            state = (await self.client.read_flow_run(flow_run.id)).state
            if state is not None and state.is_cancelling():
                cancelled = Cancelled(message="Cancelled while it waited for GPUs.")
                await self.client.set_flow_run_state(flow_run.id, cancelled, force=True)
                return True
            if state is None or not state.is_pending() or waiting.is_foreign(state.id):
                return True
            if time.monotonic() > waiting.tell_after:
                sign = Pending(name="WaitingForGpus", message=f"Waiting for GPUs of {self.name}.")
                told = await self.client.set_flow_run_state(flow_run.id, sign, force=True)
                waiting.state_id = told.state.id if told.state else None
                waiting.tell_after = time.monotonic() + _TELL_EVERY_S
        except ObjectNotFound:
            return True
        except httpx.HTTPError:
            return False  # the server is away for a while; the line is not lost for that
        return False

    def _log_grant(self, flow_run: FlowRun, grant: Grant) -> None:
        self.get_flow_run_logger(flow_run).info(
            "GPUs %s, engine host %s",
            grant.environ[DEVICES_VARIABLE] or "none",
            f"{grant.host.kind.engine} (process {grant.host.pid})" if grant.host else "none",
        )

    def _settle(self, grant: Grant, verdict_path: Path) -> None:
        verdict = self._read_verdict(verdict_path)
        if verdict is not None and verdict.fault == "machine":
            self._cool_down(verdict)
        elif verdict is not None and verdict.fault == "":
            self._cool_off = CoolOff()
        is_cooling = time.monotonic() < self._cool_off.until
        if grant.host is None:
            grant.lease.release()
        elif is_cooling:
            self._hosts.end(grant.host)
        else:
            self._hosts.give_back(grant.host)
        if is_cooling:
            self._hosts.end_idle()

    def _cool_down(self, verdict: Verdict) -> None:
        now = time.monotonic()
        self._cool_off = self._cool_off.after_machine_fault(now, self._cool_off_s)
        self._logger.error(
            "a run failed because of this machine: %s; this worker takes no run for %.0f s and "
            "ends its engine hosts (%s sets the time)",
            verdict.message,
            self._cool_off.until - now,
            COOL_OFF_VARIABLE,
        )

    def _read_verdict(self, path: Path) -> Verdict | None:
        if not path.exists():
            return None
        try:
            return Verdict.model_validate(json.loads(path.read_bytes()))
        except (ValidationError, ValueError) as error:
            self._logger.warning("the verdict of a run cannot be read: %s", error)
            return None
        finally:
            path.unlink()


def _seconds(environ: Mapping[str, str], variable: str, default: float) -> float:
    text = environ.get(variable, str(default))
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise MachineError(
            f'{variable}="{text}" must be a number of seconds, 0 or more, for example {default:.0f}'
        )
    return seconds
