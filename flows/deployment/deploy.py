"""The deployments of ``prefect.yaml``, put on the server as ``prefect deploy --all`` does.

It is Prefect's own code that reads the file and deploys it, called in this process: a process of
its own would import Prefect and the flows a second time, for longer than all the rest takes.
"""

import asyncio
from contextlib import chdir
from io import StringIO
from pathlib import Path
from typing import Any

# Prefect keeps these to its command line, which is a process of its own and speaks to a terminal;
# our pin of Prefect is exact, and a test compares what both ways leave on a server
from prefect.cli.deploy._config import (
    _load_deploy_configs_and_actions,  # pyright: ignore[reportPrivateUsage]
)
from prefect.cli.deploy._core import _run_multi_deploy  # pyright: ignore[reportPrivateUsage]
from prefect.context import AsyncClientContext
from prefect.deployments.runner import DeploymentApplyError
from prefect.exceptions import ObjectNotFound, PrefectException
from rich.console import Console

from flows.deployment.server import ClusterError


def deploy_all(file: Path) -> None:
    """Make every deployment of a ``prefect.yaml``, or renew it.

    Args:
        file: absolute path; paths in it are relative to its folder.

    Raises:
        ClusterError: there is no such file, it holds no deployment, or Prefect refused one.
        httpx.HTTPError: the server cannot be reached, or it refused a request.
    """
    if not file.is_file():
        raise ClusterError(
            f"{file}: the file does not exist; `nightshoot cluster up` needs a checkout of "
            "Nightshoot, installed with `pip install -e .`"
        )
    said = StringIO()
    console = Console(file=said, width=200, no_color=True)
    configs, actions = _load_deploy_configs_and_actions(file, console=console)
    if not configs:  # what is wrong with the file is only said
        reason = " ".join(said.getvalue().split()) or "it holds no deployments"
        raise ClusterError(f"{file} could not be deployed: {reason}")
    try:
        with chdir(file.parent):
            asyncio.run(_deploy(configs, actions, file, console))
    except ObjectNotFound as error:  # a block or a variable that the file names; it has no words
        raise ClusterError(f"{file} could not be deployed: {error.http_exc}") from error
    except (ValueError, TypeError, PrefectException, DeploymentApplyError) as error:
        raise ClusterError(f"{file} could not be deployed: {error}") from error


async def _deploy(
    configs: list[dict[str, Any]], actions: dict[str, Any], file: Path, console: Console
) -> None:
    async with AsyncClientContext.get_or_create():  # or each request has a client of its own
        await _run_multi_deploy(
            configs,
            actions,
            deploy_all=True,
            prefect_file=file,
            console=console,
            is_interactive=lambda: False,
        )
