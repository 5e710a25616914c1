"""What is told of a cell that is wrong repeats no secret of a mistyped address."""

from pathlib import Path

import pytest

from tasks.manifest.manifest import ManifestError, RowDefaults, read_manifest
from tests.unit.served import png

# of the column voice, what begins with "http:" is the name of a voice
COLUMNS = ("engine", "size", "preset", "deliver", "framing", "seed", "due", "portrait")
WRITTEN = (
    "http:/ann:PASSWORD@h/a.png?sig=PASSWORD",
    "http//ann:PASSWORD@h/a.png?sig=PASSWORD",
    "https:ann:PASSWORD@h/a.png",
    "ann:PASSWORD@h/a.png",
    "htps://ann:PASSWORD PASSWORD@h/a.png?sig=PASSWORD",
    "www.example.com/a.png?sig=PASSWORD",
)


@pytest.mark.parametrize("column", COLUMNS)
def test_no_fault_of_any_column_repeats_a_secret(column: str, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png(512, 512))
    lines = ["video_id,script," + ("portrait" if column == "portrait" else f"portrait,{column}")]
    for number, text in enumerate(WRITTEN):
        cell = text if column == "portrait" else f"a.png,{text}"
        lines.append(f"v{number},Hello.,{cell}")
    manifest = tmp_path / "june.csv"
    manifest.write_text("\n".join(lines) + "\n")

    with pytest.raises(ManifestError) as refused:
        read_manifest(manifest, RowDefaults())

    assert str(refused.value).count("june.csv:") == len(WRITTEN)
    assert "PASSWORD" not in str(refused.value)
