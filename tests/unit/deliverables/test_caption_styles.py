"""Burned captions in the styles that people ask for: where, in which look, which word is lit."""

from __future__ import annotations

import io
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from model.errors import RowError
from tasks.deliver_records import BACKDROPS, CAPTION_POSITIONS, CAPTION_SIZES, CaptionStyle
from tasks.deliverables.captions.drawing import (
    caption_overlays,
    check_captions,
    highlighted_words,
    no_word_times,
)
from tasks.deliverables.captions.highlight import lit_words, with_word_times
from tasks.deliverables.captions.places import Stand, lettering
from tasks.media.captions import Caption
from tasks.screen.caption_styles import CaptionStyleError, parse_caption_style, style_faults
from tasks.screen.formats import RATIOS, SAFE_TOP, is_tall
from tasks.screen.label import label_region
from tasks.screen.lettering import Look, block
from tasks.screen.overlays import Overlay, Region
from tasks.speech.clauses.word_times import SpokenWord
from tasks.speech_records import Cue, Speech

LINES = {
    "en": ("This is the new kettle,", "it boils in one minute."),
    "zh": ("这是我们的新款水壶，一", "分钟就能烧开。"),
    "short": ("Hi.",),
}
FACES = {"9:16": (300, 500, 800, 1200), "1:1": (300, 300, 800, 760), "16:9": (700, 250, 1200, 740)}
YELLOW = "#ffd400"


def caption(lines: tuple[str, ...], start_ms: int = 0, end_ms: int = 900) -> Caption:
    return Caption(lines=lines, start_ms=start_ms, end_ms=end_ms)


def box_of(overlay: Overlay) -> tuple[int, int, int, int]:
    with Image.open(io.BytesIO(overlay.picture)) as picture:
        box = picture.getbbox()
    assert box is not None
    left, top, right, bottom = box
    return (
        overlay.left + left,
        overlay.top + top,
        overlay.left + right,
        overlay.top + bottom,
    )


def pixels(overlay: Overlay) -> np.ndarray:
    with Image.open(io.BytesIO(overlay.picture)) as picture:
        return np.asarray(picture.convert("RGBA")).astype(int)


@pytest.mark.parametrize("lines", LINES.values(), ids=LINES)
@pytest.mark.parametrize("position", CAPTION_POSITIONS)
@pytest.mark.parametrize("ratio", FACES)
def test_every_position_is_inside_the_safe_area_clear_of_mouth_and_label(ratio, position, lines):
    size, face = RATIOS[ratio], FACES[ratio]
    stand = Stand(size, face, style=CaptionStyle(position=position), label="AI-generated")
    if lettering([caption(lines)], stand) is None:
        assert position == "top", "a large face leaves no room above it, and the row is refused"
        return
    (overlay,) = caption_overlays([caption(lines)], stand)
    left, top, right, bottom = box_of(overlay)
    mouth = face[1] + 0.55 * (face[3] - face[1])
    label = label_region("AI-generated", size)

    assert 0.05 * size[0] <= left < right <= 0.95 * size[0]
    assert SAFE_TOP[is_tall(size)] * size[1] <= top
    assert bottom <= size[1] * (0.82 if is_tall(size) and position != "bottom" else 0.95)
    assert bottom <= mouth or top >= face[3]
    is_beside = left >= label.left + label.width
    assert position == "bottom" or is_beside or top >= label.top + label.height
    if position == "middle":  # nearer to the middle than the usual place
        usual = lettering([caption(lines)], Stand(size, face))
        assert usual is not None
        assert abs((top + bottom) / 2 - size[1] / 2) <= abs(usual.bottom - size[1] / 2)


def test_one_line_and_two_lines_hang_from_one_line_at_the_top_and_share_their_middle_below():
    shown = [caption(LINES["en"]), caption(LINES["short"], 900, 1800)]
    tops, bottoms = {}, {}
    for position in CAPTION_POSITIONS:
        stand = Stand((1080, 1920), None, style=CaptionStyle(position=position, backdrop="box"))
        boxes = [box_of(each) for each in caption_overlays(shown, stand)]
        tops[position], bottoms[position] = ([box[side] for box in boxes] for side in (1, 3))

    assert tops["top"][0] == tops["top"][1]
    assert bottoms["bottom"][0] == bottoms["bottom"][1]
    middles = [sum(each) / 2 for each in zip(tops["middle"], bottoms["middle"], strict=True)]
    assert abs(middles[0] - middles[1]) <= 1
    assert abs(middles[0] - 960) <= 1


@pytest.mark.parametrize("backdrop", BACKDROPS)
def test_a_backdrop_has_its_colour_and_letters_have_theirs(backdrop):
    look = Look(backdrop, "#20c040", "#800000")
    picture = np.asarray(block(["Warm"], 80, look)).astype(int)
    solid = picture[picture[..., 3] > 200]

    assert (np.abs(solid[:, :3] - (0x20, 0xC0, 0x40)).max(-1) < 8).any()
    has_ground = (np.abs(solid[:, :3] - (0x80, 0, 0)).max(-1) < 8).any()
    assert has_ground == (backdrop != "none")
    covered = (picture[..., 3] > 128).mean()
    assert (covered > 0.9) == (backdrop == "box")


def test_sizes_differ_and_large_ones_have_shorter_lines():
    size = RATIOS["9:16"]
    stands = {each: Stand(size, None, style=CaptionStyle(size=each)) for each in CAPTION_SIZES}
    places = {each: lettering([caption(("Hi there.",))], stand) for each, stand in stands.items()}
    letters = [place.size for place in places.values() if place]
    columns = [stand.line_columns("en") for stand in stands.values()]

    assert letters == sorted(set(letters))
    assert len(letters) == 3
    assert columns == sorted(columns, reverse=True)
    assert letters[2] >= 1.3 * letters[1]
    for language, stand in (("en", stands["large"]), ("zh", stands["large"])):
        width = stand.line_columns(language)
        line = "m" * (width * 3 // 5) if language == "en" else "水" * (width // 2)
        place = lettering([caption((line,))], stand)
        assert place is not None
        assert place.size >= letters[1], "a whole line of it is still larger than medium"


def word(text: str, start_ms: int, end_ms: int) -> SpokenWord:
    return SpokenWord(text, start_ms, end_ms)


WORDS = (
    word("This", 50, 200), word("is", 220, 300), word("the", 320, 400), word("new", 410, 600),
    word("kettle,", 620, 1000), word("it", 1500, 1600), word("boils", 1610, 1900),
    word("in", 1910, 2000), word("one", 2010, 2200), word("minute.", 2210, 2600),
)  # fmt: skip


@pytest.mark.parametrize("backdrop", BACKDROPS)
def test_the_word_that_is_said_alone_is_lit_in_its_time_and_no_letter_moves(backdrop):
    style = CaptionStyle(highlight=YELLOW, backdrop=backdrop)
    stand = Stand((1080, 1920), None, style=style)
    shown = [caption(LINES["en"], 0, 2800)]
    plain = pixels(caption_overlays(shown, stand)[0])
    overlays = caption_overlays(shown, stand, WORDS)

    assert [each.starts_s for each in overlays[1:]] == [each.ends_s for each in overlays[:-1]]
    assert (overlays[0].starts_s, overlays[-1].ends_s) == (0, 2.8)
    lit = [(each, pixels(each)) for each in overlays if (pixels(each) != plain).any()]
    assert [round(1000 * each.starts_s) for each, _ in lit] == [each.start_ms for each in WORDS]
    assert round(1000 * lit[4][0].ends_s) == 1000, "dark in a long pause"
    assert lit[0][0].ends_s == lit[1][0].starts_s, "no flicker between words"
    columns = []
    for _, found in lit:
        assert (found[..., 3] == plain[..., 3]).all(), "the same shapes in another colour"
        changed = (found != plain).any(-1)
        rows, across = np.flatnonzero(changed.any(1)), np.flatnonzero(changed.any(0))
        columns.append((rows[0] > plain.shape[0] / 2, across[0], across[-1]))
        solid = found[changed & (found[..., 3] == 255)]
        assert (np.abs(solid[:, :3] - (0xFF, 0xD4, 0)).max(-1) < 8).any()
    assert columns == sorted(columns), "line by line, from left to right"
    for one, two in pairwise(columns):
        assert one[0] != two[0] or one[2] < two[1], "never two words at once"


def test_words_are_found_behind_dashes_emoji_and_over_two_lines():
    shown = [
        caption(("Warm — light", "supercali"), 0, 900),
        caption(("fragile now",), 900, 1800),
    ]
    words = (
        word("Warm🎉", 0, 200), word("light", 210, 400), word("supercalifragile", 410, 1000),
        word("now", 1100, 1500), word("gone", 1600, 1900),
    )  # fmt: skip
    first, second = lit_words(shown, words)

    assert [each.parts for each in first] == [((0, 0, 4),), ((0, 7, 12),), ((1, 0, 9),)]
    assert first[-1].end_ms == 900, "inside its caption"
    assert [each.parts for each in second] == [((0, 8, 11),)]


def test_a_caption_comes_when_its_first_word_is_said():
    shown = [caption(("One two",), 0, 1000), caption(("three",), 1000, 2000)]
    words = (word("One", 0, 300), word("two", 310, 1100), word("three", 1150, 1900))
    moved = with_word_times(shown, words)

    assert [(each.start_ms, each.end_ms) for each in moved] == [(0, 1150), (1150, 2000)]
    assert with_word_times(shown, ()) == tuple(shown)


def test_a_region_of_a_layout_holds_captions_in_every_position():
    region = Region(100, 1000, 880, 300)
    tops = []
    for position in ("top", "middle", "bottom"):
        stand = Stand((1080, 1920), None, region, CaptionStyle(position=position, backdrop="none"))
        _, top, _, bottom = box_of(caption_overlays([caption(LINES["short"])], stand)[0])
        assert 1000 <= top < bottom <= 1300
        tops.append(top)
    assert tops == sorted(set(tops))


def test_a_position_without_room_is_refused_with_the_way_out():
    stand = Stand((1080, 1920), (100, 200, 980, 1500), style=CaptionStyle(position="top"))
    with pytest.raises(RowError, match=r"in the position top would stand over the face.*another"):
        check_captions([caption(LINES["en"])], stand)


@pytest.mark.parametrize(
    ("text", "style"),
    [
        ("top, box", CaptionStyle(position="top", backdrop="box")),
        ("LARGE；highlight = #FFD400", CaptionStyle(size="large", highlight="#ffd400")),
        (
            "none small text=#ffffff、middle",
            CaptionStyle(position="middle", backdrop="none", size="small", text="#ffffff"),
        ),
        ("highlight=off", CaptionStyle(highlight="off")),
    ],
)
def test_a_style_is_read_as_people_write_it(text, style):
    assert parse_caption_style(text) == style


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("topp", 'try "top"'),
        ("top, bottom", '"top" and "bottom" are both a position'),
        ("colour=#ffffff", '"colour=" is none of text=, background=, highlight='),
        ("text=white", '"white" is no colour'),
        ("text=off", '"off" is no colour'),
        (" , ", "no style is named"),
    ],
)
def test_a_style_that_is_none_is_told_with_the_way_out(text, told):
    with pytest.raises(CaptionStyleError) as caught:
        parse_caption_style(text)
    assert told in "; ".join(caught.value.args)


def test_colours_that_nobody_could_read_and_settings_without_effect_are_faults():
    told = {
        "text=#202020": "text: #202020 on #101010 cannot be read",
        "box, background=#ffe0a0, text=#ffffff": "text: #ffffff on #ffe0a0",
        "highlight=#ffffff": "highlight: it is the colour of the other words",
        "none, background=#000000": "background: captions without a box or an outline",
    }
    for text, fault in told.items():
        faults = [f"{name}: {rule}" for name, rule, _ in style_faults(parse_caption_style(text))]
        assert any(each.startswith(fault) for each in faults), (text, faults)
    assert not list(style_faults(parse_caption_style("none, text=#202020, highlight=#ffd400")))


def test_a_row_says_what_it_says_and_its_brand_the_rest():
    brand = CaptionStyle(position="top", highlight=YELLOW)

    assert CaptionStyle(position="middle").over(brand) == CaptionStyle(
        position="middle", highlight=YELLOW
    )
    assert CaptionStyle(highlight="off").over(brand).highlight == "off"


def speech_of(**told: object) -> Speech:
    cue = Cue(text="Hi.", start_sample=0, end_sample=9)
    known = {"language": "en", "cues": (cue,), "phonemes": None, "clauses": (), "versions": {}}
    return Speech.model_construct(**{"front_end": "", **known, **told})


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"source": "builtin"}, "an earlier release spoke this script"),
        ({"source": "recording"}, "did not look for the script in the recording; add --reread"),
        ({"source": "recording", "front_end": "f"}, "not found in the recording; check the script"),
        ({"source": "http"}, "did not look for the script in the sound of this voice"),
        (
            {"source": "command", "versions": {"alignment": "1"}},
            "not found in the sound of this voice; check the script",
        ),
    ],
)
def test_people_are_told_why_no_word_is_lit(told, reason):
    speech = speech_of(**told)
    stand = Stand(RATIOS["1:1"], None, style=CaptionStyle(highlight=YELLOW))
    assert highlighted_words(speech, stand) is None
    assert reason in no_word_times(speech)
