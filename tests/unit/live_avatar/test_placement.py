"""How a video is laid over ranks, read from words."""

import pytest

from model.errors import CampaignError
from model.live_avatar.planning.placement import (
    ALONE,
    Placement,
    Seat,
    placement_of,
    read_placement,
)
from tasks.gpu_plans.layouts import layout_settings


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
        ("heads=2,shards=4", "must be equal, or one of them must be 1"),
        ("stages=40,heads=2", "at most 64"),
        ("stages=two", "stages=two must be whole numbers"),
        ("decoder=other", 'must be "own"'),
        ("ranks=4", '"ranks=4" is unknown'),
        ("stages=2,stages=3", '"stages=3" is unknown or given twice'),
    ],
)
def test_words_that_make_no_placement_are_refused(words: str, told: str):
    with pytest.raises(CampaignError, match=told):
        placement_of({"NIGHTSHOOT_PLACEMENT": words})


def test_blocks_go_from_the_last_rank_of_a_stage_to_all_of_the_next():
    placement = Placement(stages=2, heads=2, has_decoder=True)
    seats = [Seat(placement, rank) for rank in range(placement.num_ranks)]
    assert [seat.before for seat in seats] == [None, None, 1, 1, 3]
    assert [list(seat.after) for seat in seats] == [[], [2, 3], [], [4], []]
    assert [list(seat.mates) for seat in seats] == [[0, 1], [0, 1], [2, 3], [2, 3], [4]]
    assert [list(seat.steps(3)) for seat in seats] == [[0, 1], [0, 1], [2], [2], []]
    assert [seat.leads for seat in seats] == [seat.decodes_alone for seat in seats]

    without = [Seat(Placement(stages=2, heads=2), rank) for rank in range(4)]
    assert [list(seat.after) for seat in without] == [[], [2, 3], [], []]
    assert [seat.leads for seat in without] == [False, False, False, True]
    assert not any(seat.decodes_alone for seat in without)


def test_a_campaign_is_planned_for_the_heads_of_its_placement():
    assert layout_settings("stages=2,heads=4") == {"head_parallel": 4}
    assert layout_settings("stages=2,shards=4") == layout_settings("") == {}
