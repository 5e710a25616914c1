"""What of a prepared row stays in memory."""

import tracemalloc
from pathlib import Path

import pytest

from benchmarks.planning import write_rows
from flows.session import Request, Session
from tasks.manifest.manifest import RowDefaults

pytestmark = pytest.mark.media
NUM_ROWS, NUM_COMPARED = 40, 8
MOST_KEPT_BYTES = 4_000
"""Of a row: its digests and file versions, which are known while a run lasts."""


def test_of_a_prepared_row_little_stays_in_memory(tmp_path: Path) -> None:
    manifest = write_rows(tmp_path, NUM_ROWS, "wav")
    request = Request(
        manifest=manifest, out=tmp_path, campaign="rows", defaults=RowDefaults(), workers=2
    )
    session = Session(request)
    held: list[int] = []
    tracemalloc.start()
    try:
        for prepared in session.prepare(print):
            assert prepared.error is None
            del prepared
            held.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()

    # the least of some rows: what a row needs while it is prepared comes and goes
    before, after = min(held[NUM_ROWS // 2 :][:NUM_COMPARED]), min(held[-NUM_COMPARED:])
    assert after - before < MOST_KEPT_BYTES * (NUM_ROWS // 2 - NUM_COMPARED)
