"""Decisions on a real campaign: recorded, carried out by retry, and kept by a later render."""

import hashlib
import json
import zipfile

import pytest

from tests.integration.campaigns import receipts, video_digests, write_portrait

pytestmark = pytest.mark.integration


def ok(done):
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def campaign(nightshoot, finished, tmp_path):
    """A copy of the finished campaign; a call that runs a command on it."""
    manifest = finished.copied_to(tmp_path)

    def run(command: str, *arguments: object):
        if command == "render":
            return nightshoot(command, manifest, "--out", tmp_path, *arguments)
        return nightshoot(command, "campaign", *arguments, "--out", tmp_path)

    run.root, run.manifest = tmp_path / "campaign", manifest
    return run


def status(campaign) -> dict[str, dict]:
    told = json.loads(campaign("status", "--json").stdout)
    return {each["video_id"]: each for each in told}


def plan(campaign, video_id: str) -> dict:
    return json.loads((campaign.root / "plans" / f"{video_id}.json").read_text())


def test_a_new_seed_for_one_segment_renders_it_and_its_successors_and_nothing_else(campaign):
    before, files = video_digests(campaign.root), set(receipts(campaign.root))
    old = plan(campaign, "v0")["plan"]["segments"]
    assert len(old) > 1
    assert "retry" in ok(
        campaign("decide", "v0", "--new-seed", "--segment", len(old), "--seed", 9, "--as", "Ann")
    )
    assert status(campaign)["v0"]["verdict"] == "changes"

    ok(campaign("retry", "--here"))

    new = plan(campaign, "v0")["plan"]["segments"]
    assert [each["key"] for each in new[:-1]] == [each["key"] for each in old[:-1]]
    assert new[-1]["key"] != old[-1]["key"]
    assert set(receipts(campaign.root)) - files == {new[-1]["key"]}
    rendered = receipts(campaign.root)
    assert video_digests(campaign.root) == before, "the null engine draws the same for any seed"
    assert "looks the same with what Ann asked for" in ok(campaign("retry", "--here"))

    ok(campaign("render"))  # the unchanged manifest leaves it as people decided

    assert plan(campaign, "v0")["plan"]["segments"] == new
    assert receipts(campaign.root) == rendered


def test_a_text_a_portrait_and_a_drop_are_carried_out(campaign, tmp_path):
    before = video_digests(campaign.root)
    face = write_portrait(tmp_path / "other.png", seed=5)
    ok(campaign("decide", "v0", "--script", "Another text entirely.", "--as", "Ann"))
    ok(campaign("decide", "v0", "--portrait", face, "--as", "Bo"))
    ok(campaign("decide", "v1", "--drop", "--as", "Bo"))
    told = status(campaign)
    assert (told["v1"]["verdict"], told["v1"]["decided_by"]) == ("dropped", "Bo")

    done = campaign("retry", "--here")

    assert "v0: its text is now the one that was decided" in done.stdout
    ok(done)
    after = video_digests(campaign.root)
    assert {name for name in before if before[name] != after[name]} == {
        "v0.mp4",
        "v0.srt",
        "v0.vtt",
    }
    earlier = json.loads((campaign.root / "earlier" / "v0.json").read_text())["file"]
    assert earlier["sha256"] == before["v0.mp4"]
    kept = (campaign.root / "earlier" / earlier["name"]).read_bytes()
    assert hashlib.sha256(kept).hexdigest() == before["v0.mp4"]
    page = (campaign.root / "report" / "index.html").read_text("utf-8")
    assert page.count("data-earlier=") == 1
    assert f'data-earlier="../earlier/{earlier["name"]}"' in page
    assert "Another text entirely." in (campaign.root / "videos" / "v0.srt").read_text()
    assert status(campaign)["v0"]["verdict"] == "", "the decisions were about the file before"
    stored = plan(campaign, "v0")
    assert stored["amendment"]["by"] == ["Ann", "Bo"]
    ok(campaign("render"))
    assert video_digests(campaign.root) == after

    text = campaign.manifest.read_text().replace("Number 0.", "Number zero now.")
    campaign.manifest.write_text(text)
    changed = campaign("render")

    assert "without what Ann and Bo decided to change" in changed.stdout
    assert plan(campaign, "v0")["amendment"] is None


def test_an_approval_lapses_with_its_file_and_what_cannot_be_done_is_refused_as_a_whole(
    campaign, tmp_path
):
    ok(campaign("decide", "v0", "v1", "--approve", "--as", "Ann"))
    file = campaign.root / "videos" / "v0.json"
    sha256 = json.loads(file.read_text())["file"]["sha256"]
    assert {each["verdict"] for each in status(campaign).values()} == {"approved"}
    rows = tmp_path / "decisions.csv"
    rows.write_text(
        "video_id,action,file_sha256,text\n"
        f"v0,reject,{sha256},\n"
        f"v7,approve,{sha256},\n"
        f"v0,approve,{'0' * 64},\n"
    )

    refused = campaign("decide", rows, "--as", "Bo")

    assert refused.returncode == 2
    assert "decisions.csv:2: text: reject needs the reason" in refused.stderr
    assert 'decisions.csv:3: video_id "v7": the campaign has no such video' in refused.stderr
    assert status(campaign)["v0"]["decided_by"] == "Ann"

    rows.write_text(f"video_id,action,file_sha256\nv0,approve,{'0' * 64}\n")
    told = ok(campaign("decide", rows, "--as", "Bo"))

    assert "v0: rendered again since" in told
    assert status(campaign)["v0"]["decided_by"] == "Ann"
    ok(campaign("decide", "v0", "--withdraw", "--as", "Ann"))
    ok(campaign("decide", "--approve-rest", "--watched", "v1", "--as", "Cy"))
    assert status(campaign)["v0"]["decided_why"] == "sampled: 1 watched (v1)"


def test_what_is_approved_is_delivered_and_withdrawn_when_the_decision_is(campaign):
    place = campaign.root / "delivery"
    rows = campaign.root / "rows.json"
    told = json.loads(rows.read_text())
    of_then = {name: told[name] for name in ("columns", "facts", "rows")}
    rows.write_text(json.dumps(of_then))
    ok(campaign("decide", "v0", "--approve", "--as", "Ann"))
    assert not place.exists(), "an earlier release began this campaign, and nobody asked"
    rows.write_text(json.dumps(of_then | {"has_delivery": told["has_delivery"]}))
    ok(campaign("decide", "v0", "--approve", "--as", "Bo"))
    assert (place / "v0.mp4").exists(), "a campaign of this release needs no asking"
    refused = campaign("deliver", "--name", "{engine}")
    assert refused.returncode == 2
    assert "v1 would have the same file name as v0" in refused.stderr
    assert (place / "v0.mp4").exists()

    ok(campaign("deliver", "--name", "{video_id}_{language}"))

    assert sorted(each.name for each in place.iterdir()) == [
        "index.csv",
        "v0_en.mp4",
        "v0_en.srt",
        "v0_en.vtt",
    ]
    ok(campaign("decide", "v1", "--approve", "--as", "Bo"))
    assert (place / "v1_en.mp4").read_bytes() == (campaign.root / "videos/v1.mp4").read_bytes()
    told = ok(campaign("decide", "v0", "--reject", "too fast", "--as", "Ann"))
    assert "withdrawn: v0_en.mp4" in told
    assert sorted(each.suffix for each in place.glob("v*")) == [".mp4", ".srt", ".vtt"]
    ok(campaign("deliver", "--release", "unheld"))
    assert not (place / "v0_en.mp4").exists()


def test_the_report_tells_what_was_decided_and_a_client_gets_a_page_of_it(campaign, tmp_path):
    ok(campaign("decide", "v0", "--approve", "--as", "Ann"))

    page = campaign.root / "report" / "index.html"
    assert ok(campaign("report")).strip() == str(page)

    assert 'data-verdict="approved"' in page.read_text("utf-8")
    assert len(list((campaign.root / "report" / "posters").glob("v?-*.jpg"))) == 2
    file = tmp_path / "client.zip"
    assert "1 video, " in ok(campaign("report", "--share", file, "--only", "approved"))
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        videos = [name for name in archive.namelist() if name.startswith("videos/")]
    assert videos == ["videos/v0.mp4"]
    again = campaign("report", "--share", file)
    assert again.returncode == 2
    assert "exists already" in again.stderr
    none = campaign("report", "--share", tmp_path / "none.zip", "--only", "held")
    assert none.returncode == 2
    assert "has no held video to share" in none.stderr


def test_decisions_that_are_gone_withdraw_nothing_and_are_named(campaign):
    ok(campaign("decide", "v0", "--approve", "--as", "Ann"))
    ok(campaign("decide", "v1", "--reject", "too fast", "--as", "Bo"))
    journal = campaign.root / "decisions.jsonl"
    whole = journal.read_bytes()
    for left in (b"", whole.splitlines(keepends=True)[0]):
        journal.write_bytes(left)

        refused = campaign("render")

        assert refused.returncode == 2, refused.stdout + refused.stderr
        told = refused.stderr.replace("\n", " ")
        assert "decisions.jsonl lacks decisions that were there: " in told
        assert ("v0 (approve by Ann, " in told) == (not left)
        assert "v1 (reject by Bo, " in told
        assert (campaign.root / "delivery" / "v0.mp4").exists(), "withdrawn for a lost decision"

    journal.unlink()
    campaign("decide", "v1", "--withdraw", "--as", "Bo")
    ok(campaign("decide", "v0", "--approve", "--as", "Ann"))
    ok(campaign("render"))
    assert (campaign.root / "delivery" / "v0.mp4").exists()


def test_a_delivery_of_an_earlier_release_withdraws_nothing_for_want_of_a_journal(campaign):
    ok(campaign("decide", "v0", "--approve", "--as", "Ann"))
    record = campaign.root / "delivery.json"
    kept = {k: v for k, v in json.loads(record.read_text()).items() if k in ("release", "name")}
    files = json.loads(record.read_text())["files"]
    record.write_text(json.dumps({**kept, "files": files}))
    (campaign.root / "decisions.jsonl").unlink()

    refused = campaign("render")

    assert refused.returncode == 2, refused.stdout + refused.stderr
    assert "decisions.jsonl lacks decisions that were there: v0 (approve)" in (
        refused.stderr.replace("\n", " ")
    )
    ok(campaign("decide", "v0", "--approve", "--as", "Ann"))
    ok(campaign("render"))
    assert (campaign.root / "delivery" / "v0.mp4").exists()
