"""The manifest's documentation tells what the code does."""

from pathlib import Path

from tasks.manifest import COLUMN_NAMES, fields_table

PAGE = Path(__file__).parents[2] / "docs" / "manifest.md"


def test_the_table_of_columns_is_the_codes_own() -> None:
    assert fields_table() in PAGE.read_text(encoding="utf-8")


def test_every_column_is_in_the_table() -> None:
    assert all(f"| `{name}` |" in fields_table() for name in COLUMN_NAMES)
