"""Names of delivered files: any column, every fault at once, no two alike on any disk."""

import pytest

from model.errors import CampaignError
from tasks.delivery.names import NamedRow, NamesError, name_fault, names_of

COLUMNS = ("video_id", "language", "SKU.no", "产品")


def row(video_id: str, line: int = 2, **values: str) -> NamedRow:
    return NamedRow(video_id, line, {"video_id": video_id, "language": "en"} | values)


def test_any_column_makes_a_name_and_names_need_not_be_ids():
    rows = [row("a", **{"SKU.no": "AB_12", "产品": "台灯"}), row("b", **{"SKU.no": "x"})]

    assert names_of("{video_id}_{language}", rows, COLUMNS) == {"a": "a_en", "b": "b_en"}
    assert names_of("Spot {SKU.no}", rows, COLUMNS) == {"a": "Spot AB_12", "b": "Spot x"}
    assert names_of("{产品}", rows[:1], COLUMNS) == {"a": "台灯"}


def test_columns_may_stand_in_the_braces_of_scripts_with_a_default():
    rows = [row("a", **{"SKU.no": "AB_12"}), row("b")]

    assert names_of("{{video_id}}-{{SKU.no|none}}", rows, COLUMNS) == {
        "a": "a-AB_12",
        "b": "b-none",
    }
    with pytest.raises(NamesError, match=r'column "SKU\.no" is empty'):
        names_of("{{video_id}}-{{SKU.no}}", rows, COLUMNS)


def test_a_value_in_a_name_is_never_looked_into():
    names = names_of("{{video_id}} {{SKU.no}}", [row("a", **{"SKU.no": "{{产品}} {x}"})], COLUMNS)
    assert names == {"a": "a {{产品}} {x}"}


@pytest.mark.parametrize(
    "template", ["{{", "{{nobody}}", "{{video_id}}_{language}", "{{}}", "x{{a}"]
)
def test_double_braces_that_cannot_be_used_are_refused_with_the_columns(template):
    with pytest.raises(CampaignError, match=r"SKU\.no"):
        names_of(template, [row("a")], COLUMNS)


@pytest.mark.parametrize("template", ["{", "plain", "{nobody}", "{video_id!r}", "{video_id:>9}"])
def test_a_template_that_cannot_be_used_is_refused_with_the_columns(template):
    with pytest.raises(CampaignError, match=r"SKU\.no"):
        names_of(template, [row("a")], COLUMNS)


def test_every_name_that_cannot_be_given_is_told():
    rows = [
        row("a", 2, **{"SKU.no": "One"}),
        row("b", 3, **{"SKU.no": "one"}),
        row("c", 4, **{"SKU.no": "x/y"}),
        row("d", 5),
        row("e", 6, **{"SKU.no": "u\u0308"}),
        row("f", 7, **{"SKU.no": "ü"}),
    ]

    with pytest.raises(NamesError) as refused:
        names_of("{SKU.no}", rows, COLUMNS)

    assert [fault.line for fault in refused.value.faults] == [3, 4, 5, 7]
    assert "b would have the same file name as a" in str(refused.value)
    assert 'column "SKU.no" is empty' in str(refused.value)


@pytest.mark.parametrize("name", ["", ".x", "x.", "x ", "a:b", "CON", "lpt1.x", "n" * 201, "a\nb"])
def test_names_that_some_system_cannot_keep(name):
    assert name_fault(name)


@pytest.mark.parametrize("name", ["Ann_Intro", "春节 2027", "a.b", "index"])
def test_names_that_every_system_keeps(name):
    assert name_fault(name) == ""
