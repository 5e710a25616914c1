"""The time that `plan` foretells, beside the run: a whole campaign on the preview engine.

What is compared is what cores computed: the seconds that pass are those of a machine that tests
share with others. The benchmark tells both.
"""

from pathlib import Path

import pytest

from benchmarks.quote import Measured, door, measured

pytestmark = [pytest.mark.integration, pytest.mark.media]
WITHIN = 0.25


def _is_near(found: Measured) -> bool:
    return abs(found.cores_off) <= WITHIN


@pytest.mark.sweep
def test_many_short_videos_on_one_machine_compute_what_was_foretold(tmp_path: Path) -> None:
    with door("machine", tmp_path / "door") as at:
        found = measured("machine", "short", tmp_path, at)

    assert _is_near(found), found
