"""onnxruntime, asked not to send anything.

Its wheels report to Microsoft what sessions are opened and on what kind of machine, under an id
that they keep in the user's cache folder (its file Privacy.md). Nothing that Nightshoot does may
leave the machine unasked.
"""

import os

_VARIABLE = "ORT_DISABLE_TELEMETRY"


def forbid_telemetry() -> None:
    """Call before the first ``import onnxruntime`` of a process: it is read only then."""
    os.environ[_VARIABLE] = "1"
