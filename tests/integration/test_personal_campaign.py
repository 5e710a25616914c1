"""Personal campaigns through the command line: chosen rows, changed values."""

import json
import shutil
from pathlib import Path

import pytest

from tests.integration.campaigns import UNTIMED, receipts, video_digests, write_portrait

pytestmark = pytest.mark.integration

PRESENTER = Path(__file__).parents[1] / "portraits" / "mara.png"
HEADER = "video_id,script,portrait,engine,size,preset,name\n"
# what several workers do side by side takes seconds to time, and is not what is asked
ALONE = ("--workers", 1)
ROW = "{0},Hello {{{{name}}}}. Good night.,face.png,null,96x64,quick,{1}\n"


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    write_portrait(folder / "face.png")
    path = folder / "june.csv"
    path.write_text(
        HEADER + "".join(ROW.format(name.lower(), name) for name in ("Ann", "Ben", "Cy"))
    )
    return path


def statuses(stdout: str) -> dict[str, str]:
    return {each["video_id"]: each["status"] for each in json.loads(stdout)}


def test_one_row_comes_first_then_the_rest_then_what_a_changed_value_touches(
    nightshoot, manifest: Path, tmp_path: Path
) -> None:
    root = tmp_path / "june"
    one = nightshoot("render", manifest, "--out", tmp_path, "--only", "ben", "--json")
    assert one.returncode == 0, one.stdout + one.stderr
    assert statuses(one.stdout) == {"ann": "pending", "ben": "done", "cy": "pending"}
    assert "1 of 3 videos chosen" in one.stderr
    assert [row["video_id"] for row in json.loads((root / "rows.json").read_text())["rows"]] == [
        "ann",
        "ben",
        "cy",
    ]
    assert "cy" in (root / "report.csv").read_text()
    assert {path.stem for path in (root / "plans").glob("*.json")} == {"ben"}
    first = video_digests(root)

    whole = nightshoot("render", manifest, "--out", tmp_path)
    assert whole.returncode == 0, whole.stdout + whole.stderr
    assert "3 of 3 videos done" in whole.stdout
    before, segments = video_digests(root), set(receipts(root))
    assert first.items() <= before.items()

    manifest.write_text(manifest.read_text().replace(",Cy", ",Cleo"))
    differ = nightshoot("diff", "june", manifest, "--out", tmp_path)
    assert differ.returncode == 1
    assert differ.stdout.splitlines() == [
        "cy",
        '  name: "Cy" -> "Cleo"',
        "0 videos added, 0 removed, 1 changed, 2 the same",
        "where the first was rendered, the second makes 1 video",
    ]
    changed = nightshoot("render", manifest, "--out", tmp_path, "--json")
    assert changed.returncode == 0, changed.stdout + changed.stderr
    after = video_digests(root)
    assert {name for name in after if after[name] != before[name]} == {"cy.mp4", "cy.srt", "cy.vtt"}
    rendered = {o["video_id"]: o["num_segments_rendered"] for o in json.loads(changed.stdout)}
    assert rendered == {"ann": 0, "ben": 0, "cy": len(set(receipts(root)) - segments)}

    listed = json.loads(nightshoot("status", "--out", tmp_path, "--json").stdout)
    assert [(each["campaign"], each["num_videos"], each["num_done"]) for each in listed] == [
        ("june", 3, 3)
    ]
    found = nightshoot("find", "--out", tmp_path, "--script", "hello CLEO", "--json")
    assert [each["video_id"] for each in json.loads(found.stdout)] == ["cy"]
    picture = ("--portrait", manifest.parent / "face.png", "--voice", "hibari")
    assert "3 videos" in nightshoot("find", "--out", tmp_path, *picture).stdout
    nobody = nightshoot("find", "--out", tmp_path, "--voice", "zm_yunxi")
    assert (nobody.returncode, nobody.stdout.strip()) == (1, "no planned video matches")
    nothing = nightshoot("diff", "june", "juni", "--out", tmp_path)
    assert nothing.returncode == 2
    assert '"juni" is neither a manifest nor a campaign' in nothing.stderr


def test_a_plan_is_about_the_chosen_rows(nightshoot, manifest: Path, tmp_path: Path) -> None:
    manifest.write_text(manifest.read_text().replace(",null,", ",live-avatar,"))
    arguments = ("plan", manifest, "--out", tmp_path, "--sample", 2, "--json")
    planned = nightshoot(*arguments, **UNTIMED)
    assert planned.returncode == 0, planned.stderr
    assert len(json.loads(planned.stdout)["videos"]) == 2
    refused = nightshoot("plan", manifest, "--out", tmp_path, "--only", "bem", **UNTIMED)
    assert refused.returncode == 2
    assert 'did you mean "ben"?' in refused.stderr


@pytest.mark.sweep
def test_what_fits_the_budget_is_rendered_and_the_report_sets_the_quote_beside_it(
    nightshoot, manifest: Path, tmp_path: Path
) -> None:
    lines = manifest.read_text().splitlines()
    dues = ("due", "2030-01-03", "2030-01-02", "")
    manifest.write_text("".join(f"{line},{due}\n" for line, due in zip(lines, dues, strict=True)))
    asked = ("plan", manifest, "--out", tmp_path, "--gpu-hour-price", 3600, *ALONE)
    whole = json.loads(nightshoot(*asked, "--json").stdout)
    price, shares = whole["price"], {each["video_id"]: each["seconds"] for each in whole["shares"]}
    assert price["videos"] == ["ben", "ann", "cy"]
    overhead = price["seconds"] - sum(shares.values())
    assert price["money"] == pytest.approx(price["seconds"])

    refused = nightshoot(*asked, "--budget", 0.01)
    assert refused.returncode == 2
    assert "more than the budget of 0.01" in refused.stdout

    # what was timed now differs from before, so the budget is for one and a half of three alike
    budget = overhead * 1.2 + 1.6 * max(shares.values())
    fits = json.loads(nightshoot(*asked, "--budget", budget, "--fit", "--json").stdout)["fit"]
    names = (tmp_path / "june" / "fit.txt").read_text().split()
    assert names == fits["videos"]
    assert {*names, *(each["video_id"] for each in fits["left_out"])} == {"ann", "ben", "cy"}
    assert not names or names[0] == "ben"

    (tmp_path / "june" / "fit.txt").write_text("ben\n")
    chosen = f"@{tmp_path / 'june' / 'fit.txt'}"
    done = nightshoot("render", manifest, "--out", tmp_path, "--only", chosen, "--json")
    assert done.returncode == 0, done.stderr
    assert statuses(done.stdout) == {"ann": "pending", "ben": "done", "cy": "pending"}
    page = (tmp_path / "june" / "report" / "index.html").read_text()
    assert "this run rendered" in page


def test_a_render_keeps_within_the_budget_and_the_deadline(
    nightshoot, manifest: Path, tmp_path: Path
) -> None:
    asked = ("render", manifest, "--out", tmp_path, "--gpu-hour-price", 3600, *ALONE)

    refused = nightshoot(*asked, "--budget", 0.01)
    assert refused.returncode == 2, refused.stdout + refused.stderr
    assert "more than the budget of 0.01" in refused.stderr
    assert "add --fit to render the videos that fit" in refused.stderr
    nothing = nightshoot(*asked, "--budget", 0.01, "--fit")
    assert nothing.returncode == 2, nothing.stdout + nothing.stderr
    assert "not one video fits" in nothing.stderr
    assert not receipts(tmp_path / "june")

    done = nightshoot(*asked, "--budget", 1_000_000, "--deadline", "2099-01-01", "--fit", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert statuses(done.stdout) == {"ann": "done", "ben": "done", "cy": "done"}
    again = nightshoot(*asked, "--budget", 0.01)
    assert again.returncode == 0, "nothing is left to pay for" + again.stdout + again.stderr


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--budget", 5), "--budget needs --gpu-hour-price"),
        (("--fit",), "--fit needs --budget or --deadline"),
        (("--deadline", "soon"), '--deadline "soon" must be a time such as 18:00'),
        (("--only", "@nothing.txt"), '"nothing.txt" cannot be read'),
        (("--only", "ann,,ben"), "must be names with commas between them"),
    ],
)
def test_options_that_cannot_be_used_are_refused(
    nightshoot, manifest: Path, tmp_path: Path, options: tuple[object, ...], told: str
) -> None:
    refused = nightshoot("plan", manifest, "--out", tmp_path, *options)
    assert refused.returncode == 2
    assert told in refused.stderr


def test_proofs_speak_what_they_show_and_a_render_finds_it_spoken(
    nightshoot, manifest: Path, tmp_path: Path
) -> None:
    row = ROW.format("ann", "Ann").replace("Good night.", "Good night and sleep well. " * 9)
    manifest.write_text(HEADER + row.replace("null,96x64", "preview,704x384"))
    shutil.copy(PRESENTER, manifest.parent / "face.png")
    proofs = nightshoot("proof", manifest, "--out", tmp_path, "--seconds", 2, own_clauses=True)
    assert proofs.returncode == 0, proofs.stdout + proofs.stderr
    assert "1 of 1 video done" in proofs.stdout
    receipt = json.loads((tmp_path / "june-proof" / "videos" / "ann.json").read_text())
    assert (receipt["num_frames"], receipt["size"]) == (50, "272x144")
    assert (tmp_path / "june-proof" / "report" / "index.html").is_file()
    assert "infer_frames" not in proofs.stdout, "nobody has set it"
    assert "face's width" not in proofs.stdout, "the portrait is judged at its video's size"
    assert not (tmp_path / "june").exists()
    clauses = tmp_path / "speech" / "clauses"
    spoken = {path.name: path.stat().st_mtime_ns for path in clauses.rglob("*.wav")}

    # the same script in the same voice, on an engine whose speed is not asked
    manifest.write_text(manifest.read_text().replace("preview,704x384", "live-avatar,96x64"))
    planned = nightshoot("plan", manifest, "--out", tmp_path, **UNTIMED)
    assert planned.returncode == 0, planned.stderr
    after = {path.name: path.stat().st_mtime_ns for path in clauses.rglob("*.wav")}
    assert spoken.items() <= after.items()
    speech = next((tmp_path / "june" / "speech").glob("*.json"))
    kept = {f"{clause['sound']}.wav" for clause in json.loads(speech.read_text())["clauses"]}
    assert set(spoken) <= kept

    refused = nightshoot("proof", manifest, "--out", tmp_path, "--sample-steps", 3)
    assert refused.returncode == 2
    assert "proofs have no use for the setting sample_steps" in refused.stderr
