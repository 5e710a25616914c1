"""Columns of the screen and brand files of rows: what is read, and what is refused."""

import shutil
from pathlib import Path

import pytest
from PIL import Image

from flows.rows.requests import request_digest
from flows.rows.settings import PrepareSettings
from model.engine import engine_identity
from tasks.manifest.manifest import Manifest, ManifestError, read_manifest
from tasks.manifest.on_screen.columns import screen_columns_table
from tasks.manifest.personal.libraries import LibraryError
from tasks.manifest.personal.settings import Personal
from tasks.manifest.presets import load_presets
from tasks.manifest.row import RowDefaults
from tasks.portrait.portrait import PortraitLimits
from tasks.screen.brand.brand_file import BrandError
from tasks.speech.voices import VoiceSettings

ROOT = Path(__file__).parents[3]
HEADER = "video_id,script,portrait,product_image,product_image_2,headline,price_text\n"
ROW = 'a,"The lamp [show image2 2s] glows [price] tonight.",a.png,lamp.png,room.png,Light,$49\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    home = tmp_path / "campaign"
    home.mkdir()
    Image.new("RGB", (64, 64), "grey").save(home / "a.png")
    shutil.copy(ROOT / "manifests/products/lamp.png", home / "lamp.png")
    shutil.copy(ROOT / "manifests/products/lamp-evening.png", home / "room.png")
    return home


@pytest.fixture
def branded(folder: Path) -> Path:
    (folder / "brand.toml").write_text('layout = "below"\n')
    return folder


def read(folder: Path, text: str, **how: object) -> Manifest:
    path = folder / "june.csv"
    path.write_text(text, encoding="utf-8")
    return read_manifest(path, RowDefaults(), **how)  # type: ignore[arg-type]


def faults(folder: Path, text: str, **how: object) -> list[str]:
    with pytest.raises(ManifestError) as caught:
        read(folder, text, **how)
    return [line.partition("june.csv:")[2] for line in str(caught.value).split("\n")]


# --- what is read ---------------------------------------------------------------------------------


def test_a_row_with_a_brand_shows_its_columns_and_its_script_is_spoken_without_marks(branded):
    row = read(branded, HEADER + ROW).rows[0]

    assert row.script == "The lamp glows tonight."
    assert row.screen is not None
    assert row.screen.marked_script == "The lamp [show image2 2s] glows [price] tonight."
    assert (row.screen.brand_path, row.screen.layout) == (branded / "brand.toml", "below")
    assert row.screen.images == {1: branded / "lamp.png", 2: branded / "room.png"}
    assert (row.screen.headline, row.screen.price_text) == ("Light", "$49")


def test_columns_of_the_screen_can_be_named_as_variables_and_hold_some(branded):
    text = "video_id,script,portrait,headline,name\n"
    text += 'a,"Hello, {{name}} is here.",a.png,"{{name}} shows it",Mara\n'
    row = read(branded, text).rows[0]

    assert row.script == "Hello, Mara is here."
    assert row.screen is not None
    assert (row.screen.headline, row.screen.name) == ("Mara shows it", "Mara")


def test_a_brand_column_names_a_file_for_each_row_and_the_option_one_for_the_others(branded):
    (branded / "spring.toml").write_text('layout = "full"\n')
    (branded / "named.toml").write_text('layout = "corner"\n')
    text = "video_id,script,portrait,brand\na,Hello.,a.png,spring.toml\nb,Hello.,a.png,\n"

    layouts = [row.screen and row.screen.layout for row in read(branded, text).rows]
    assert layouts == ["full", "below"]
    named = Personal(brand=branded / "named.toml")
    layouts = [row.screen and row.screen.layout for row in read(branded, text, personal=named).rows]
    assert layouts == ["full", "corner"]


# --- what stays as it was -------------------------------------------------------------------------


def test_without_a_brand_columns_of_these_names_stay_a_teams_own(folder):
    text = "video_id,script,portrait,brand,name,headline,product_image\n"
    text += 'a,"Hello {{name}}.",a.png,Acme,Mara,😀,nothing.png\n'
    found = read(folder, text)

    assert found.rows[0].script == "Hello Mara."
    assert found.rows[0].screen is None
    assert any("copied into the report" in notice for notice in found.notices)


def digest(row) -> str:
    settings = PrepareSettings(load_presets(), {}, VoiceSettings(), PortraitLimits(), "ffmpeg 7")
    return request_digest(row, settings, engine_identity("preview"), "p", None, "s")


def test_what_stands_on_the_screen_is_no_part_of_what_a_plan_is_made_of(branded):
    shown = read(branded, HEADER + ROW).rows[0]
    dearer = read(branded, HEADER + ROW.replace("$49", "$59").replace("[price] ", "")).rows[0]
    (branded / "brand.toml").unlink()
    plain = "video_id,script,portrait\na,The lamp glows tonight.,a.png\n"
    bare = read(branded, plain).rows[0]

    assert digest(shown) == digest(dearer) == digest(bare)


THIRD = """
[mara]
portrait = "a.png"
lower_third = { name = "Mara Lind", title = "Lighting designer" }
"""


def test_a_presenter_gives_the_lower_third_that_a_row_does_not_fill(branded):
    (branded / "presenters.toml").write_text(THIRD)
    text = "video_id,script,presenter,name,title\n"
    text += "a,Hello.,mara,,\nb,Hello.,mara,Ann Roe,\nc,Hello {{name|friend}}.,mara,,\n"

    rows = read(branded, text).rows

    shown = [(row.screen.name, row.screen.title) for row in rows if row.screen]
    theirs = ("Mara Lind", "Lighting designer")
    assert shown == [theirs, ("Ann Roe", ""), theirs]
    assert rows[2].script == "Hello friend.", "a variable is the row's own"
    assert (
        read(branded, "video_id,script,presenter\na,Hello.,mara\n").rows[0].screen == rows[0].screen
    )


def test_a_presenters_lower_third_is_not_shown_without_a_brand(folder):
    (folder / "presenters.toml").write_text(THIRD)
    assert read(folder, "video_id,script,presenter\na,Hello.,mara\n").rows[0].screen is None
    (folder / "spring.toml").write_text('layout = "below"\n')
    text = "video_id,script,presenter,brand\na,Hello.,mara,spring.toml\nb,Hello.,mara,\n"
    shown, plain = read(folder, text).rows
    assert shown.screen is not None
    assert (shown.screen.name, plain.screen) == ("Mara Lind", None)


def test_faults_of_a_presenters_lower_third_are_told(branded):
    (branded / "presenters.toml").write_text(
        '[mara]\nportrait = "a.png"\ntitle = "x"\n[mara.lower_third]\nnam = "Mara"\ntitle = 3\n'
        'name = "{{name}}"\n[otto]\nportrait = "a.png"\nlower_third = "Otto"\n'
    )
    with pytest.raises(LibraryError) as caught:
        read(branded, "video_id,script,presenter\na,Hello.,mara\n")
    told = [line.partition("presenters.toml: ")[2] for line in str(caught.value).splitlines()]
    assert told == [
        '[mara] title is unknown here; write lower_third = { title = "..." }',
        '[mara.lower_third] nam is unknown here; did you mean "name"?',
        '[mara.lower_third] name "{{name}}" has a variable, and presenters are the same in all '
        "rows; write it out, or fill the row's cell",
        '[mara.lower_third] title = 3 is no text; write title = "..."',
        "[otto] lower_third = 'Otto' is no table; "
        'write lower_third = { name = "Mara Lind", title = "Lighting designer" }',
    ]


def test_a_plain_row_is_written_down_without_a_screen_and_read_back(folder):
    row = read(folder, "video_id,script,portrait\na,Hello.,a.png\n").rows[0]

    assert type(row).model_validate_json(row.model_dump_json(exclude={"screen"})) == row


# --- bad input ------------------------------------------------------------------------------------


def fault(folder: Path, column: str, value: str) -> str:
    cells = {"video_id": "a", "script": "Hello there.", "portrait": "a.png", column: value}
    quoted = ",".join('"' + cell.replace('"', '""') + '"' for cell in cells.values())
    told = faults(folder, ",".join(cells) + "\n" + quoted + "\n")
    assert len(told) == 1, told
    return told[0]


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("product_layout", "sideways", "brand.toml has no such layout; layouts are beside, corner"),
        ("headline", "h" * 500, "has 500 characters, and at most 400 can stand on a screen"),
        (
            "headline",
            "Zażółć 😀",
            "no font of brand.toml has these characters: ż ł ć 😀; name",
        ),
        ("product_image", "lamp.jpg", 'the file does not exist; did you mean "lamp.png"?'),
        ("product_image", "clear.png", "the picture is transparent everywhere: nothing of it"),
        ("product_image", "moving.webp", "the picture is animated: it has 2 frames; save one"),
        (
            "product_image",
            "print.jpg",
            "the picture has CMYK colours, which are those of a print",
        ),
        ("product_image", "drawing.svg", "the file is an SVG drawing, which is not read"),
        ("script", "Hello [show image] there.", "the row has no picture in product_image; name"),
        ("script", "Hello [show image12] there.", "there is no picture 12; pictures are 1 to 9"),
        ("script", "Hello [price] there.", "the row has no price_text; write the price there"),
        (
            "script",
            "Hello [presenter ful] there.",
            "this is no mark that is known; marks are",
        ),
        (
            "script",
            "Hello there. [presenter full]",
            "it stands behind the last word, when the video",
        ),
        ("script", "Hello [presenter full 0.1s] there.", "it asks for 0.1 s, at least 0.2 s"),
    ],
)
def test_what_cannot_be_shown_is_refused_with_the_way_out(branded, column, value, rule):
    Image.new("RGBA", (64, 64), (255, 0, 0, 0)).save(branded / "clear.png")
    frames = [Image.new("RGB", (32, 32), colour) for colour in ("red", "blue")]
    frames[0].save(branded / "moving.webp", save_all=True, append_images=frames[1:])
    Image.new("CMYK", (64, 64)).save(branded / "print.jpg")
    (branded / "drawing.svg").write_text("<svg/>")

    told = fault(branded, column, value)

    assert told.startswith(f"2: {column} ")
    assert rule in told


@pytest.mark.parametrize("headline", ["The lamp glows. " * 31, "台灯会自己找光，" * 62])
def test_a_headline_is_refused_once_for_all_formats_and_fits_as_long_as_is_said(branded, headline):
    def text(words: str) -> str:
        deliver = "9:16, 1:1, 16:9"
        return f'video_id,script,portrait,headline,deliver\na,Hi.,a.png,{words},"{deliver}"\n'

    (told,) = faults(branded, text(headline))
    assert f"{len(headline.strip())} characters do not fit, even in the smallest" in told
    assert "in the layout below at 1080x1920 (at most " in told
    assert " and 1920x1080 (at most " in told
    most = int(told.split("; write at most ")[1].split()[0])

    assert read(branded, text(headline[:most])).rows[0].screen


def test_the_faults_of_all_rows_are_told_at_once(branded):
    text = HEADER + ROW.replace("room.png", "") + ROW.replace("a,", "b,", 1).replace("$49", "")
    told = faults(branded, text)

    assert [line.split(":")[0] for line in told] == ["2", "3"]


def test_marks_without_a_brand_are_refused_not_spoken(folder):
    told = fault(folder, "script", "Hello [price] there.")

    assert "this is a mark for the screen, and the row has no brand file; name a brand file" in told


def test_a_row_that_has_no_brand_among_rows_that_have_is_told_what_would_be_lost(folder):
    (folder / "spring.toml").write_text("")
    text = "video_id,script,portrait,brand,headline\na,Hello.,a.png,spring.toml,Hi\n"
    (told,) = faults(folder, text + "b,Hello.,a.png,,Lost\n")

    assert '3: headline "Lost": no brand file says where this stands; name a brand file' in told


def test_a_brand_file_with_faults_is_refused_before_any_row(folder):
    (folder / "brand.toml").write_text('layout = "sideways"\n[logo]\nfile = "no.png"\n')
    with pytest.raises(BrandError) as caught:
        read(folder, HEADER + ROW)
    assert len(str(caught.value).split("\n")) == 2

    (folder / "brand.toml").rename(folder / "spring.toml")
    told = fault(folder, "brand", "spring.toml")
    assert "the brand file has faults: " in told
    assert '"sideways" is no layout' in told
    assert '[logo] file "no.png"' in told


def test_a_misspelt_column_is_told_where_there_is_a_brand(branded):
    text = "video_id,script,portrait,headlin\na,Hello.,a.png,Hi\n"

    assert 'did you mean "headline"?' in faults(branded, text)[0]


def test_the_table_of_the_docs_is_the_codes_own():
    assert screen_columns_table() in (ROOT / "docs" / "layouts.md").read_text(encoding="utf-8")
