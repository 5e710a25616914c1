"""The tables of cards in the operator's page are those that the code reckons."""

from benchmarks.cards import PAGE, PRICES, card_table, transfer_table, with_tables
from model.live_avatar.planning.gpus import GPUS


def test_the_tables_are_as_the_code_makes_them_now():
    page = PAGE.read_text(encoding="utf-8")

    assert card_table() in page, "run `make card-tables`"
    assert transfer_table() in page, "run `make card-tables`"
    assert with_tables(page) == page


def test_every_card_that_has_a_price_has_its_rows():
    rows = [line.split(" | ") for line in card_table().splitlines()[2:]]
    told = [(row[0].strip("| "), row[1]) for row in rows]

    assert told == [
        (name, dtype)
        for name in PRICES
        for dtype in ("bfloat16", "float8")
        if dtype == "bfloat16" or GPUS[name.lower()].has_float8
    ]
