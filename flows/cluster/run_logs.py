"""What a deployed run calls itself and writes into its log, for people who look at the UI."""

import logging
import traceback
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, cast

from prefect import get_run_logger
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Failed
from rich.console import Console

from flows.outcomes import name_of, text_of
from flows.progress import PlainProgress
from tasks.redaction import printable, without_secrets

_P = ParamSpec("_P")


def fails_without_secrets(flow: Callable[_P, State[Any]]) -> Callable[_P, State[Any]]:
    """Log what ends a flow ourselves, before Prefect does.

    Prefect writes the traceback into its database, and the words of a library that lost its
    server may be the address that it asked, with its password.
    """

    @wraps(flow)
    def run(*args: _P.args, **kwargs: _P.kwargs) -> State[Any]:
        try:
            return flow(*args, **kwargs)
        except Exception as error:  # noqa: BLE001  whatever it is, it would end in the database
            get_run_logger().error("%s", printable(without_secrets(traceback.format_exc())))
            return Failed(message=printable(text_of(error)))

    return run


class LogProgress(PlainProgress):
    """Lines into the run's log, which Prefect's UI shows."""

    def __init__(self) -> None:
        super().__init__(Console(quiet=True))
        self._logger: logging.Logger | logging.LoggerAdapter[Any] = get_run_logger()

    def _say(self, text: str, style: str = "") -> None:
        self._logger.log(
            logging.WARNING if style in ("red", "yellow") else logging.INFO,
            printable(without_secrets(text)),
        )


def run_name() -> str:
    """`campaign`, or `campaign/video`, from the run's parameters."""
    parameters = flow_run.get_parameters() or {}
    video_id = _fields(parameters).get("video_id")
    name = campaign_of(parameters)
    return f"{name}/{video_id}" if video_id else name


def campaign_of(parameters: Mapping[str, Any]) -> str:
    """The campaign that a run with these parameters is about."""
    fields = _fields(parameters)
    return fields.get("campaign") or Path(name_of(fields.get("manifest") or "campaign")).stem


def _fields(parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    request: object = parameters.get("request")
    if request is None:
        return {}
    return cast("Mapping[str, Any]", request if isinstance(request, dict) else vars(request))
