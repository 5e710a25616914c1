"""Rows that stand for several videos: their names, their cells, and every fault that is told."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.errors import CampaignError
from tasks.manifest.manifest import COLUMN_NAMES, ManifestError, RowDefaults, read_manifest
from tasks.manifest.personal.consents import consents_in
from tasks.manifest.personal.fan_out import FanOut, fan_out
from tasks.manifest.personal.libraries import Libraries, LibraryError
from tasks.manifest.personal.settings import Personal
from tasks.manifest.shape import SourceRow
from tests.unit.manifest.test_manifest import png

NAMES = st.from_regex(r"[a-z]{3,6}", fullmatch=True)
SETS = st.dictionaries(NAMES, st.lists(NAMES, unique=True, min_size=1, max_size=3), max_size=3)
BOTH = "video_id,script_en,script_zh,portrait\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.png").write_bytes(png())
    (tmp_path / "b.png").write_bytes(png())
    return tmp_path


def read(folder: Path, text: str, personal: Personal | None = None, **files: str):
    for name, content in files.items():
        (folder / f"{name}.toml").write_text(content)
    (folder / "june.csv").write_text(text, encoding="utf-8")
    return read_manifest(folder / "june.csv", RowDefaults(), personal=personal or Personal())


def faults(folder: Path, text: str, personal: Personal | None = None, **files: str) -> list[str]:
    with pytest.raises(ManifestError) as raised:
        read(folder, text, personal, **files)
    return [f"{each.line}: {each}" for each in raised.value.faults]


def library_faults(folder: Path, **files: str) -> list[str]:
    with pytest.raises(LibraryError) as raised:
        read(folder, "video_id,script,portrait\na,Hello.,a.png\n", **files)
    return [line.removeprefix(f"{folder}/") for line in str(raised.value).splitlines()]


# --- languages ----------------------------------------------------------------------------------


def test_a_row_becomes_a_video_for_each_language_in_the_voice_of_it(folder: Path) -> None:
    text = (
        "video_id,script_en,script_zh,voice_en,voice_zh,portrait\n"
        "both,Hello.,你好。,bf_emma,,a.png\none,Hello.,,,,a.png\n"
    )
    manifest = read(folder, text)
    assert [(r.video_id, r.script, r.language, r.voice) for r in manifest.rows] == [
        ("both--en", "Hello.", "en", "bf_emma"),
        ("both--zh", "你好。", "zh", None),
        ("one--en", "Hello.", "en", None),
    ]
    assert "2 rows stand for 3 videos (languages en, zh)" in manifest.notices


def test_the_report_is_a_manifest_of_the_videos(folder: Path) -> None:
    manifest = read(folder, BOTH + "a,Hello.,你好。,a.png\n")
    assert manifest.columns == ("video_id", "portrait", "script", "language")
    header = ",".join(manifest.columns)
    rows = [",".join(cells[name] for name in manifest.columns) for cells in manifest.cells.values()]
    again = read(folder, "\n".join([header, *rows]) + "\n")
    assert [(r.video_id, r.script, r.language, r.portrait_path) for r in again.rows] == [
        (r.video_id, r.script, r.language, r.portrait_path) for r in manifest.rows
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "video_id,script,script_en,portrait\na,Hi.,Hello.,a.png\n",
            '2: script "Hi.": the row has both script and script_en; keep one of them: a column '
            "script_en or script_zh names its language",
        ),
        (
            "video_id,script_en,language,portrait\na,Hello.,en,a.png\n",
            '2: language "en": the row has both language and script_en; keep one of them: a column '
            "script_en or script_zh names its language",
        ),
        (
            "video_id,script_en,script_zh,voice,portrait\na,Hello.,你好。,hibari,a.png\n",
            '2: voice "hibari": this voice speaks en, not zh; fill the column voice_zh too',
        ),
        (
            "video_id,script_en,voice_en,portrait\na,Hello.,zf_xiaoxiao,a.png\n",
            '2: voice_en "zf_xiaoxiao": this voice speaks zh, not en; name one for en from '
            "`nightshoot voices`",
        ),
        (
            "video_id,script,voice_zh,portrait\na,Hello.,zf_xiaoxiao,a.png\n",
            '2: voice_zh "zf_xiaoxiao": there is a voice for zh, but no script_zh; fill script_zh, '
            "or name the voice in the column voice",
        ),
        (
            "video_id,script_en,script_fr,portrait\na,Hello.,Bonjour.,a.png\n",
            '2: script_fr "Bonjour.": no voice speaks this language, so its videos cannot be made; '
            "languages are en and zh; give recordings of others in the column audio",
        ),
        (
            BOTH + f"{'a' * 60},Hello.,你好。,a.png\n",
            f'2: video_id "{"a" * 60}": with its languages and variants the name has 64 '
            "characters, at most 63; choose a shorter video_id or shorter variants",
        ),
        (
            BOTH + "Ann 1,Hello.,你好。,a.png\n",
            '2: video_id "Ann 1": must match [a-z0-9][a-z0-9-]* and have at most 63 characters; '
            'try "ann-1"',
        ),
        (
            BOTH + "a,Hello.,你好。,c.png\n",
            '2: portrait "c.png": the file does not exist; did you mean "b.png"?',
        ),
        (
            "video_id,script_en,script,portrait\na,Hello.,,a.png\na--en,,Hi.,a.png\n",
            '3: video_id "a--en": the video_id is already used on line 2; try "a--en-2"',
        ),
    ],
)
def test_a_fault_of_languages_is_told_once(folder: Path, text: str, told: str) -> None:
    assert faults(folder, text) == [told]


# --- variants -----------------------------------------------------------------------------------

STYLES = """
[styles.calm]
voice = "bf_emma"
prompt = "quiet"
seed = 1
[styles.lively]
voice = "af_heart"
prompt = "loud"
[sizes.wide]
size = "704x384"
[sizes.tall]
size = "384x704"
"""
HEADER = "video_id,script,portrait,variants\n"


def test_a_row_becomes_a_video_for_each_combination_of_its_variants(folder: Path) -> None:
    rows = HEADER + 'a,Hello.,a.png,"styles, sizes"\nb,Hello.,a.png,sizes\nc,Hello.,a.png,\n'
    manifest = read(folder, rows, variants=STYLES)
    assert [(r.video_id, r.voice, r.prompt, r.seed, r.width) for r in manifest.rows] == [
        ("a--calm--wide", "bf_emma", "quiet", 1, 704),
        ("a--calm--tall", "bf_emma", "quiet", 1, 384),
        ("a--lively--wide", "af_heart", "loud", 0, 704),
        ("a--lively--tall", "af_heart", "loud", 0, 384),
        ("b--wide", None, "", 0, 704),
        ("b--tall", None, "", 0, 384),
        ("c", None, "", 0, None),
    ]
    assert "3 rows stand for 7 videos (variants calm, lively, tall, wide)" in manifest.notices
    assert "variants" not in manifest.columns


def test_variants_multiply_languages(folder: Path) -> None:
    text = "video_id,script_en,script_zh,portrait,variants\na,Hello.,你好。,a.png,v\n"
    variants = '[v.one]\nvoice_en = "bf_emma"\nvoice_zh = "zm_yunxi"\n[v.two]\nseed = 2\n'
    rows = read(folder, text, variants=variants).rows
    assert [(r.video_id, r.voice) for r in rows] == [
        ("a--en--one", "bf_emma"),
        ("a--en--two", None),
        ("a--zh--one", "zm_yunxi"),
        ("a--zh--two", None),
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            HEADER + "a,Hello.,a.png,style\n",
            '2: variants "style": there is no set "style"; did you mean "styles"?',
        ),
        (
            HEADER + "a,Hello.,a.png,sizes sizes\n",
            '2: variants "sizes sizes": the set "sizes" is named twice; name it once',
        ),
        (
            "video_id,script,portrait,variants,size\na,Hello.,a.png,sizes,384x256\n",
            '2: size "384x256": the row has this cell, and its variants fill it too; empty the '
            "cell, or leave it out of the variants",
        ),
    ],
)
def test_a_fault_of_variants_is_told_once(folder: Path, text: str, told: str) -> None:
    assert faults(folder, text, variants=STYLES) == [told]


def test_two_sets_that_fill_one_cell_are_refused(folder: Path) -> None:
    variants = "[p.one]\nseed = 1\n[q.two]\nseed = 2\n"
    assert faults(folder, HEADER + "a,Hello.,a.png,p q\n", variants=variants) == [
        '2: variants "p q": two sets of variants both fill seed; leave it to one of them'
    ]


def test_a_million_videos_are_refused_before_any_is_made(folder: Path) -> None:
    variants = "".join(
        f"[{name}.{name}{i}]\n{column} = '{value}'\n"
        for name, column, value in (
            ("p", "prompt", "x"),
            ("q", "seed", "1"),
            ("r", "size", "384x256"),
        )
        for i in range(100)
    )
    rows = HEADER + "a,Hello.,a.png,p q r\n"
    assert faults(folder, rows, variants=variants) == [
        "1: file: 1 row would be 1,000,000 videos, but at most 10,000 are made; name fewer "
        "variants or languages, or allow more with --max-videos 1000000"
    ]
    assert len(faults(folder, HEADER + "a,Hello.,a.png,p\n", Personal(max_videos=99))) == 1


def test_every_fault_of_the_variants_file_is_told(folder: Path) -> None:
    variants = (
        '[s.en]\nseed = 1\n[s.a--b]\nseed = -1\n[s."B c"]\nvoce = "x"\n[t.two]\nsize = "7x7"\n'
        "[u.two]\nprompt = ''\n[v]\n[w.x]\nportrait = 'c.png'\n"
    )
    told = library_faults(folder, variants=variants)
    assert [line.split(";")[0] for line in told] == [
        'variants.toml: [s.en] the name "en" is a language or holds --, which parts names of '
        "videos",
        'variants.toml: [s.a--b] the name "a--b" is a language or holds --, which parts names of '
        "videos",
        'variants.toml: [s.a--b] seed "-1": must be a whole number from 0 to 4294967295',
        'variants.toml: [s.B c] the name "B c" must match [a-z0-9][a-z0-9-]* and have at most 63 '
        "characters",
        "variants.toml: [s.B c] voce is unknown here",
        'variants.toml: [t.two] size "7x7": a size must be WxH, both multiples of 16 from 16 to '
        "4096",
        'variants.toml: [u.two] the name "two" is taken by [t.two]',
        "variants.toml: [u.two] prompt = '' is no text and no number",
        "variants.toml: [v] is a set without variants",
        'variants.toml: [w.x] portrait "c.png": the file does not exist',
    ]


def test_two_variants_of_one_name_are_refused(folder: Path) -> None:
    (told,) = library_faults(folder, variants="[s.one]\nseed = 1\n[s.one]\nseed = 2\n")
    assert "each name may stand for one thing only" in told


def test_a_column_called_variants_is_a_teams_own_where_there_is_no_such_file(folder: Path) -> None:
    manifest = read(folder, HEADER + "a,Hello.,a.png,both\n")
    assert [row.video_id for row in manifest.rows] == ["a"]
    assert manifest.cells["a"]["variants"] == "both"


# --- presenters ---------------------------------------------------------------------------------

MARA = """
[mara]
portrait = "a.png"
consent = "c-17"
[mara.voices]
en = "bf_emma"
zh = "zf_xiaoxiao"
[otto]
portrait = "b.png"
[otto.voices]
en = "bm_george"
"""


def test_a_presenter_gives_portrait_voice_and_consent(folder: Path) -> None:
    text = (
        "video_id,script,presenter,voice\na,Hello.,mara,\nb,你好，欢迎。,mara,\n"
        "c,Hello.,otto,af_heart\n"
    )
    manifest = read(folder, text, presenters=MARA)
    assert [(r.voice, r.portrait_path.name) for r in manifest.rows] == [
        ("bf_emma", "a.png"),
        ("zf_xiaoxiao", "a.png"),
        ("af_heart", "b.png"),
    ]
    assert [cells["consent"] for cells in manifest.cells.values()] == ["c-17", "c-17", ""]


@pytest.mark.parametrize(
    ("days", "told"),
    [
        (-1, ["consent c-17 (mara) ended on {}: renew it, or name another presenter, before"]),
        (0, ["consent c-17 (mara) ends on {}: renew it in time"]),
        (14, ["consent c-17 (mara) ends on {}: renew it in time"]),
        (15, []),
    ],
)
def test_a_consent_that_ends_is_told_where_its_presenter_is_used(
    folder: Path, days: int, told: list[str]
) -> None:
    day = datetime.now(UTC).date() + timedelta(days=days)
    presenters = MARA.replace('"c-17"', f'"c-17"\nconsent_until = {day}')

    used = read(folder, "video_id,script,presenter\na,Hello.,mara\n", presenters=presenters)
    unused = read(folder, "video_id,script,presenter\na,Hello.,otto\n", presenters=presenters)

    found = [each for each in used.notices if "consent" in each]
    assert len(found) == len(told)
    assert all(each.startswith(start.format(day)) for each, start in zip(found, told, strict=True))
    assert not [each for each in unused.notices if "consent" in each]
    (end,) = consents_in(folder / "presenters.toml")
    assert (end.name, end.until) == ("consent c-17 (mara)", day)


def test_an_end_that_is_no_day_or_has_no_consent_is_refused(folder: Path) -> None:
    text = "video_id,script,presenter\na,Hello.,mara\n"
    quoted = MARA.replace('"c-17"', '"c-17"\nconsent_until = "2027-03-31"')
    alone = MARA.replace('consent = "c-17"', "consent_until = 2027-03-31")

    with pytest.raises(CampaignError, match=r'\[mara\] consent_until = "2027-03-31" is no day; wr'):
        read(folder, text, presenters=quoted)
    with pytest.raises(CampaignError, match=r"\[mara\] consent_until = .* is no day"):
        consents_in(folder / "presenters.toml")
    with pytest.raises(CampaignError, match=r"\[mara\] consent_until has no consent to it; write"):
        read(folder, text, presenters=alone)


def test_a_presenter_speaks_each_language_of_a_row(folder: Path) -> None:
    text = "video_id,script_en,script_zh,presenter\na,Hello.,你好。,mara\n"
    rows = read(folder, text, presenters=MARA).rows
    assert [(r.video_id, r.voice) for r in rows] == [("a--en", "bf_emma"), ("a--zh", "zf_xiaoxiao")]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (
            "a,Hello.,mar",
            '2: presenter "mar": there is no such presenter in presenters.toml; did you mean '
            '"mara"?',
        ),
        (
            "a,你好，欢迎。,otto",
            '2: presenter "otto": the presenter has no voice for the language zh; add it to the '
            "presenter's voices, or fill the column voice or voice_zh",
        ),
    ],
)
def test_a_fault_of_a_presenters_row_is_told(folder: Path, row: str, told: str) -> None:
    text = f"video_id,script,presenter,portrait\n{row},a.png\n"
    assert faults(folder, text, presenters=MARA) == [told]


def test_every_fault_of_the_presenters_file_is_told(folder: Path) -> None:
    presenters = (
        'x = 1\n[mara]\nrig = "c.json"\nframing = "clos"\nportait = "a.png"\n[mara.voices]\n'
        'fr = "x"\nen = "zf_xiaoxiao"\n[otto]\nportrait = "c.png"\n'
    )
    told = library_faults(folder, presenters=presenters)
    framing = next(line for line in told if 'framing "clos"' in line)
    assert "did you mean" in framing or "must be" in framing
    assert [line.split(";")[0] for line in told] == [
        "presenters.toml: [x] stands outside a table",
        "presenters.toml: [mara] has no portrait",
        'presenters.toml: [mara] rig "c.json": the file does not exist',
        "presenters.toml: [mara] portait is unknown here",
        "presenters.toml: [mara] voices.fr = 'x' is no language with the name of a voice",
        'presenters.toml: [mara] voices.en "zf_xiaoxiao": this voice speaks zh, not en',
        framing.split(";")[0],
        'presenters.toml: [otto] portrait "c.png": the file does not exist',
    ]


# --- properties ---------------------------------------------------------------------------------


def fanned(names: list[str], sets: Mapping[str, list[str]], *, has_zh: bool) -> FanOut:
    variants = {
        name: {each: {f"column_{name}": each} for each in variants}
        for name, variants in sets.items()
    }
    rows = [
        SourceRow(
            line,
            {
                "video_id": name,
                "script_en": "Hello.",
                "script_zh": "你好。" if has_zh else "",
                "portrait": "a.png",
                "variants": " ".join(sets),
            },
        )
        for line, name in enumerate(names, 2)
    ]
    return fan_out(rows, tuple(rows[0].cells), Libraries(variants), None)


@given(st.lists(NAMES, unique=True, min_size=1, max_size=4), SETS, st.booleans())
@settings(deadline=None)
def test_names_are_unique_and_in_the_order_of_their_rows(
    names: list[str], sets: dict[str, list[str]], has_zh: bool
) -> None:
    made = fanned(names, sets, has_zh=has_zh)
    ids = [row.cells["video_id"] for row in made.rows]
    assert not made.faults
    assert len(set(ids)) == len(ids)
    assert list(dict.fromkeys(each.split("--")[0] for each in ids)) == names


@given(SETS.filter(bool), NAMES, st.booleans())
@settings(deadline=None)
def test_what_is_added_changes_no_other_video(
    sets: dict[str, list[str]], new: str, has_zh: bool
) -> None:
    before = {row.cells["video_id"]: row.cells for row in fanned(["a"], sets, has_zh=has_zh).rows}
    first = next(iter(sets))
    more = {**sets, first: [*sets[first], *([] if new in sets[first] else [new])]}
    after = {row.cells["video_id"]: row.cells for row in fanned(["a"], more, has_zh=True).rows}
    assert {name: after[name] for name in before} == before


def test_the_columns_of_languages_and_variants_are_known() -> None:
    columns = {"script_en", "script_zh", "voice_en", "voice_zh", "variants", "presenter"}
    assert columns <= set(COLUMN_NAMES)
