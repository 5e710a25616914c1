"""The dispatcher of one machine: every video in this process tree.

Prefect's server is a child too, and ends with the run.
"""

from collections.abc import Iterable

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
        """Start the server in the background; speech is made meanwhile."""
        self._server = LocalServer(folder.logs)

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
