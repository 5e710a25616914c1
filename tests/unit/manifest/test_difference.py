"""What two manifests differ in, and what a render would therefore make."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.manifest.manifest import COLUMN_NAMES
from tasks.manifest.personal.difference import CellChange, Difference, difference

ANN = {"video_id": "ann", "script": "Hello {{name}}.", "name": "Ann", "note": "x", "priority": ""}
ROWS = st.dictionaries(
    st.sampled_from("abcd"),
    st.fixed_dictionaries({"script": st.sampled_from(("Hi.", "Ho.")), "note": st.just("n")}),
)


def of(before: dict[str, str], after: dict[str, str]) -> Difference:
    return difference({"ann": before}, {"ann": after}, COLUMN_NAMES)


def test_a_value_that_a_variable_names_makes_its_video_again() -> None:
    found = of(ANN, ANN | {"name": "Anna"})
    (change,) = found.changed
    assert change.cells == (CellChange(column="name", before="Ann", after="Anna"),)
    assert found.made == ("ann",)


def test_what_no_video_depends_on_is_told_and_makes_nothing() -> None:
    found = of(ANN, ANN | {"note": "y", "priority": "5"})
    assert [cell.column for cell in found.changed[0].cells] == ["note", "priority"]
    assert found.made == ()


def test_the_same_text_by_another_way_makes_nothing() -> None:
    assert of(ANN, ANN | {"script": "Hello Ann."}).made == ()


def test_a_column_that_is_empty_asks_for_nothing() -> None:
    assert of(ANN, ANN | {"voice": ""}).num_same == 1


@given(ROWS, ROWS)
@settings(deadline=None)
def test_every_video_is_told_of_once(
    before: dict[str, dict[str, str]], after: dict[str, dict[str, str]]
) -> None:
    found = difference(before, after, COLUMN_NAMES)
    changed = [each.video_id for each in found.changed]
    assert {*found.added, *changed} <= set(after)
    assert set(found.removed) == set(before) - set(after)
    assert len(found.added) + len(changed) + found.num_same == len(after)
    back = difference(after, before, COLUMN_NAMES)
    assert (set(back.added), set(back.removed)) == (set(found.removed), set(found.added))
    assert difference(before, before, COLUMN_NAMES).num_same == len(before)


def test_what_is_seen_beside_the_presenter_makes_films_anew_and_renders_nothing() -> None:
    row = ANN | {"deliver": "9:16", "brand": "june.toml", "headline": "For {{name}}", "cta": "Buy"}
    for other in ({"cta": "Order"}, {"deliver": "9:16, 1:1"}, {"music": "calm.mp3"}):
        found = of(row, row | other)
        assert found.made == ()
        assert found.changed[0].has_other_films
    renamed = of(row, row | {"name": "Anna"})
    assert renamed.made == ("ann",), "the name is spoken, too"
    assert not renamed.changed[0].has_other_films

    own = row | {"brand": "Fernlight"}
    assert not of(own, own | {"cta": "Order"}).changed[0].has_other_films, "a team's own column"
    assert not of(row, row | {"deliver": ""}).changed[0].has_other_films, "none is asked for"
    without = row | {"deliver": ""}
    assert not of(without, without | {"cta": "Order"}).changed[0].has_other_films
