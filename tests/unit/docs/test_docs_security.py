"""SECURITY.md: every test that it calls as a witness is there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf-8")


def defined_tests() -> set[str]:
    sources = (path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    return {name for source in sources for name in re.findall(r"^def (test_\w+)", source, re.M)}


def test_every_defence_names_tests_that_exist():
    rows = re.findall(r"^\| (.+) \| (.*`test_.+) \|$", PAGE, re.MULTILINE)

    assert len(rows) >= 8
    named = {name for _, tests in rows for name in re.findall(r"`(test_\w+)`", tests)}
    assert len(named) > 20
    assert named <= defined_tests()


def test_links_and_variables_of_the_page_exist():
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "tasks").rglob("*.py"))
    sources += "".join(path.read_text("utf-8") for path in (ROOT / "flows/cli").rglob("*.py"))

    for name in re.findall(r"`(NIGHTSHOOT_\w+)`", PAGE):
        assert name in sources
    for path in re.findall(r"\]\(([\w/.]+)", PAGE):
        assert (ROOT / path).exists()


def test_the_readme_links_to_the_page():
    assert "(SECURITY.md)" in (ROOT / "README.md").read_text("utf-8")
