from __future__ import annotations

import io

import pytest
from PIL import Image

from model.errors import RowError
from tasks.deliverables.captions.drawing import (
    CaptionError,
    caption_overlays,
    check_captions,
    told_once,
)
from tasks.deliverables.captions.places import Stand, lettering
from tasks.media.captions import Caption
from tasks.screen.formats import RATIOS, is_beside, is_burned
from tasks.screen.label import LABEL_S, LABELS, label_overlay
from tasks.screen.lettering import drawable, missing_signs

ZH = ("这是我们的新款水壶，一", "分钟就能烧开。")
EN = ("This is the new kettle,", "it boils in one minute.")
FACES = {"9:16": (300, 500, 800, 1200), "1:1": (300, 200, 800, 800), "16:9": (700, 200, 1200, 880)}


def caption(lines: tuple[str, ...], start_ms: int = 0, end_ms: int = 900) -> Caption:
    return Caption(lines=lines, start_ms=start_ms, end_ms=end_ms)


@pytest.mark.parametrize("lines", [ZH, EN, ("W" * 25,), ("Hi",)], ids=["zh", "en", "wide", "short"])
@pytest.mark.parametrize("ratio", FACES)
def test_captions_stand_inside_the_screen_and_never_over_the_mouth(
    ratio: str, lines: tuple[str, ...]
):
    size, face = RATIOS[ratio], FACES[ratio]
    (overlay,) = caption_overlays([caption(lines)], Stand(size, face))
    with Image.open(io.BytesIO(overlay.picture)) as picture:
        box = picture.getbbox()
        assert box is not None
        left, top, right, bottom = box
        assert picture.size[0] >= right > left >= 0
    mouth = face[1] + 0.55 * (face[3] - face[1])

    assert 0.05 * size[0] <= overlay.left + left
    assert overlay.left + right <= 0.95 * size[0]
    assert overlay.top + bottom <= mouth or overlay.top + top >= face[3]
    assert overlay.top + bottom <= 0.95 * size[1]


def test_a_tall_film_keeps_clear_of_what_platforms_draw_at_its_bottom():
    place = lettering([caption(EN)], Stand(RATIOS["9:16"], FACES["9:16"]))

    assert place is not None
    assert place.bottom <= 0.82 * 1920


def test_captions_that_have_no_room_and_letters_that_the_font_has_not_are_told_with_the_way_out():
    with pytest.raises(RowError, match=r"would stand over the face.*captions=beside"):
        check_captions([caption(EN)], Stand((1080, 1920), (40, 60, 1040, 1900)))
    with pytest.raises(RowError, match='no letter for "ທດ"'):
        check_captions([caption(("ທດ ok",))], Stand((1080, 1920), None))


def test_captions_without_room_in_two_formats_are_told_once():
    found: list[CaptionError] = []
    for size in ((1080, 1920), (720, 1280)):
        with pytest.raises(CaptionError) as caught:
            check_captions([caption(EN)], Stand(size, (0, 0, *size)))
        found.append(caught.value)

    assert [str(error) for error in told_once(found)] == [
        "captions of 1080x1920 and 720x1280 would stand over the face, which is too large there; "
        "choose captions=beside, another format, or framing=wide"
    ]


def test_emoji_are_left_out_and_letters_never():
    assert drawable("新款🎉 99% off ❤️!") == "新款 99% off !"
    assert missing_signs("Héllo，世界 🎉") == ""


def test_captions_are_burned_into_tall_films_alone_where_nobody_asks():
    tall, square = RATIOS["9:16"], RATIOS["1:1"]

    assert (is_burned(None, tall), is_beside(None, tall)) == (True, False)
    assert (is_burned(None, square), is_beside(None, square)) == (False, True)
    assert (is_burned("both", square), is_beside("both", square)) == (True, True)
    assert (is_burned("off", tall), is_beside("off", tall)) == (False, False)


@pytest.mark.parametrize("language", LABELS)
@pytest.mark.parametrize("ratio", RATIOS)
def test_the_label_is_seen_long_enough_and_high_enough(ratio: str, language: str):
    size = RATIOS[ratio]
    overlay = label_overlay(LABELS[language], size, 60)

    assert (overlay.starts_s, overlay.ends_s) == (0, LABEL_S)
    assert LABEL_S >= 2
    with Image.open(io.BytesIO(overlay.picture)) as picture:
        assert picture.height >= 0.05 * min(size)
        assert overlay.left + picture.width < size[0]
    assert label_overlay(LABELS[language], size, 1.5).ends_s == 1.5
