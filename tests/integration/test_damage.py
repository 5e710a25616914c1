"""Whatever is done to a store: the same command heals it within two runs, or names what it met.

Each case harms a copy of a finished campaign. After at most two runs of the same command the
videos are those that were, byte for byte; where a later release wrote the store, it is refused
and left as it is. A few cases run always, all of them in ``make test-all``.
"""

import json
import os
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tasks.canonical_json import canonical_sha256
from tests.integration.campaigns import Finished, video_digests
from tests.integration.test_layouts_campaign import branded

pytestmark = pytest.mark.integration

Harm = Callable[[Path], None]


def one(root: Path, pattern: str) -> Path:
    """The file of the first video, or the first one that matches."""
    return sorted(root.glob(pattern))[0]


def remove(*patterns: str) -> Harm:
    def harm(root: Path) -> None:
        for pattern in patterns:
            for path in list(root.glob(pattern)):
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    return harm


def write(pattern: str, data: bytes) -> Harm:
    return lambda root: one(root, pattern).write_bytes(data)


def flip(pattern: str, share: float = 0.5) -> Harm:
    """One bit of one byte."""

    def harm(root: Path) -> None:
        path = one(root, pattern)
        data = bytearray(path.read_bytes())
        data[int(len(data) * share)] ^= 4
        path.write_bytes(data)

    return harm


def cut(pattern: str) -> Harm:
    def harm(root: Path) -> None:
        path = one(root, pattern)
        os.truncate(path, path.stat().st_size // 2)

    return harm


def edit(pattern: str, change: Callable[[dict[str, Any]], None], *, digest: str = "stale") -> Harm:
    """Change fields of a record.

    Args:
        pattern: of its name.
        change: of its fields.
        digest: "stale": as it was; "new": right again; "none": as releases before wrote it.
    """

    def harm(root: Path) -> None:
        path = one(root, pattern)
        fields = json.loads(path.read_text())
        change(fields)
        if digest == "none":
            fields = {k: v for k, v in fields.items() if k not in ("schema", "digest")}
        if digest == "new":
            del fields["digest"]
            fields["digest"] = canonical_sha256(fields)
        path.write_text(json.dumps(fields))

    return harm


def put(*names: object, value: object) -> Callable[[dict[str, Any]], None]:
    """Set one value deep inside."""

    def change(fields: Any) -> None:
        *path, last = names
        for name in path:
            fields = fields[name]
        fields[last] = value

    return change


def swap(pattern: str) -> Harm:
    def harm(root: Path) -> None:
        first, second, *_ = sorted(root.glob(pattern))
        one_record, other = first.read_bytes(), second.read_bytes()
        first.write_bytes(other)
        second.write_bytes(one_record)

    return harm


def both(*harms: Harm) -> Harm:
    def harm(root: Path) -> None:
        for each in harms:
            each(root)

    return harm


@dataclass(frozen=True)
class Case:
    """A harm, and what becomes of it.

    Attributes:
        name: of the test.
        harm: done to a finished campaign.
        is_refused: nothing is rendered and the file is named; otherwise all is healed.
        always: in ``make test`` too.
    """

    name: str
    harm: Harm
    is_refused: bool = False
    always: bool = False


GONE = remove("videos")
ALL = remove("videos", "segments")
PLAN, SEGMENT, SPEECH = "plans/v0.json", "segments/*/*.json", "speech/*.json"
VIDEO, FAILURE = "videos/v0.json", "failures/v0.json"
SEED = put("plan", "seed", value=8)


def write_new(name: str, data: bytes) -> Harm:
    def harm(root: Path) -> None:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)

    return harm


CASES = [
    Case("plan-seed", both(edit(PLAN, SEED), ALL)),
    Case("plan-seed-without-digest", both(edit(PLAN, SEED, digest="none"), ALL), always=True),
    Case(
        "plan-size-without-digest",
        both(edit(PLAN, put("plan", "width", value=112), digest="none"), ALL),
    ),
    Case(
        "plan-key-without-digest",
        both(edit(PLAN, put("plan", "segments", 0, "key", value="ab" * 32), digest="none"), ALL),
    ),
    Case(
        "plan-frames-without-digest",
        both(edit(PLAN, put("plan", "num_frames", value=12), digest="none"), ALL),
    ),
    Case(
        "plan-title-without-digest",
        both(edit(PLAN, put("plan", "title", value="x"), digest="none"), GONE),
    ),
    Case("plan-flipped", both(flip(PLAN), GONE)),
    Case("plan-cut", both(cut(PLAN), GONE)),
    Case("plan-zeros", both(write(PLAN, b"\0" * 512), GONE)),
    Case("plan-of-another", both(swap("plans/*.json"), GONE)),
    Case("plan-removed", both(remove(PLAN), GONE)),
    Case("plan-unknown-field", both(edit(PLAN, put("mood", value=1), digest="new"), GONE)),
    Case(
        "plan-later", both(edit(PLAN, put("schema", value=2), digest="new"), GONE), is_refused=True
    ),
    Case("segment-handoff", both(edit(SEGMENT, put("handoff_sha256", value="0" * 64)), GONE)),
    Case(
        "segment-handoff-without-digest",
        both(
            lambda root: edit(
                f"segments/*/{first_key(root)}.json",
                put("handoff_sha256", value="0" * 64),
                digest="none",
            )(root),
            GONE,
        ),
        always=True,
    ),
    Case(
        "segment-packet-without-digest",
        both(edit(SEGMENT, put("media", "packet_md5s", 0, value="0" * 32), digest="none"), GONE),
    ),
    Case(
        "segment-frames-without-digest",
        both(edit(SEGMENT, put("media", "num_frames", value=7), digest="none"), GONE),
    ),
    Case(
        "segment-configuration-without-digest",
        both(edit(SEGMENT, put("media", "extradata_sha256", value="0" * 64), digest="none"), GONE),
    ),
    Case("segment-receipts-swapped", both(swap(SEGMENT), GONE)),
    Case("segment-receipt-flipped", both(flip(SEGMENT), GONE)),
    Case("segment-receipt-cut", both(cut(SEGMENT), GONE)),
    Case("segment-receipt-empty", both(write(SEGMENT, b""), GONE)),
    Case("segment-receipt-deep", both(write(SEGMENT, b'{"a":' + b"[" * 100_000), GONE)),
    Case("segment-receipt-removed", both(remove(SEGMENT), GONE)),
    Case(
        "segment-of-another-folder",
        both(edit(SEGMENT, put("video", "name", value="../../campaign.json"), digest="new"), GONE),
    ),
    Case(
        "segment-unknown-field",
        both(edit(SEGMENT, put("mood", value=1), digest="new"), GONE),
    ),
    Case(
        "segment-later",
        both(edit(SEGMENT, put("schema", value=2), digest="new"), GONE),
        is_refused=True,
        always=True,
    ),
    Case("segment-video-flipped", both(flip("segments/*/*.mp4"), GONE)),
    Case("segment-video-cut", both(cut("segments/*/*.mp4"), GONE)),
    Case("segment-video-removed", both(remove("segments/*/*.mp4"), GONE)),
    Case("segment-frame-flipped", both(flip("segments/*/*.png"), GONE)),
    Case("segment-state-flipped", both(flip("segments/*/*.safetensors"), GONE)),
    Case("speech-flipped", both(flip("speech/*.wav"), ALL)),
    Case("speech-cut", both(cut("speech/*.16k.wav"), GONE)),
    Case("speech-removed", both(remove("speech"), GONE)),
    Case("speech-receipt-flipped", both(flip(SPEECH), GONE)),
    Case("speech-receipts-swapped", both(swap(SPEECH), GONE)),
    Case("speech-cue", both(edit(SPEECH, put("cues", 0, "text", value="Buy!")), GONE)),
    Case(
        "speech-cue-without-digest",
        both(edit(SPEECH, put("cues", 0, "text", value="Buy!"), digest="none"), GONE),
    ),
    Case(
        "speech-later",
        both(edit(SPEECH, put("schema", value=2), digest="new"), GONE),
        is_refused=True,
    ),
    Case("portrait-flipped", both(flip("portraits/*"), ALL)),
    Case("portrait-cut", both(cut("portraits/*"), ALL)),
    Case("portrait-removed", both(remove("portraits/*"), ALL)),
    Case("failure-cut", both(write_new(FAILURE, b'{"video_id": "on'), GONE)),
    Case("failure-of-nothing", both(write_new(FAILURE, b""), GONE)),
    Case("rows-garbage", both(write("rows.json", b"garbage"), GONE)),
    Case("campaign-garbage", both(write("campaign.json", b"garbage"), GONE)),
    Case("lock-garbage", both(write("lock.json", b"\xff garbage"), GONE)),
    Case("video-receipt-flipped", flip(VIDEO)),
    Case("video-receipts-swapped", swap("videos/*.json"), always=True),
    Case("video-receipt-deep", write(VIDEO, b'{"a":' + b"[" * 100_000)),
    Case("video-later", edit(VIDEO, put("schema", value=2), digest="new"), is_refused=True),
    Case("video-flipped", flip("videos/v0.mp4")),
    Case("video-removed", remove("videos/v0.mp4")),
    Case("captions-flipped", flip("videos/v0.srt")),
    Case("sheet-garbage", write("report/sheets/*.jpg", b"garbage")),
    Case("report-garbage", write("report/index.html", b"\xff")),
]


def first_key(root: Path) -> str:
    """Of the first segment of the first video: the one whose handoff the second needs."""
    segments = json.loads((root / PLAN).read_text())["plan"]["segments"]
    second = segments[1]["key"]
    remove(f"segments/*/{second}*")(root)
    return segments[0]["key"]


def records(root: Path) -> dict[str, bytes]:
    folders = ("plans", "segments", "speech", "videos", "portraits")
    paths = (path for folder in folders for path in sorted((root / folder).rglob("*")))
    return {str(path.relative_to(root)): path.read_bytes() for path in paths if path.is_file()}


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(each, id=each.name, marks=() if each.always else pytest.mark.sweep)
        for each in CASES
    ],
)
def test_a_harmed_store_is_healed_by_the_same_command_or_refused_by_name(
    case: Case, finished, tmp_path, nightshoot
):
    manifest, root = finished.copied_to(tmp_path), tmp_path / "campaign"
    case.harm(root)
    before = records(root)

    first = nightshoot("render", manifest, "--out", tmp_path)
    second = first
    if first.returncode or case.is_refused:
        second = nightshoot("render", manifest, "--out", tmp_path)

    said = first.stdout + first.stderr + second.stdout + second.stderr
    assert "Traceback" not in said, said
    if case.is_refused:
        assert second.returncode != 0, said
        assert "later release of Nightshoot (schema 2" in said
        after = records(root)
        assert {name: after.get(name) for name in before} == before, "what is not known was changed"
        return
    assert second.returncode == 0, said
    assert video_digests(root) == video_digests(finished.root)


def test_a_deep_check_names_what_was_changed_and_the_next_run_makes_it_again(
    finished, tmp_path, nightshoot
):
    manifest, root = finished.copied_to(tmp_path), tmp_path / "campaign"
    remove("videos/v0.*")(root)
    harmed = {
        "plans/v0.json": edit(PLAN, SEED, digest="none"),
        "plans/v1.json": flip("plans/v1.json"),
        one(root, SEGMENT).relative_to(root).as_posix(): edit(SEGMENT, put("attempts", value=9)),
        one(root, SPEECH).relative_to(root).as_posix(): edit(SPEECH, put("voice", value="x")),
        "failures/v0.json": write_new(FAILURE, b"{"),
    }
    for harm in harmed.values():
        harm(root)

    found = nightshoot("sweep", "campaign", "--out", tmp_path, "--verify")

    for name in harmed:
        assert name in found.stdout.replace("\n", ""), (name, found.stdout)
    done = nightshoot("render", manifest, "--out", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert video_digests(root) == video_digests(finished.root)
    again = nightshoot("sweep", "campaign", "--out", tmp_path, "--verify")
    assert "no damaged files found" in again.stdout


@pytest.fixture(scope="module")
def films(nightshoot_command, tmp_path_factory) -> Finished:
    """A finished campaign of one video with a film that has a layout, burned captions and files."""
    folder = tmp_path_factory.mktemp("films")
    manifest = branded(folder / "in")
    done = nightshoot_command("render", manifest, "--out", folder, "--captions", "both")
    assert done.returncode == 0, done.stdout + done.stderr
    return Finished(manifest, folder / "campaign")


def test_films_and_all_that_they_are_made_with_are_healed_by_the_same_command(
    films, nightshoot, tmp_path
):
    manifest, root = films.copied_to(tmp_path), tmp_path / "campaign"
    command = ("render", manifest, "--out", tmp_path, "--captions", "both")
    # a receipt that is damaged, the rest whole: the campaign was refused for ever
    flip("deliverables/*/*.json")(root)

    again = nightshoot(*command)

    assert again.returncode == 0, again.stdout + again.stderr
    assert film_files(root) == film_files(films.root)
    for harm in (flip("screens/*"), remove("deliverables"), flip("portraits/*")):
        harm(root)

    again = nightshoot(*command)

    assert again.returncode == 0, again.stdout + again.stderr
    assert film_files(root) == film_files(films.root)
    assert "drawing it again: screens/" in again.stdout


def test_a_film_whose_speech_is_lost_too_is_made_with_one_that_is_spoken_again(
    films, nightshoot, tmp_path
):
    manifest, root = films.copied_to(tmp_path), tmp_path / "campaign"
    # the master is whole, so nobody looked at its speech: each run failed for want of it
    for harm in (remove("deliverables"), write("speech/*.16k.wav", b"")):
        harm(root)

    again = nightshoot("render", manifest, "--out", tmp_path, "--captions", "both")

    assert again.returncode == 0, again.stdout + again.stderr
    assert "its speech is missing from the store, or damaged" in again.stdout.replace("\n", " ")
    assert film_files(root) == film_files(films.root)
    assert video_digests(root) == video_digests(films.root)
    assert "0 segments rendered" in again.stdout


@pytest.mark.parametrize(
    "seed",
    [
        *(pytest.param(each, marks=pytest.mark.sweep) for each in (0, 1)),
        *(pytest.param(each, marks=pytest.mark.faults) for each in range(2, 60)),
    ],
)
def test_any_changed_bytes_of_a_film_and_its_materials_end_in_the_same_film(
    seed, films, nightshoot, tmp_path
):
    manifest, root = films.copied_to(tmp_path), tmp_path / "campaign"
    draw = random.Random(seed)
    rooms = ("deliverables", "screens", "plans", "videos", "portraits")
    names = sorted(str(each.relative_to(root)) for room in rooms for each in files_in(root / room))
    told: list[str] = []
    for name in draw.sample(names, 3):
        data = bytearray((root / name).read_bytes())
        where = draw.randrange(len(data))
        data[where] ^= 1 << draw.randrange(8)
        (root / name).write_bytes(data)
        told.append(f"byte {where} of {name}")

    done = nightshoot("render", manifest, "--out", tmp_path, "--captions", "both")

    assert done.returncode == 0, (told, done.stdout + done.stderr)
    assert film_files(root) == film_files(films.root), told
    assert video_digests(root) == video_digests(films.root), told


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def film_files(root: Path) -> dict[str, bytes]:
    """Every file of a film but its receipt, which tells how long it took."""
    found = (path for path in sorted(root.glob("deliverables/*/*")) if path.suffix != ".json")
    return {path.name: path.read_bytes() for path in found}


@pytest.mark.parametrize(
    "seed",
    [
        *(pytest.param(each, marks=pytest.mark.sweep) for each in (0, 1)),
        *(pytest.param(each, marks=pytest.mark.faults) for each in range(2, 60)),
    ],
)
def test_any_changed_byte_of_any_file_ends_in_the_same_videos(seed, finished, tmp_path, nightshoot):
    manifest, root = finished.copied_to(tmp_path), tmp_path / "campaign"
    draw = random.Random(seed)
    path = root / draw.choice(sorted(records(root)))
    data = bytearray(path.read_bytes())
    where = draw.randrange(len(data))
    data[where] ^= 1 << draw.randrange(8)
    path.write_bytes(data)
    told = f"byte {where} of {path.relative_to(root)}"

    done = nightshoot("render", manifest, "--out", tmp_path)

    assert done.returncode == 0, (told, done.stdout + done.stderr)
    assert video_digests(root) == video_digests(finished.root), told
