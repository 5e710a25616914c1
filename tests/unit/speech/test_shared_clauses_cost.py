"""What a row costs to speak whose clauses, but for one of ten, other rows have spoken."""

from pathlib import Path

import pytest

from benchmarks.clauses import cost_s, script
from tasks.speech.speech import SpeechRequest, make_speech
from tasks.store.shared_files import LocalFiles

MOST = 0.15


@pytest.mark.sweep
def test_a_row_that_differs_in_one_clause_of_ten_costs_a_small_part_of_speaking_it_whole(
    tmp_path: Path,
) -> None:
    """With a neural voice; all in seconds that cores compute, in one process."""

    def request(number: int) -> SpeechRequest:
        return SpeechRequest(text=script(number), voice="af_heart")

    make_speech(SpeechRequest(text="Ready.", voice="af_heart"), tmp_path / "warm")
    shared = LocalFiles(tmp_path)
    whole = cost_s(request(1), tmp_path / "whole", None)
    make_speech(request(1), tmp_path / "rows", shared)

    later = [cost_s(request(number), tmp_path / "rows", shared) for number in (2, 3, 4)]

    assert sum(later) / len(later) <= MOST * whole, (later, whole)
