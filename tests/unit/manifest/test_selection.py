"""Which videos of a manifest a command is about."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.errors import CampaignError
from tasks.manifest.personal.selection import EVERYTHING, Selection, chosen_of

NAMES = ("ann--en", "ann--zh", "ben", "cleo--en--calm", "cleo--en--lively")
IDS = st.lists(st.from_regex(r"[a-z0-9]{1,8}", fullmatch=True), unique=True, min_size=1)


def test_nobody_chose() -> None:
    assert chosen_of(NAMES, EVERYTHING) is None


@pytest.mark.parametrize(
    ("only", "chosen"),
    [
        (("ben",), {"ben"}),
        (("ann",), {"ann--en", "ann--zh"}),
        (("ann--zh", "ben"), {"ann--zh", "ben"}),
        (("cleo--en",), {"cleo--en--calm", "cleo--en--lively"}),
    ],
)
def test_a_rows_name_stands_for_all_its_videos(only: tuple[str, ...], chosen: set[str]) -> None:
    assert chosen_of(NAMES, Selection(only=only)) == chosen


def test_names_that_nothing_has_are_all_told() -> None:
    with pytest.raises(CampaignError) as raised:
        chosen_of(NAMES, Selection(only=("an", "ben", "zzz")))
    assert str(raised.value) == (
        '--only "an": none of the 5 videos has this name; did you mean "ann"?\n'
        '--only "zzz": none of the 5 videos has this name; names are in the column video_id'
    )


def test_a_limit_counts_from_the_manifests_beginning() -> None:
    assert chosen_of(NAMES, Selection(limit=2)) == {"ann--en", "ann--zh"}
    assert chosen_of(NAMES, Selection(only=("cleo", "ben"), limit=1)) == {"ben"}
    assert chosen_of(NAMES, Selection(limit=99)) == set(NAMES)


@given(IDS, st.integers(1, 5), st.integers(0, 3))
def test_a_sample_is_the_same_again_whatever_the_order(
    names: list[str], number: int, seed: int
) -> None:
    wanted = Selection(sample=number, seed=seed)
    drawn = chosen_of(names, wanted)
    assert drawn is not None
    assert len(drawn) == min(number, len(names))
    assert drawn <= set(names)
    assert chosen_of(names[::-1], wanted) == drawn


@given(IDS, st.integers(1, 5))
def test_another_row_moves_at_most_one_of_a_sample(names: list[str], number: int) -> None:
    wanted = Selection(sample=number)
    fewer, more = chosen_of(names[:-1] or names, wanted), chosen_of(names, wanted)
    assert fewer is not None
    assert more is not None
    assert len(fewer - more) <= 1
