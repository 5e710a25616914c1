"""The manifest's documentation tells what the code does."""

from pathlib import Path

from model.live_avatar.settings import DEFAULTS, LATER_DEFAULTS
from model.preview.engine import SETTINGS
from tasks.manifest.manifest import COLUMN_NAMES, fields_table
from tasks.manifest.row_settings import CLIP_RANGES, DEFAULT_SEGMENT_CLIPS, SETTING_COLUMNS

PAGE = Path(__file__).parents[3] / "docs" / "manifest.md"


def test_the_table_of_columns_is_the_codes_own() -> None:
    assert fields_table() in PAGE.read_text(encoding="utf-8")


def test_every_column_is_in_the_table() -> None:
    assert all(f"| `{name}` |" in fields_table() for name in COLUMN_NAMES)


def test_every_setting_of_every_engine_is_told_with_its_default() -> None:
    page = PAGE.read_text(encoding="utf-8")
    cells = [line.split(" | ") for line in page.splitlines() if line.startswith("| `")]
    told = {row[0].strip("| `"): row[1].strip('`" ').lower() for row in cells if len(row) == 4}
    expected = {
        name: str(value) for name, value in {**DEFAULTS, **LATER_DEFAULTS, **SETTINGS}.items()
    }
    whole = {name: value.removesuffix(".0").lower() for name, value in expected.items()}

    assert {name: told[name] for name in SETTING_COLUMNS} == {
        **{name: value for name, value in whole.items() if name in SETTING_COLUMNS},
        "sample_steps": "the preset's",
        "segment_clips": "{}, with `handoff` `context` {}".format(*DEFAULT_SEGMENT_CLIPS.values()),
    }
    others = whole.keys() - set(SETTING_COLUMNS)
    assert {name: told[name] for name in others} == {name: whole[name] for name in others}
    assert all(f"{low} to {high} |" in page for low, high in CLIP_RANGES.values())
