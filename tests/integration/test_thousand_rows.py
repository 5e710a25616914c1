"""A personal campaign of many rows: killed and resumed, one value changed, a language added."""

import csv
import json
import signal
from itertools import islice, product
from pathlib import Path

import pytest

from tests.integration.campaigns import receipts, video_digests, write_portrait
from tests.integration.servers import wait_until

pytestmark = pytest.mark.integration

COLUMNS = ["video_id", "script_en", "script_zh", "portrait", "engine", "size", "preset", "name"]
SOUNDS = ("an", "bel", "cor", "dan", "el", "fin", "gar", "hol", "ir", "jon")
A_WHILE_S = 3600.0


def names(count: int) -> list[str]:
    """Names that can be said, all of them different."""
    syllables = product(SOUNDS, repeat=3)
    return ["".join(each).capitalize() for each in islice(syllables, count)]


def write(path: Path, people: list[str], *, chinese_every: int = 0) -> None:
    """A row for everybody; each so-manieth is in a second language too, 0: none."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for number, name in enumerate(people):
            chinese = "您好，欢迎。" if chinese_every and number % chinese_every == 0 else ""
            fixed = ("Hello {{name}}.", chinese, "face.png", "null", "96x64", "quick")
            writer.writerow([f"row-{number}", *fixed, name])


def rendered(done) -> dict[str, int]:
    """How many segments a run rendered, by video; those of which it rendered none are left out."""
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    outcomes = json.loads(done.stdout)
    assert {each["status"] for each in outcomes} == {"done"}
    counts = {each["video_id"]: each["num_segments_rendered"] for each in outcomes}
    return {video_id: count for video_id, count in counts.items() if count}


@pytest.mark.parametrize(
    ("count", "every"), [(8, 4), pytest.param(1000, 20, marks=pytest.mark.sweep)]
)
@pytest.mark.sweep
def test_a_personal_campaign_renders_what_is_missing_and_what_a_change_touches(
    count, every, start_nightshoot, nightshoot, tmp_path
):
    (tmp_path / "in").mkdir()
    write_portrait(tmp_path / "in" / "face.png")
    manifest, root = tmp_path / "in" / "june.csv", tmp_path / "june"
    people = names(count)
    write(manifest, people)
    render = ("render", manifest, "--out", tmp_path, "--json")

    run = start_nightshoot(render, tmp_path / "log")
    finished = root / "videos"
    third = count // 3
    wait_until(
        lambda: len(list(finished.glob("*.json"))) >= third, A_WHILE_S, "a third", every_s=0.02
    )
    run.send_signal(signal.SIGKILL)
    run.wait(60)
    kept, videos = receipts(root), video_digests(root)
    whole = {path.stem for path in finished.glob("*.json")}
    assert third <= len(whole) < count

    resumed = rendered(nightshoot(*render, timeout_s=A_WHILE_S))

    now = receipts(root)
    assert {key: now[key] for key in kept} == kept
    assert sum(resumed.values()) == len(now) - len(kept), "no segment was rendered twice"
    assert not whole & resumed.keys()
    digests = video_digests(root)
    assert {name: digests[name] for name in videos if Path(name).stem in whole} == {
        name: digest for name, digest in videos.items() if Path(name).stem in whole
    }
    assert len(list(finished.glob("*.mp4"))) == count

    changed = list(people)
    changed[7] = "Somebody else"
    write(manifest, changed)
    touched = rendered(nightshoot(*render, timeout_s=A_WHILE_S))
    assert touched.keys() == {"row-7--en"}
    after = video_digests(root)
    assert {name for name in after if after[name] != digests[name]} == {
        f"row-7--en.{suffix}" for suffix in ("mp4", "srt", "vtt")
    }

    write(manifest, changed, chinese_every=every)
    added = rendered(nightshoot(*render, timeout_s=A_WHILE_S))
    chinese = {f"row-{number}--zh" for number in range(0, count, every)}
    assert {path.stem for path in finished.glob("*.json")} == {
        *(f"row-{number}--en" for number in range(count)),
        *chinese,
    }
    # they say the same, so one of them renders what all of them show
    assert added.keys() <= chinese
    assert sum(added.values()) == len(receipts(root)) - len(now) - sum(touched.values())
    last = video_digests(root)
    assert {name: last[name] for name in after} == after
