"""The packaged layouts: complete, inside the safe areas, and nothing over anything else."""

from itertools import combinations, permutations

import pytest

from tasks.screen.composing.pieces import overlaps
from tasks.screen.layout.templates import SHAPES, THINGS, packaged_layouts, safe_region

FRAMES = {"9:16": (1080, 1920), "4:5": (1080, 1350), "1:1": (1080, 1080), "16:9": (1920, 1080)}
EVERY = [(name, shape) for name in packaged_layouts() for shape in SHAPES]


@pytest.mark.parametrize(("name", "shape"), EVERY)
def test_every_layout_has_a_place_for_everything_in_every_shape(name, shape):
    layout = packaged_layouts()[name]
    assert set(layout.regions[shape]) == {"presenter", *THINGS}
    assert layout.has_captions(*FRAMES[shape])


@pytest.mark.parametrize("is_captioned", [False, True])
@pytest.mark.parametrize(("name", "shape"), EVERY)
def test_words_and_products_lie_in_the_safe_area_and_not_over_each_other(name, shape, is_captioned):
    width, height = FRAMES[shape]
    safe = safe_region(width, height)
    layout = packaged_layouts()[name]
    places = layout.in_frame(width, height, is_captioned=is_captioned).regions
    shown = (*THINGS, "captions") if is_captioned else THINGS
    things = [(thing, places[thing]) for thing in shown]

    for thing, region in things:
        assert region.left >= safe.left, thing
        assert region.top >= safe.top, thing
        assert region.left + region.width <= safe.left + safe.width, thing
        assert region.top + region.height <= safe.top + safe.height, thing
    assert not [(a, b) for (a, one), (b, other) in combinations(things, 2) if overlaps(one, other)]


@pytest.mark.parametrize("is_captioned", [False, True])
@pytest.mark.parametrize(("name", "shape"), EVERY)
def test_words_above_each_other_never_touch(name, shape, is_captioned):
    """Panels of words that fill their places would look like one panel."""
    layout = packaged_layouts()[name]
    places = layout.in_frame(*FRAMES[shape], is_captioned=is_captioned).regions
    words = ["headline", "price", "cta", "lower_third", *(["captions"] if is_captioned else [])]
    for above, below in permutations(words, 2):
        one, other = places[above], places[below]
        is_column = one.left < other.left + other.width and other.left < one.left + one.width
        if is_column and one.top < other.top:
            gap = other.top - one.top - one.height
            assert gap >= 0.009 * min(FRAMES[shape]), (above, below)


@pytest.mark.parametrize(("name", "shape"), EVERY)
def test_the_presenter_has_even_sides_inside_the_frame_and_products_lie_beside(name, shape):
    width, height = FRAMES[shape]
    for is_captioned in (False, True):
        places = packaged_layouts()[name].in_frame(width, height, is_captioned=is_captioned)
        presenter = places.presenter

        assert presenter.is_within(width, height)
        assert not any(
            side % 2 for side in (presenter.left, presenter.top, presenter.width, presenter.height)
        )
        if name != "full":
            assert not overlaps(presenter, places.regions["product"])


@pytest.mark.parametrize("size", [(608, 1080), (720, 1280), (1280, 720), (512, 512), (640, 800)])
def test_other_sizes_take_the_nearest_shape(size):
    for layout in packaged_layouts().values():
        assert layout.in_frame(*size).presenter.is_within(*size)
