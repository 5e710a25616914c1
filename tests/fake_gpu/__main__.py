"""Counts the work of a segment on a fake GPU, and writes the page that the tests hold it to.

make count-gpu
.venv/bin/python -m tests.fake_gpu --only bfloat16 float8    # these sections of it alone
"""

import argparse
import gc
import sys
import time

from tests.fake_gpu.rendering import COMBINATIONS, count
from tests.fake_gpu.table import PATH, page, section, sections_of


def main() -> None:
    """Count, print, and write each section as soon as it is counted."""
    known = {each.name: each for each in COMBINATIONS}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=known, nargs="+", metavar="NAME", help=", ".join(known))
    for name in parser.parse_args().only or known:
        started = time.process_time()
        counted = count(known[name])
        gc.collect()
        sections = sections_of(PATH.read_text()) if PATH.exists() else {}
        sections[name] = section(name, counted)
        PATH.write_text(page(sections, known))
        seconds = time.process_time() - started
        lines = [section(name, counted), *counted.faults, *counted.loop_waits]
        lines.append(f"{seconds:.0f} s of the processor; written to {PATH.name}")
        sys.stdout.write("\n".join([*lines, ""]))
        sys.stdout.flush()


if __name__ == "__main__":
    main()
