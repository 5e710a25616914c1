"""Compiles what the engine compiles on a GPU, for GPUs that are not there, and writes a page of it.

make compile-gpu
.venv-cuda/bin/python -m tests.cubins --only H200 bfloat16    # one of them, as JSON
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict

from tests.cubins.page import ASKED, PATH, Ask, page, read_graphs

_CACHES = {"TORCHINDUCTOR_CACHE_DIR": "torch", "TRITON_CACHE_DIR": "triton"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs=2, metavar=("CARD", "DTYPE"))
    only = parser.parse_args().only
    if only:
        sys.stdout.write(_compiled(Ask(*only)))
        return
    found = {}
    for ask in ASKED:  # in a process each: torch keeps what it was told of its device
        command = [sys.executable, "-m", "tests.cubins", "--only", *ask]
        made = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        found[ask] = read_graphs(made.stdout)
        sys.stdout.write(f"{ask.card} {ask.dtype}: {len(found[ask])} graphs\n")
        sys.stdout.flush()
    PATH.write_text(page(found))
    sys.stdout.write(f"written to {PATH.name}\n")


def _compiled(ask: Ask) -> str:
    with tempfile.TemporaryDirectory() as folder:  # what was made before says nothing of itself
        os.environ.update({name: f"{folder}/{part}" for name, part in _CACHES.items()})
        from tests.cubins.compiling import compile_all
        from tests.cubins.device import CARDS

        return json.dumps([asdict(graph) for graph in compile_all(CARDS[ask.card], ask.dtype)])


if __name__ == "__main__":
    main()
