"""A row's screen in each format: words where the template puts them, and never over the mouth."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tasks.deliverables.captions.drawing import caption_overlays, screen_captions
from tasks.deliverables.captions.places import Stand
from tasks.screen.brand.brand import Brand, Corner, LogoTable
from tasks.screen.brand.brand_file import read_brand
from tasks.screen.composing.caption_places import mouth_of
from tasks.screen.composing.pieces import Stage, overlaps, words_on
from tasks.screen.composing.screens import ScreenError, drawing_of, screen_of
from tasks.screen.composing.times import Span, Times
from tasks.screen.label import label_region
from tasks.screen.layout.templates import packaged_layouts, safe_region
from tasks.screen.overlays import Region, Screen
from tasks.screen_records import RowScreen
from tasks.speech_records import Cue, Speech
from tests.unit.screen.stills import portrait, still

ROOT = Path(__file__).parents[3]
BRAND = read_brand(ROOT / "manifests" / "brand" / "fernlight.toml")
LAMP, EVENING = (
    ROOT / "manifests" / "products" / f"{name}.png" for name in ("lamp", "lamp-evening")
)
SIZES = ((1080, 1920), (1080, 1080), (1920, 1080), (1080, 1350))
FPS, NUM_FRAMES = 25, 250
WHOLE = Span(0, NUM_FRAMES)
ALL = Times(((1, WHOLE),), (), (WHOLE,))
TEXTS = {
    "en": {
        "headline": "A lamp that finds its own light",
        "price_text": "$129, now $49",
        "cta": "Order today at fernlight.shop",
        "name": "Mara Lind",
        "title": "Lighting designer",
    },
    "zh": {
        "headline": "会自己找光的台灯，清晨明亮，夜晚温暖",
        "price_text": "￥1,299 今天只要 ￥499",
        "cta": "立即下单，限时三天",
        "name": "林玛拉",
        "title": "灯光设计师",
    },
}
COLUMN_OF = {"headline": "headline", "price": "price_text", "cta": "cta"}


def stage(
    layout="beside", size=(1080, 1920), language="en", brand: Brand = BRAND, **changed
) -> Stage:
    fields = {**TEXTS[language], "images": {1: LAMP, 2: EVENING}, **changed}
    row = RowScreen(brand_path=brand.path, layout=layout, **fields)
    return Stage(brand, row, language, *size)


def screen(of: Stage, times: Times = ALL, face=None) -> Screen:
    return screen_of(of, times, fps=FPS, num_frames=NUM_FRAMES, face=face)


def errors(of: Stage, times: Times = ALL, face=None) -> str:
    with pytest.raises(ScreenError) as caught:
        screen(of, times, face)
    return str(caught.value)


# in turns, so that `make test` has every layout in every format, and each of them in both languages
EVERY = [
    pytest.param(
        layout,
        size,
        language,
        marks=() if (row + column + is_chinese) % 2 == 0 else pytest.mark.sweep,
    )
    for row, layout in enumerate(packaged_layouts())
    for column, size in enumerate(SIZES)
    for is_chinese, language in enumerate(TEXTS)
]


@pytest.mark.parametrize(("layout", "size", "language"), EVERY)
def test_usual_words_fit_in_every_layout_and_format(layout, size, language):
    drawing, faults = drawing_of(stage(layout, size, language))

    assert not faults
    assert {piece.thing for piece in drawing.words} == {"headline", "price", "cta", "lower_third"}


def test_a_call_to_action_is_in_no_larger_letters_than_the_price():
    of = stage(
        "corner", (1080, 1080), price_text="Now only $1,299.00", cta="Order now, free return"
    )
    heights = {each.thing: each.picture.height - of.px(0.018) for each in words_on(of)[0]}
    alone = replace(of, row=of.row.model_copy(update={"price_text": ""}))
    louder = {each.thing: each.picture.height - of.px(0.018) for each in words_on(alone)[0]}

    assert heights["price"] > 0
    assert heights["cta"] / 2 <= heights["price"] + 1, "two lines, and one"
    assert louder["cta"] > heights["cta"], "with no price beside it, it has all its place"


CAPTIONS = {
    "en": "When the evening comes, the lamp grows warm by itself and follows you.",
    "zh": "到了晚上，它会自己变暖，跟着您的手照亮整个书桌，清晨又慢慢变得明亮。",
}


@pytest.mark.parametrize(("layout", "size", "language"), EVERY)
def test_burned_captions_fit_into_the_place_of_every_layout(layout, size, language):
    shown = screen(replace(stage(layout, size, language, images={}), is_captioned=True))
    region = shown.captions
    assert region is not None
    cue = Cue(text=CAPTIONS[language], start_sample=0, end_sample=48_000)
    speech = Speech.model_construct(
        language=language, cues=(cue,), sample_rate_hz=24_000, phonemes=None
    )
    for text in (CAPTIONS[language], "Hi." if language == "en" else "好。"):
        spoken = speech.model_copy(update={"cues": (cue.model_copy(update={"text": text}),)})
        captions = screen_captions(spoken, Stand(size, None, region), num_frames=50, fps=25)
        for each in caption_overlays(captions, Stand(size, None, region)):
            picture = Image.open(io.BytesIO(each.picture))
            assert region.left <= each.left
            assert each.left + picture.width <= region.left + region.width
            assert region.top <= each.top
            assert each.top + picture.height <= region.top + region.height


def test_captions_have_a_place_that_nothing_else_has_and_not_over_the_mouth():
    of = replace(stage("full", SIZES[0]), is_captioned=True)
    assert screen(of).captions is not None
    assert screen(stage("full", SIZES[0])).captions is None
    low = (240, 800, 840, 1500)
    assert "captions would lie over the presenter's mouth in the layout full" in errors(
        of, face=low
    )
    times = replace(ALL, presenter=(Span(0, 50),))
    beside = replace(stage("beside", SIZES[0]), is_captioned=True)
    with pytest.raises(ScreenError, match="captions would lie over the presenter's mouth"):
        screen_of(beside, times, fps=FPS, num_frames=NUM_FRAMES, face=None, alone=low)


@pytest.mark.parametrize(
    ("position", "size"),
    [
        # each format at one of the places
        pytest.param(position, size, marks=() if (row + column) % 2 == 0 else pytest.mark.sweep)
        for row, position in enumerate(("top", "middle"))
        for column, size in enumerate(SIZES)
    ],
)
def test_captions_at_another_place_of_a_layout_are_clear_of_all_that_is_there(position, size):
    usual = replace(stage("full", size, headline=""), is_captioned=True)
    of = replace(usual, caption_position=position, label="AI-generated")
    width, height = size
    face = (width * 4 // 10, height * 2 // 10, width * 6 // 10, height * 4 // 10)
    shown = screen(of, face=face)
    place, low = shown.captions, screen(usual, face=face).captions
    assert place is not None
    assert low is not None
    taken = [piece.region for piece in drawing_of(of)[0].pieces]
    taken += [Region(face[0], face[1], face[2] - face[0], face[3] - face[1])]
    taken += [label_region("AI-generated", size)]

    assert (place.width, place.height) == (low.width, low.height)
    assert place.top < low.top
    assert not any(overlaps(place, each) for each in taken)
    safe = safe_region(*size)
    assert safe.top <= place.top <= (0.45 if position == "top" else 0.75) * size[1]
    times, whole = replace(ALL, presenter=(Span(0, 50),)), (0, 0, *size)
    with pytest.raises(ScreenError, match="there is no free place for captions"):
        screen_of(of, times, fps=FPS, num_frames=NUM_FRAMES, face=face, alone=whole)


def test_a_layout_without_a_place_for_captions_is_a_fault_and_a_base_lends_its_own(tmp_path):
    text = '[layouts.mine]\nbase = "below"\n[layouts.mine."9:16"]\nprice = {}\n'
    text += '[layouts.bare."9:16"]\npresenter = [0.0, 0.0, 1.0, 1.0]\n'

    def told(layout: str, price: str) -> str:
        (tmp_path / "brand.toml").write_text(text.format(price))
        of = stage(layout, brand=read_brand(tmp_path / "brand.toml"), images={}, name="", title="")
        faults = drawing_of(replace(of, is_captioned=True))[1]
        return "; ".join(each.rule for each in faults if each.column == "captions")

    assert told("mine", "[0.1, 0.55, 0.3, 0.1]") == ""
    assert "captions would lie over the price" in told("mine", "[0.1, 0.7, 0.3, 0.1]")
    assert "no place for captions in the picture" in told("bare", "[0.1, 0.55, 0.3, 0.1]")


@pytest.mark.parametrize(
    ("layout", "size", "thing"),
    [
        # each kind of words in one of the layouts
        pytest.param(layout, size, thing, marks=() if row == column else pytest.mark.sweep)
        for row, (layout, size) in enumerate(
            (("full", SIZES[0]), ("beside", SIZES[2]), ("below", SIZES[1]))
        )
        for column, thing in enumerate(("headline", "price", "cta"))
    ],
)
def test_words_change_pixels_inside_their_region_alone(layout, size, thing):
    master = portrait(ROOT)
    with_words, without = (
        np.asarray(still(screen(of), master, 9.0), int)
        for of in (stage(layout, size), stage(layout, size, **{COLUMN_OF[thing]: ""}))
    )
    changed = np.abs(with_words - without).max(axis=2) > 0
    region = stage(layout, size).places.regions[thing]

    inside = np.zeros_like(changed)
    inside[region.top : region.top + region.height, region.left : region.left + region.width] = True
    assert changed.any()
    assert not (changed & ~inside).any()


def test_the_canvas_is_the_brands_colour_and_is_left_out_where_the_presenter_fills_the_frame():
    canvas = screen(stage("beside")).canvas
    assert canvas is not None
    assert Image.open(io.BytesIO(canvas)).getpixel((1000, 10)) == (0xF6, 0xF0, 0xE2)
    assert screen(stage("full")).canvas is None


def test_marks_show_pictures_price_and_presenter_when_they_say():
    times = Times(
        images=((1, Span(0, 100)), (2, Span(100, 175)), (1, Span(175, 250))),
        presenter=(Span(50, 75),),
        price=(Span(110, 250),),
    )
    shown = screen(stage("beside", cta="", name="", title="", headline=""), times)

    seen = [(round(each.starts_s * FPS), round(each.ends_s * FPS)) for each in shown.overlays]
    assert seen == [(0, 50), (75, 100), (100, 175), (175, 250), (110, 250), (0, 250)]
    assert shown.presenter_alone == ((2.0, 3.0),)
    assert screen(stage("full"), times).presenter_alone == ()


def test_the_call_to_action_comes_last_and_the_lower_third_when_the_brand_says():
    shown = screen(stage("below", headline="", price_text="", images={}))
    *_, third, logo = shown.overlays
    cta = shown.overlays[0]

    assert (cta.starts_s, cta.ends_s, cta.fade_s) == (5.0, 10.0, 0.2)
    assert (third.starts_s, third.ends_s) == (1.0, 5.0)
    assert (logo.starts_s, logo.ends_s, logo.fade_s) == (0.0, 10.0, 0.0)


def test_what_is_seen_in_the_first_frame_does_not_fade_in_and_a_cut_never_fades():
    assert {each.fade_s for each in screen(stage()).overlays if each.starts_s == 0} == {0.0}
    cut = replace(BRAND, tables=BRAND.tables.model_copy(update={"transition": "cut"}))
    assert {each.fade_s for each in screen(stage(brand=cut)).overlays} == {0.0}


def test_words_over_the_mouth_are_refused():
    told = errors(stage("full", (1920, 1080)), face=(300, 100, 900, 1000))

    assert (
        "the lower third would lie over the presenter's mouth in the layout full at 1920x1080"
        in told
    )
    assert "choose another layout or framing" in told
    assert screen(stage("full", (1920, 1080)), face=(760, 200, 1160, 720))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_in_the_wide_full_layout_words_leave_a_head_in_the_middle_free(language):
    head = Region(round(0.355 * 1920), 120, round(0.29 * 1920), 720)
    words, faults = words_on(stage("full", (1920, 1080), language, cta="Order today"))

    assert not faults
    assert not [piece.thing for piece in words if overlaps(piece.region, head)]


def test_a_presenter_whose_mouth_is_cut_off_is_refused():
    told = errors(stage("below", (1080, 1080)), face=(300, 200, 780, 700))

    assert "the presenter's mouth would be cut off in the layout below at 1080x1080" in told


def test_the_mouth_is_in_the_lower_part_of_the_face():
    mouth = mouth_of((100, 100, 300, 400), 1080, 1920)

    assert 270 < mouth.top < 300
    assert mouth.top + mouth.height < 400


@pytest.mark.parametrize("size", SIZES)
def test_the_longest_words_are_refused_with_everything_that_does_not_fit(size):
    long = {
        "headline": "A lamp that finds its own light " * 9,
        "cta": "Order it before Sunday " * 14,
    }
    told = errors(stage("beside", size, **long))

    assert 'headline "A lamp that finds' in told
    assert 'cta "Order it before' in told
    assert f"in the layout beside at {size[0]}x{size[1]}; write at most " in told


def test_a_fault_of_several_formats_is_told_once_with_the_figures_of_each():
    text = "A long headline. " * 20
    found = [fault for size in SIZES[:3] for fault in words_on(stage(size=size, headline=text))[1]]
    most = [fault.most[0] for fault in found]

    assert len(set(most)) == 3
    assert str(ScreenError(tuple(found))) == (
        f'headline "{text[:59]}…": 340 characters do not fit, even in the smallest letters, in the '
        f"layout beside at 1080x1920 (at most {most[0]}), 1080x1080 (at most {most[1]}) and "
        f"1920x1080 (at most {most[2]}); write at most {min(most)} characters"
    )


def test_faults_are_told_apart_where_the_rule_is_another():
    word = "Thermocirculatorenmanufaktur"  # too wide for a square film
    row = {"headline": f"{word} {'lamp ' * 60}"}
    found = [fault for size in SIZES[:3] for fault in words_on(stage(size=size, **row))[1]]
    wide, long = ScreenError(tuple(found)).faults

    assert {wide.formats, long.formats} == {("1080x1080",), ("1080x1920", "1920x1080")}


def test_a_logo_over_words_is_refused_and_one_in_another_corner_is_not():
    def cornered(corner: Corner) -> Brand:
        logo = LogoTable(file="logo.png", corner=corner)
        return replace(BRAND, tables=BRAND.tables.model_copy(update={"logo": logo}))

    told = errors(stage("beside", (1920, 1080), brand=cornered("bottom-right")))

    assert "the logo lies over the call to action in the layout beside at 1920x1080" in told
    assert "give it another corner" in told
    assert screen(stage("beside", (1920, 1080), brand=cornered("top-left")))


def test_a_layout_without_a_place_for_what_the_row_has_is_refused():
    bare = {"9:16": {"presenter": (0.0, 0.0, 1.0, 1.0)}}
    layouts = {**BRAND.layouts, "bare": replace(BRAND.layouts["full"], name="bare", regions=bare)}
    told = errors(stage("bare", brand=replace(BRAND, layouts=layouts)))

    for column in ("headline", "price_text", "cta", "name", "product_image"):
        assert f'{column} "' in told
    assert "there is no place for it in the layout bare at 1080x1920" in told


def test_a_lower_third_that_starts_after_the_end_is_refused():
    with pytest.raises(ScreenError, match=r"the video ends after 0.8 s, before its lower third"):
        screen_of(stage(), Times((), (), ()), fps=FPS, num_frames=20, face=None)


def test_equal_rows_give_equal_bytes():
    assert screen(stage("corner", language="zh")) == screen(stage("corner", language="zh"))
