"""``python -m tests.parity [folder]``: every output tensor of a golden set, a line for each file.

Without a folder it is the one that ``GOLDEN`` names, else the shared one. Exit 1: a tensor is too
far off or was not visited; 2: there is no set.
"""

import sys
import time
from pathlib import Path

import torch

from tests.parity.all_numbers import reports
from tests.parity.golden import GoldenError, GoldenSet, named_folder


def main(arguments: list[str]) -> int:
    """Compare; see the module."""
    if len(arguments) > 1:
        sys.stderr.write(
            "one folder of golden tensors at a time: python -m tests.parity [folder]\n"
        )
        return 2
    folder = Path(arguments[0]).resolve() if arguments else named_folder()
    started = time.perf_counter()
    faults: list[str] = []
    num_tensors = 0
    try:
        golden = GoldenSet(folder)
        torch.set_num_threads(golden.num_threads)
        for report in reports(golden):
            sys.stdout.write(f"{report}\n")
            sys.stdout.flush()
            num_tensors += len(report.gaps)
            faults += [f"{report.name}: {fault}" for fault in report.faults]
    except GoldenError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    for fault in faults:
        sys.stdout.write(f"  {fault}\n")
    seconds = time.perf_counter() - started
    verdict = f"{len(faults)} faults" if faults else "all within tolerance"
    sys.stdout.write(f"{num_tensors} tensors in {seconds:.0f} s: {verdict}\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
