"""docs/architecture.md: the way through the house exists, and names every room."""

import ast
import re
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
LAYERS = ("flows", "tasks", "model")


def rooms() -> list[Path]:
    return sorted(
        file.parent.relative_to(ROOT)
        for layer in LAYERS
        for file in (ROOT / layer).rglob("__init__.py")
    )


def test_every_path_on_the_page_is_there():
    paths = re.findall(r"`((?:flows|tasks|model|tests|docs)/[\w/.]*)`", PAGE)

    assert len(paths) > 60
    assert not [path for path in paths if not (ROOT / path).exists()]


def test_the_walk_opens_each_file_once():
    walk = PAGE.split("## One row")[1].split("\n## ")[0].split("On a cluster")[0]
    paths = re.findall(r"`([\w/]+\.py)`", walk)

    assert len(paths) >= 20
    assert sorted(set(paths)) == sorted(paths)


def test_the_page_names_every_room():
    assert not [str(room) for room in rooms() if f"`{room}/" not in PAGE]


def test_every_room_says_in_one_sentence_what_it_is_for_and_holds_a_dozen_modules_at_most():
    for room in rooms():
        init = ROOT / room / "__init__.py"
        said = ast.get_docstring(ast.parse(init.read_text(encoding="utf-8")))
        modules = [file for file in init.parent.glob("*.py") if not file.name.startswith("__")]

        assert said, room
        assert len(said.splitlines()) == 1, room
        assert len(modules) <= 12, room


def room_of(module: str) -> str:
    path = module.replace(".", "/")
    return module if (ROOT / path).is_dir() else module.rpartition(".")[0]


def test_no_file_and_no_room_leads_back_to_itself(tmp_path):
    graph = grimp.build_graph(*LAYERS, cache_dir=str(tmp_path))
    files = {each: graph.find_modules_directly_imported_by(each) for each in graph.modules}
    arrows: dict[str, set[str]] = {}
    for file, others in files.items():
        room = room_of(file)
        # a room may use what lies in the room around it, and the other way round
        apart = {
            other
            for other in map(room_of, others)
            if not f"{other}.".startswith(f"{room}.") and not f"{room}.".startswith(f"{other}.")
        }
        arrows.setdefault(room, set()).update(apart)

    assert len(files) > 600
    assert not circle_in(files)
    assert not circle_in(arrows)


def circle_in(arrows: Mapping[str, set[str]]) -> list[str]:
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as error:
        return error.args[1]
    return []
