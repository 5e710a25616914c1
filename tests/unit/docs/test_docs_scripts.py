"""docs/scripts.md and docs/scripts.zh.md: scripts are read as the pages say."""

import re
from pathlib import Path

import pytest

from tasks.manifest.lexicon_file import read_lexicon
from tasks.reading.lexicon import NO_LEXICON
from tasks.reading.readback import read_back

DOCS = Path(__file__).parents[3] / "docs"
PAGES = ("scripts.md", "scripts.zh.md")
HAN = re.compile("[\u4e00-\u9fff]")


def rows(page: str) -> list[tuple[str, str, str]]:
    text = (DOCS / page).read_text(encoding="utf-8")
    return re.findall(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", text, re.MULTILINE)


@pytest.mark.parametrize("page", PAGES)
def test_every_example_is_read_as_the_page_says(page: str) -> None:
    examples = [row for row in rows(page) if row[1] not in ("Written", "原文")]
    assert len(examples) > 30
    for what, written, spoken in examples:
        back = read_back(written, "zh" if HAN.search(spoken) else "en", NO_LEXICON)
        assert back.spoken == spoken, written
        is_asked = "check" in what or "核对" in what
        assert any(piece.doubt for piece in back.pieces) == is_asked, written


@pytest.mark.parametrize("page", PAGES)
def test_the_lexicon_of_the_page_is_one(page: str, tmp_path: Path) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    (example,) = re.findall(r"```csv\n(.+?)```", text, re.DOTALL)
    (tmp_path / "lexicon.csv").write_text(example, encoding="utf-8")
    assert len(read_lexicon(tmp_path / "lexicon.csv").lexicon.entries) == 4
