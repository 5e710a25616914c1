"""The dispatcher of one machine: every video in this process tree.

Prefect's server is a child too, and ends with the run.
"""

import os
from collections.abc import Iterable

from flows.local.named_server import URL_VARIABLE, check_named_server
from flows.local.server import LocalServer, log_prefect_to
from flows.prepare import Prepared
from flows.work import Work
from tasks.records import VideoOutcome
from tasks.store.campaign_folder import CampaignFolder


class LocalDispatcher:
    """``workers`` videos at once, here."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._server: LocalServer | None = None

    def start(self, folder: CampaignFolder) -> None:
        """Start the server in the background; speech is made meanwhile.

        Raises:
            CampaignError: PREFECT_API_URL names one, and that does not answer.
        """
        is_named = bool(os.environ.get(URL_VARIABLE))
        self._server = LocalServer(folder.logs)
        if is_named:  # after what the server's own module says to Prefect, which reads it once
            check_named_server()

    def __call__(self, name: str, ready: Iterable[Prepared], work: Work) -> list[VideoOutcome]:
        """Make the videos as they become ready.

        Raises:
            ServerError: Prefect's server did not come up.
        """
        assert self._server is not None
        self._server.wait()
        # only now: importing Prefect takes a second, and nothing may be left to do
        from flows.local.campaign import dispatch

        log_prefect_to(work.folder.logs / "prefect.log")
        return dispatch(name, ready, work, self._workers)

    def end(self) -> None:
        """End the server, if it is ours."""
        if self._server is not None:
            self._server.end()
