"""A manifest read before its campaign is promised, as the campaign's run will read it."""

import tempfile

from flows.cluster.parameters import CampaignParameters
from flows.cluster.requests import request_of
from flows.session import Session


def check_manifest(parameters: CampaignParameters) -> int:
    """Read the manifest and what its rows name; nothing is written to the output.

    Returns:
        How many videos it makes.

    Raises:
        ManifestError: faults of rows, all at once; or it cannot be read from this machine.
        CampaignError: options, presets or sizes that cannot be used, all at once.
    """
    with tempfile.TemporaryDirectory(prefix="nightshoot-check-") as folder:
        session = Session(request_of(parameters, out=folder))
        return len(session.rows if session.chosen is None else session.chosen)
