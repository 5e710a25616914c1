"""Brand files: what they give, and that everything wrong with one is told at once."""

import io
from pathlib import Path

import pytest
from PIL import Image

from tasks.deliver_records import CaptionStyle
from tasks.screen.brand.brand_file import BrandError, read_brand
from tasks.screen.fonts import packaged_font

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "manifests" / "brand" / "fernlight.toml"


def picture(path, mode="RGBA", size=(64, 32), colour="red"):
    Image.new(mode, size, colour).save(path)
    return path


def brand(folder: Path, text: str) -> Path:
    path = folder / "brand.toml"
    path.write_text(text, encoding="utf-8")
    return path


def faults(folder: Path, text: str) -> list[str]:
    path = brand(folder, text)
    with pytest.raises(BrandError) as caught:
        read_brand(path)
    lines = str(caught.value).split("\n")
    assert all(line.startswith(f"{path}: ") for line in lines)
    return [line.removeprefix(f"{path}: ") for line in lines]


def test_the_example_is_read_with_its_logo_and_the_packaged_layouts_and_font():
    found = read_brand(EXAMPLE)

    assert found.logo == EXAMPLE.parent / "logo.png"
    assert set(found.layouts) == {"beside", "corner", "full", "below"}
    assert found.fonts.stack == (packaged_font(),)
    assert found.tables.palette.accent == "#f2b138"


def test_an_empty_file_is_a_brand_with_every_default(tmp_path):
    found = read_brand(brand(tmp_path, ""))

    assert (found.logo, found.intro, found.music, found.tables.layout) == (
        None,
        None,
        None,
        "beside",
    )


def test_all_faults_are_told_at_once_each_with_its_way_out(tmp_path):
    told = faults(
        tmp_path,
        """
        layout = "besides"
        fonts = ["brand.otf"]
        [logo]
        file = "missing.png"
        [intro]
        file = "intro.mp4"
        [layouts.mine]
        base = "nothing"
        ["layouts"."mine"."9:16"]
        presenter = [0.0, 0.0, 1.0]
        """,
    )

    assert told == [
        '[layouts.mine]: base "nothing" is no layout; known are beside, corner, full, below',
        '[layouts.mine."9:16"]: presenter = [0.0, 0.0, 1.0] is no region inside the frame; write '
        "[left, top, width, height] in shares of the frame, from 0 to 1",
        '[layouts.mine."9:16"]: has no presenter; write presenter = [0.0, 0.0, 1.0, 1.0]',
        'layout: "besides" is no layout; did you mean "beside"?',
        '[logo] file "missing.png": the file does not exist; paths are relative to the brand file',
        'fonts "brand.otf": the file does not exist; paths are relative to the brand file',
        '[intro] file "intro.mp4": the file does not exist; paths are relative to the brand file',
    ]


def test_wrong_values_are_told_with_their_table_and_the_rule(tmp_path):
    told = faults(
        tmp_path,
        """
        colour = "blue"
        transition = "swipe"
        [logo]
        corner = "middle"
        width = 1.4
        [palette]
        accent = "orange"
        [lower_third]
        lasts_s = "long"
        """,
    )

    assert len(told) == 7
    text = "\n".join(told)
    for part in (
        "colour: is unknown here; known are name, fonts,",
        "transition: 'swipe': input should be 'cut' or 'fade'; write cut or fade",
        "[logo] file: is missing; write the name of a PNG or WebP file",
        "[logo] corner: 'middle':",
        "[logo] width: 1.4: input should be less than or equal to 0.5; write a share",
        "[palette] accent: 'orange' is no colour; write it as \"#ffb400\"",
        "[lower_third] lasts_s: 'long':",
    ):
        assert part in text, text


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("logo.svg", "the file is an SVG drawing, which is not read; export it as PNG"),
        ("logo.jpg", "the file is JPEG, not PNG or WebP; save it as PNG or WebP"),
        ("big.png", "the picture has 5000x40 pixels, larger than any frame"),
        ("clear.png", "the picture is transparent everywhere: nothing of it would be seen"),
        ("moving.webp", "the picture is animated: it has 2 frames; save one frame"),
        ("torn.png", "the file is not a picture (PNG or WebP), or it is damaged"),
    ],
)
def test_a_logo_that_cannot_be_shown_is_refused_with_the_way_out(tmp_path, name, rule):
    (tmp_path / "logo.svg").write_text('<?xml version="1.0"?><svg xmlns="x"/>')
    picture(tmp_path / "logo.jpg", "RGB")
    picture(tmp_path / "big.png", size=(5000, 40))
    picture(tmp_path / "clear.png", colour=(255, 0, 0, 0))
    frames = [Image.new("RGB", (32, 32), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "moving.webp", save_all=True, append_images=frames[1:])
    whole = io.BytesIO()
    Image.effect_noise((200, 200), 50).save(whole, "PNG")
    (tmp_path / "torn.png").write_bytes(whole.getvalue()[:9000])

    (told,) = faults(tmp_path, f'[logo]\nfile = "{name}"\n')

    assert told.startswith(f'[logo] file "{name}": {rule}')


def test_paths_stay_in_the_folder_of_the_brand_unless_that_is_allowed(tmp_path):
    home = tmp_path / "brand"
    home.mkdir()
    picture(tmp_path / "logo.png")
    text = '[logo]\nfile = "../logo.png"\n'

    (told,) = faults(home, text)

    assert "the path leads outside the brand file's folder" in told
    assert read_brand(brand(home, text), allow_outside=True).logo == home / "../logo.png"


def test_a_file_that_is_no_font_and_one_that_is_no_toml_are_refused(tmp_path):
    (tmp_path / "font.ttf").write_bytes(b"\0\1\0\0" * 200)
    (told,) = faults(tmp_path, 'fonts = ["font.ttf"]')
    assert "is not a font (TTF, OTF or TTC), or it is damaged" in told

    with pytest.raises(BrandError, match="this is not a TOML file in UTF-8"):
        read_brand(brand(tmp_path, "[logo"))


def test_a_label_of_the_brands_own_is_short_and_can_be_drawn(tmp_path):
    text = '[label]\nen = "Made with AI"\nzh = "本视频由AI生成"\n'
    label = read_brand(brand(tmp_path, text)).tables.label
    assert (label.en, label.zh) == ("Made with AI", "本视频由AI生成")

    (told,) = faults(tmp_path, '[label]\nen = "Made with AI \U0001f916"\n')
    assert told.startswith('[label] en: "Made with AI \U0001f916": the font of labels cannot draw')
    (told,) = faults(tmp_path, '[label]\nzh = "这一条视频的画面和声音都由AI生成"\n')
    assert told.endswith("write at most 12 characters")


def test_a_brand_that_was_changed_is_read_again(tmp_path):
    assert read_brand(brand(tmp_path, 'name = "one"')).tables.name == "one"
    assert read_brand(brand(tmp_path, 'name = "other"')).tables.name == "other"


def test_a_layout_can_be_based_on_another_and_must_leave_the_safe_area_free(tmp_path):
    changed = (
        '[layouts.mine]\nbase = "below"\n[layouts.mine."9:16"]\nprice = [0.1, 0.5, 0.3, 0.1]\n'
    )
    layouts = read_brand(brand(tmp_path, changed)).layouts

    assert layouts["mine"].regions["9:16"]["price"] == (0.1, 0.5, 0.3, 0.1)
    assert layouts["mine"].regions["9:16"]["cta"] == layouts["below"].regions["9:16"]["cta"]
    assert layouts["mine"].regions["1:1"] == layouts["below"].regions["1:1"]

    (told,) = faults(tmp_path, changed.replace("0.5,", "0.9,"))
    assert "reaches into what platforms cover with their own buttons; keep from 0.055 to" in told


def test_a_brand_says_how_captions_look_and_what_nobody_could_read_is_a_fault(tmp_path):
    found = read_brand(brand(tmp_path, '[captions]\nposition = "top"\nhighlight = "#ffd400"\n'))
    assert found.tables.captions == CaptionStyle(position="top", highlight="#ffd400")

    told = faults(tmp_path, '[captions]\nposition = "left"\ntext = "white"\nhiglight = "off"\n')
    assert any(each.startswith("[captions] position: 'left'") for each in told)
    assert any(each.startswith("[captions] text: 'white' is no colour") for each in told)
    assert '[captions] higlight: is unknown here; did you mean "highlight"?' in told
    told = faults(tmp_path, '[captions]\nbackdrop = "none"\nbackground = "#000000"\n')
    assert told[0].startswith("[captions] background: captions without a box or an outline")


def test_sets_of_formats_are_read_and_what_is_wrong_with_them_is_told_at_once(tmp_path):
    found = read_brand(brand(tmp_path, '[sets]\nSocial = ["9:16", "1:1"]\nshop = ["800x800"]\n'))
    assert found.sets == {"social": ((1080, 1920), (1080, 1080)), "shop": ((800, 800),)}

    told = faults(
        tmp_path,
        '[sets]\n"9:16" = ["1:1"]\nempty = []\nodd = ["9:17"]\nnested = ["empty"]\nSHOP = ["1:1"]\n'
        'shop = ["4:5"]\nword = "9:16"\n',
    )
    starts = [
        '[sets] 9:16: "9:16" is a format itself',
        "[sets] empty: [] is no list of formats, or an empty one",
        '[sets] odd: "9:17" is no format',
        '[sets] nested: "empty" is no format',
        "[sets] shop: is there twice",
        "[sets] word: '9:16' is no list of formats",
    ]
    assert len(told) == len(starts)
    assert all(each.startswith(start) for each, start in zip(told, starts, strict=True))
    assert faults(tmp_path, "sets = 3")[0].startswith("sets: is no table")


def test_a_brand_names_an_upscaler_with_its_version_and_no_command(tmp_path):
    found = read_brand(brand(tmp_path, '[upscaler]\nname = "realesrgan"\nversion = "0.3"\n'))
    assert found.tables.upscaler is not None
    assert (found.tables.upscaler.name, found.tables.upscaler.version) == ("realesrgan", "0.3")

    told = faults(tmp_path, '[upscaler]\nname = "-rf"\ncommand = "rm {in}"\n')
    assert len(told) == 3
    assert any(each.startswith("[upscaler] name: '-rf' is no name") for each in told)
    assert any(each.startswith("[upscaler] version: is missing") for each in told)
    assert any(each.startswith("[upscaler] command: is unknown here") for each in told)
