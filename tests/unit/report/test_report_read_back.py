"""`report.csv` is a manifest again, whatever its rows and their failures say."""

import tempfile
from pathlib import Path

import cv2
import numpy as np
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tasks.manifest.manifest import RowDefaults, read_manifest
from tasks.records import VideoOutcome
from tasks.report.report import write_report
from tests.examples import examples

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60)
STEERING = st.text(st.sampled_from("=+-@＝＠'\"; \t\r\nx,\ufeff\x1b"), max_size=20)
# a manifest refuses control characters, and text that is garbled or no script
SPOKEN = st.text(st.sampled_from("abz059,;:.!?'\"-+=@ 你好，。é＝＠"), max_size=60)
LINES = st.text(st.sampled_from("=+-@＝＠'\"; \t\nx,"), max_size=20)
SCRIPTS = (SPOKEN | LINES).map(lambda text: f"Say {text} now.")


@settings(max_examples=examples(40), deadline=None, phases=[Phase.explicit, Phase.generate])
@given(st.lists(SCRIPTS, min_size=1, max_size=4), TEXT | STEERING, TEXT | STEERING)
def test_a_report_is_read_as_the_manifest_that_it_came_from(
    scripts: list[str], error: str, way_out: str
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        assert cv2.imwrite(str(folder / "face.png"), np.zeros((8, 8, 3), np.uint8))
        cells = {
            f"v-{number}": {"video_id": f"v-{number}", "script": script, "portrait": "face.png"}
            for number, script in enumerate(scripts)
        }
        outcomes = [
            VideoOutcome(
                video_id=video_id,
                line=line,
                status="failed",
                error=error,
                way_out=way_out,
                warnings=(error, way_out),
            )
            for line, video_id in enumerate(cells, 2)
        ]
        write_report(
            folder,
            title="june",
            columns=["video_id", "script", "portrait"],
            cells=cells,
            outcomes=outcomes,
            facts={},
            notices=[],
        )
        manifest = read_manifest(folder / "report.csv", RowDefaults())
        given = folder / "given.csv"
        given.write_bytes(_plain_csv(cells))
        expected = read_manifest(given, RowDefaults())
    assert [row.script for row in manifest.rows] == [row.script for row in expected.rows]
    assert [row.video_id for row in manifest.rows] == list(cells)


def _plain_csv(cells: dict[str, dict[str, str]]) -> bytes:
    """The same rows, written by hand: every cell quoted."""
    lines = [["video_id", "script", "portrait"], *(list(row.values()) for row in cells.values())]
    quoted = (",".join('"' + cell.replace('"', '""') + '"' for cell in line) for line in lines)
    return ("\r\n".join(quoted) + "\r\n").encode()
