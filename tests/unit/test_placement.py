"""How a video is laid over ranks, read from words."""

import pytest

from model.errors import CampaignError
from model.live_avatar.placement import ALONE, Placement, placement_of, read_placement


def test_a_placement_is_read_from_the_words_it_says_of_itself():
    for placement in (
        ALONE,
        Placement(stages=4, has_decoder=True),
        Placement(stages=2, heads=2, shards=2, has_decoder=True),
        Placement(shards=4),
    ):
        assert read_placement(str(placement)) == placement
    assert read_placement("") == ALONE


def test_the_ranks_of_a_stage_lie_side_by_side_and_a_decoder_comes_last():
    placement = Placement(stages=2, heads=3, has_decoder=True)
    assert placement.num_ranks == 7
    assert [placement.stage_of(rank) for rank in range(7)] == [0, 0, 0, 1, 1, 1, 2]
    assert [placement.ranks_of(stage) for stage in range(3)] == [range(3), range(3, 6), range(6, 7)]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("stages=0", "at least 1"),
        ("heads=2,shards=4", "must be equal or one of them 1"),
        ("stages=40,heads=2", "at most 64"),
        ("stages=two", "stages=two must be whole numbers"),
        ("decoder=other", 'must be "own"'),
        ("ranks=4", '"ranks=4" is unknown'),
        ("stages=2,stages=3", '"stages=3" is unknown or said twice'),
    ],
)
def test_words_that_make_no_placement_are_refused(words: str, told: str):
    with pytest.raises(CampaignError, match=told):
        placement_of({"NIGHTSHOOT_PLACEMENT": words})
