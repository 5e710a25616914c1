"""What docs/manifest.md says of scripts is what the code does."""

import re
from pathlib import Path

import pytest

from tasks.reading.flaws import ScriptError
from tasks.reading.marks import _PAUSE_MS, MAX_PAUSE_MS, SAY_AS, parse_marks
from tasks.reading.script_text import script_text

PAGE = (Path(__file__).parents[3] / "docs" / "manifest.md").read_text(encoding="utf-8")
SCRIPTS = PAGE.split("## Scripts")[1].split("\n## ")[0]
MARKS, REPAIRS, REFUSALS = (
    part.split("\n### ")[0] for part in re.split(r"### (?:Marks|What is re\w+)\n", SCRIPTS)[1:]
)


def test_every_mark_on_the_page_is_read() -> None:
    marks = re.findall(r"^\| (`[^|]*`) \|", MARKS, re.MULTILINE)
    assert len(marks) > 10
    for mark in re.findall(r"`([^`]+)`", " ".join(marks)):
        closed = f"{mark}x</{mark[1:-1]}>" if re.fullmatch(r"<\w+>", mark) else f"One {mark} two"
        assert parse_marks(closed).text
    assert all(f'interpret-as="{kind}"' in MARKS or f"`{kind}`" in MARKS for kind in SAY_AS)


def test_the_lengths_of_pauses_are_on_the_page() -> None:
    assert f"at most {MAX_PAUSE_MS // 1000} s" in MARKS
    for name, milliseconds in _PAUSE_MS.items():
        told = f"`{name}` {milliseconds / 1000:g} s" if milliseconds else f"`{name}`"
        assert told in MARKS


@pytest.mark.parametrize("example", re.findall(r"`([^`]+)`", REFUSALS.split("**Languages")[0]))
def test_every_example_of_what_is_refused_is_refused(example: str) -> None:
    if example == "the [new] version":
        assert script_text(example, "en").text == example
        return
    with pytest.raises(ScriptError):
        script_text(f"Dear {example}, hello.", "en")
