"""A refusal, then what its message says to do, then it works: each tried with the command."""

import shutil
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from tests.integration.campaigns import ROOT, UNTIMED, write_campaign, write_portrait

pytestmark = pytest.mark.integration

MARA = ROOT / "manifests/portraits/mara.png"
HEAD = "video_id,script,portrait,engine,size,preset"
CELLS = "Hello there.,face.png,null,96x64,quick"
OF_GPUS = CELLS.replace("null", "live-avatar")


class Desk:
    """A folder with a portrait, and the command line beside it."""

    def __init__(self, run: Callable, folder: Path) -> None:
        self._run, self.folder = run, folder
        write_portrait(folder / "face.png")

    def manifest(self, *rows: str, head: str = HEAD) -> Path:
        path = self.folder / "campaign.csv"
        path.write_text("\n".join((head, *rows)) + "\n")
        return path

    def run(self, *words: object, **env: str) -> tuple[int, str]:
        """Exit code, and all that was said, in one line."""
        done = self._run(*words, **env)
        said = done.stdout + done.stderr
        assert "Traceback" not in said, said
        return done.returncode, " ".join(said.split())

    def refused(self, way_out: str, *words: object, **env: str) -> None:
        code, said = self.run(*words, **env)
        assert code != 0, said
        assert way_out in said

    def works(self, *words: object, **env: str) -> str:
        code, said = self.run(*words, **env)
        assert code == 0, said
        return said


@pytest.fixture
def desk(nightshoot, tmp_path: Path) -> Desk:
    (tmp_path / "in").mkdir()
    return Desk(nightshoot, tmp_path / "in")


@pytest.mark.sweep
def test_keep_going_renders_the_rows_that_can_be(desk: Desk, tmp_path: Path):
    bad = "bad,Hello there.,small.png,live-avatar,96x64,quick"
    write_portrait(desk.folder / "small.png")
    manifest = desk.manifest(f"good,{CELLS}", bad.replace("live-avatar", "preview"))
    render = ("render", manifest, "--out", tmp_path, "--workers", 1)

    desk.refused("add --keep-going to render the other rows", *render)
    code, said = desk.run(*render, "--keep-going")

    assert code == 1, "one row of two is not made"
    assert "1 of 2 videos done, 1 failed" in said
    assert (tmp_path / "campaign/videos/good.mp4").exists()


# what it says is in test_campaign.py too, and that a still is rendered
@pytest.mark.sweep
def test_a_portrait_without_a_face_is_shown_as_a_still_where_that_is_asked_for(
    desk: Desk, tmp_path: Path
):
    manifest = desk.manifest("a,Hello there.,face.png,preview,96x64,quick")
    plan = ("plan", manifest, "--out", tmp_path)
    desk.refused("`--on-no-face still`", *plan)
    assert "1 video, 1 segment" in desk.works(*plan, "--on-no-face", "still")


def test_files_elsewhere_are_taken_with_allow_outside(desk: Desk, tmp_path: Path):
    write_portrait(tmp_path / "elsewhere.png")
    manifest = desk.manifest(f"a,{OF_GPUS}".replace("face.png", "../elsewhere.png"))
    plan = ("plan", manifest, "--out", tmp_path)
    desk.refused("allow it with --allow-outside", *plan, **UNTIMED)
    desk.works(*plan, "--allow-outside", **UNTIMED)


def test_a_campaign_of_an_impossible_name_takes_the_one_that_is_suggested(
    desk: Desk, tmp_path: Path
):
    plan = ("plan", desk.manifest(f"a,{OF_GPUS}"), "--out", tmp_path, "--campaign")
    desk.refused("give another --campaign, for example june", *plan, "..", **UNTIMED)
    desk.works(*plan, "june", **UNTIMED)


def test_a_manifest_that_exists_is_overwritten_by_force(desk: Desk):
    voice = next((ROOT / "tests/stores/e927a16/campaign/speech").glob("*.16k.wav"))
    shutil.copy(voice, desk.folder / "take.wav")
    out = desk.folder / "made.csv"
    write = ("manifest", "--audio-dir", desk.folder, "--portrait", desk.folder / "face.png")
    out.write_text("mine")
    desk.refused("name another file, or add --force", *write, "--out", out)
    assert out.read_text() == "mine"
    desk.works(*write, "--out", out, "--force")
    assert "take.wav" in out.read_text()


def test_a_broken_rig_is_written_anew_by_rig(desk: Desk, tmp_path: Path):
    portrait = Path(shutil.copy(MARA, desk.folder / "mara.png"))
    rig = portrait.with_name("mara.rig.json")
    rig.write_text('{"mouth": [')
    manifest = desk.manifest("a,Hello there.,mara.png,preview,384x256,quick")
    plan = ("plan", manifest, "--out", tmp_path)
    desk.refused("correct it, or delete it and run `nightshoot rig` again", *plan)
    rig.unlink()
    desk.works("rig", portrait)
    assert rig.exists()
    desk.works(*plan)


# what it says is in test_aftermath.py too, and that a campaign that was rendered is retried
@pytest.mark.sweep
def test_retry_of_a_campaign_that_was_never_rendered_works_once_it_was(desk: Desk, tmp_path: Path):
    manifest = desk.manifest(f"a,{CELLS}")
    retry = ("retry", "campaign", "--out", tmp_path)
    desk.refused("or render the manifest first", *retry)
    desk.works("render", manifest, "--out", tmp_path)
    assert "1 of 1 video done" in desk.works(*retry)


def test_a_row_that_failed_is_made_by_the_same_command_once_it_is_corrected(
    desk: Desk, tmp_path: Path
):
    manifest = desk.manifest("a,Hello there.,face.png,preview,96x64,quick")
    render = ("render", manifest, "--out", tmp_path, "--workers", 1)
    desk.refused("what to do: correct this row", *render, "--keep-going")
    desk.refused("render the manifest again", "status", "campaign", "--out", tmp_path)
    desk.manifest(f"a,{CELLS}")
    desk.works(*render)
    desk.works("status", "campaign", "--out", tmp_path)


# what it says, and that the next run makes it good, is in test_damage.py too
@pytest.mark.sweep
def test_damage_that_a_deep_sweep_finds_is_made_good_by_the_command_it_names(
    desk: Desk, tmp_path: Path
):
    manifest = desk.manifest(f"a,{CELLS}")
    render = ("render", manifest, "--out", tmp_path)
    desk.works(*render)
    video = tmp_path / "campaign/videos/a.mp4"
    data = bytearray(video.read_bytes())
    data[len(data) // 2] ^= 1
    video.write_bytes(data)
    sweep = ("sweep", "campaign", "--out", tmp_path, "--verify")
    code, said = desk.run(*sweep)
    assert "a.mp4" in said, code
    desk.works(*render)
    assert "no damaged files found" in desk.works(*sweep)


def test_another_sheet_of_a_workbook_is_read_by_sheet(desk: Desk, tmp_path: Path):
    book = openpyxl.Workbook()
    first, second = book.active, book.create_sheet("June")
    assert first is not None
    first.append(["Notes of the meeting"])
    for row in (HEAD, f"a,{OF_GPUS}"):
        second.append(row.split(","))
    path = desk.folder / "campaign.xlsx"
    book.save(path)
    plan = ("plan", path, "--out", tmp_path)
    desk.refused("--sheet", *plan, **UNTIMED)
    desk.works(*plan, "--sheet", "June", **UNTIMED)


@pytest.mark.sweep
def test_a_broken_calibration_is_made_anew(desk: Desk, tmp_path: Path):
    file = tmp_path / "calibration.json"
    file.write_text("{")
    env = {"NIGHTSHOOT_CALIBRATION": str(file)}
    desk.refused("remove it and run `nightshoot calibrate`", "plan", "--gpus", "1x80", **env)
    file.unlink()
    desk.works("calibrate", "--engine", "preview", **env)
    desk.works("plan", "--gpus", "1x80", **env)


@pytest.mark.sweep
def test_options_of_gpus_ask_for_gpus_and_work_with_them(desk: Desk, tmp_path: Path):
    desk.refused("add --gpus", "plan", "--placement", "stages=2")
    desk.works("plan", "--gpus", "2x80", "--placement", "stages=2")
    manifest = desk.manifest(f"a,{CELLS}".replace("null", ""))
    plan = ("plan", manifest, "--out", tmp_path, "--gpus", "1x80")
    desk.refused("leave --gpus out, or add --engine live-avatar", *plan, "--engine", "null")
    desk.works(*plan, "--engine", "live-avatar")
    desk.works(*plan[:-2], "--engine", "null")


def test_plan_for_gpus_needs_no_weights_where_rendering_asks_for_them(desk: Desk, tmp_path: Path):
    manifest = desk.manifest(f"a,{OF_GPUS}")
    desk.refused("use `nightshoot plan --gpus`", "render", manifest, "--out", tmp_path)
    desk.works("plan", manifest, "--out", tmp_path, "--gpus", "1x80")


def test_schedule_asks_for_what_it_needs_and_a_server(desk: Desk, tmp_path: Path):
    manifest = desk.manifest(f"a,{CELLS}")
    desk.refused("give --out and --cron, or --remove", "schedule", manifest)
    # a server that `cluster up` has not met; that it helps is seen in test_cluster.py
    words = ("schedule", manifest, "--out", tmp_path, "--cron", "15 1 * * *")
    desk.refused("run `nightshoot cluster up`", *words)


@pytest.mark.sweep
def test_what_is_left_of_a_lock_is_removed_as_it_says(desk: Desk, tmp_path: Path):
    render = ("render", write_campaign(tmp_path / "one", num_videos=1, num_sentences=1))
    out = ("--out", tmp_path)
    (tmp_path / "campaign/lock.json").mkdir(parents=True)
    desk.refused("remove it", *render, *out)
    (tmp_path / "campaign/lock.json").rmdir()
    desk.works(*render, *out)
