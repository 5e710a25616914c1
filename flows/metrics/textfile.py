"""A file of figures in the folder that NIGHTSHOOT_METRICS_DIR names, for node_exporter's collector.

``node_exporter --collector.textfile.directory=FOLDER`` adds what is in it to its own metrics.
"""

import logging
import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the command line reads where figures go before it needs any
    from flows.metrics.families import Figures

FOLDER_VARIABLE = "NIGHTSHOOT_METRICS_DIR"
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")
_log = logging.getLogger("nightshoot.metrics")


def metrics_folder(environ: Mapping[str, str]) -> Path | None:
    """Where figures are told; None: nowhere, as nobody asked."""
    told = environ.get(FOLDER_VARIABLE)
    return Path(told) if told else None


def tell(folder: Path | None, name: str, figures: "Figures") -> None:
    """Write ``nightshoot-NAME.prom``, whole or not at all.

    A folder that cannot be written is a line in the log: no night is lost for its figures.
    """
    if folder is None:
        return
    path = folder / f"nightshoot-{_NOT_IN_NAMES.sub('-', name)}.prom"
    try:
        # not *.prom: the collector reads every such file, half of one too
        descriptor, part = tempfile.mkstemp(prefix=f".{path.name}.", dir=folder)
        with os.fdopen(descriptor, "wb") as file:
            file.write(figures.text())
        Path(part).chmod(0o644)  # node_exporter is another user
        Path(part).replace(path)
    except OSError as error:
        _log.warning("%s: figures cannot be told (%s; %s)", path, error, FOLDER_VARIABLE)
