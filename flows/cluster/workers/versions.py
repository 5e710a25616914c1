"""Which release each worker runs: workers say so on the server, and `cluster status` reads it.

A worker writes a Prefect variable of its own, ``nightshoot_worker_<pool>_<name>``, when it starts.
The versions of engines are in it too: a plan is rendered by the version that it was made for, and
refused by any other.
"""

import asyncio
import gc
import os
import re
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any
from uuid import UUID

import anyio.abc
import httpx
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import VariableCreate, VariableUpdate
from prefect.client.schemas.objects import Flow, FlowRun, Variable, WorkPool
from prefect.client.schemas.responses import DeploymentResponse, WorkerFlowRunResponse
from prefect.exceptions import PrefectHTTPStatusError
from prefect.settings import get_current_settings
from prefect.workers.process import (
    ProcessJobConfiguration,
    ProcessWorker,
    ProcessWorkerResult,
)

from flows.cluster.workers.drain import Drain
from flows.cluster.workers.prefect_run import OWN_SESSION, command_of_runs, taken_from_runs
from flows.cluster.workers.sign import keep_touching
from flows.metrics.endpoint import Endpoint, serve_for_runs
from model.engine import engine_identity
from model.errors import NightshootError

PREFIX = "nightshoot_worker_"
_ENGINES = ("preview", "null")  # whose version needs no weights


@dataclass(frozen=True)
class WorkerVersion:
    """What a worker says of itself.

    Attributes:
        release: of Nightshoot.
        engines: version of each engine.
    """

    release: str
    engines: Mapping[str, int]


def variable_name(pool: str, worker: str) -> str:
    """Name of a worker's variable: lower-case letters, digits and underscores."""
    return PREFIX + re.sub(r"[^a-z0-9]+", "_", f"{pool}_{worker}".lower())


def own_version() -> WorkerVersion:
    """Of this installation."""
    engines = {name: engine_identity(name).version for name in _ENGINES}
    return WorkerVersion(version("nightshoot"), engines)


def versions_of(variables: Iterable[Variable]) -> dict[tuple[str, str], WorkerVersion]:
    """What workers said, by pool and name; what cannot be read is as if nobody had said it."""
    found: dict[tuple[str, str], WorkerVersion] = {}
    for variable in variables:
        if variable.name.startswith(PREFIX) and isinstance(variable.value, dict):
            said = variable.value
            try:
                engines = {str(name): int(number) for name, number in said["engines"].items()}
                key = str(said["pool"]), str(said["worker"])
                found[key] = WorkerVersion(str(said["release"]), engines)
            except (KeyError, TypeError, ValueError, AttributeError):
                continue
    return found


async def tell_version(client: PrefectClient, pool: str, worker: str) -> None:
    """Write down what this worker is.

    Raises:
        PrefectHTTPStatusError, httpx.TransportError: the server did not take it.
    """
    own = await asyncio.to_thread(own_version)
    name = variable_name(pool, worker)
    value: dict[str, Any] = {
        "pool": pool,
        "worker": worker,
        "release": own.release,
        "engines": dict(own.engines),
    }
    if await client.read_variable_by_name(name) is None:
        await client.create_variable(VariableCreate(name=name, value=value))
    else:
        await client.update_variable(VariableUpdate(name=name, value=value))


class RunConfiguration(ProcessJobConfiguration):
    """A run's share of the pool's form, filled in."""

    def prepare_for_flow_run(
        self,
        flow_run: FlowRun,
        deployment: DeploymentResponse | None = None,
        flow: Flow | None = None,
        work_pool: WorkPool | None = None,
        worker_name: str | None = None,
        worker_id: UUID | None = None,
    ) -> None:
        """See Prefect. Without a command, another Python would first look for files to fetch."""
        self.command = self.command or command_of_runs(OWN_SESSION)
        taken = taken_from_runs(os.environ, self.env)
        super().prepare_for_flow_run(
            flow_run, deployment, flow, work_pool, worker_name, worker_id=worker_id
        )
        self.env |= taken


with warnings.catch_warnings():
    # in the place of Prefect's own: there are pools of its type on servers, and the type of a pool
    # cannot be changed
    warnings.filterwarnings("ignore", message="Type 'VersionedWorker'")

    class VersionedWorker(ProcessWorker):
        """Prefect's process worker that says which release it runs, and drains on SIGTERM."""

        type = "process"
        job_configuration = RunConfiguration
        _has_told = False
        _drain = Drain({})
        _endpoint: Endpoint | None = None
        _sign: "asyncio.Task[None] | None" = None

        async def setup(self) -> None:
            """Start as any worker, with all imports behind it; SIGTERM then drains it.

            Where a setting is wrong, this process says so in one line and ends with 1: an error
            would come out of Prefect's task groups as pages of traceback.
            """
            try:
                self.make_ready()
            except NightshootError as error:
                os.write(2, f"This worker cannot start: {error}\n".encode())
                os._exit(1)  # nothing has been started yet, and nothing was registered
            gc.freeze()  # what is imported stays
            gc.enable()
            self._sign = keep_touching(os.environ)
            await super().setup()

        def make_ready(self) -> None:
            """Read the settings of this worker, and serve its figures where one asks for it.

            Raises:
                NightshootError: a setting is wrong, or the port of the figures cannot be used.
            """
            self._drain = Drain(os.environ)
            self._drain.install()
            # runs inherit the environment, and with it the folder in which they tell their figures
            self._endpoint = serve_for_runs(os.environ, self.own_folder / "metrics")

        @property
        def own_folder(self) -> Path:
            """Of this worker, in Prefect's home."""
            return get_current_settings().home / "nightshoot" / self.name

        async def teardown(self, *exc_info: Any) -> None:
            """Stop as any worker; then give no sign of life and no figures any more."""
            try:
                await super().teardown(*exc_info)
            finally:
                if self._sign is not None:
                    self._sign.cancel()
                if self._endpoint is not None:
                    self._endpoint.close()

        async def _get_scheduled_flow_runs(self) -> list[WorkerFlowRunResponse]:
            if self.takes_no_more():
                return []
            return await super()._get_scheduled_flow_runs()

        def takes_no_more(self) -> bool:
            """Whether the worker is draining; it ends from here when it is done."""
            if self._drain.is_on:
                self._logger.info("draining: %d runs are at work", self._drain.num_runs)
                self._drain.end_if_due()
            return self._drain.is_on

        async def run(
            self,
            flow_run: FlowRun,
            configuration: ProcessJobConfiguration,
            task_status: anyio.abc.TaskStatus[int] | None = None,
        ) -> ProcessWorkerResult:
            """Run a flow's process, and count it."""
            with self._drain.one_run():
                return await super().run(flow_run, configuration, task_status)

        async def sync_with_backend(self) -> None:
            """See Prefect; after the first time that works, the version is told."""
            await super().sync_with_backend()
            if self._has_told:
                return
            try:
                await tell_version(self.client, self._work_pool_name, self.name)
            except (PrefectHTTPStatusError, httpx.TransportError) as error:
                self._logger.warning("The version could not be told to the server: %s", error)
            else:
                self._has_told = True
