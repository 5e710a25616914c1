"""`decisions.csv`: what a page exports comes back, and every fault is told in one go."""

from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pytest

from tasks.review.decision import fresh_seed
from tasks.review.decisions_file import DecisionsError, KnownVideo, WishReader, read_wishes

FILE, PLAN = "a" * 64, "c" * 64
NOW = datetime(2026, 11, 29, 9, tzinfo=UTC)
KNOWN = {
    "v0": KnownVideo(FILE, is_finished=True, num_segments=3, comments=frozenset({"c1"})),
    "v1": KnownVideo(PLAN, is_finished=False, num_segments=1),
}


def read(path: Path, text: str, by: str | None = "Ann"):
    file = path / "decisions.csv"
    file.write_text(text, "utf-8")
    reader = WishReader(path, KNOWN, by, NOW)
    return reader.read(read_wishes(file)), reader.faults


def test_a_page_comes_back(tmp_path):
    text = (
        "video_id,action,file_sha256,second,segment,text,sample,by,at\n"
        f"v0,approve,{FILE},,,,v0 v1,,2026-11-29T08:30:00.123Z\n"
        f"v0,comment,{FILE},0:14.5,,'=dark,,,\n"
        f"v0,seed,{FILE},,2,,,,\n"
        f"v0,resolve,{FILE},,,c1,,,\n"
        f'v0,script,{FILE},,,"New text.",,,\n'
        f"v1,drop,{PLAN},,,,,,\n"
    )

    found, faults = read(tmp_path, text)

    assert faults == []
    assert [each.action for each in found] == [
        "approve",
        "comment",
        "seed",
        "resolve",
        "script",
        "drop",
    ]
    approve, comment, seed = found[:3]
    assert (approve.by, approve.at) == ("Ann", "2026-11-29T08:30:00.123+00:00")
    assert approve.sample == ("v0", "v1")
    assert (comment.second, comment.text, comment.at) == (
        14.5,
        "=dark",
        "2026-11-29T09:00:00.000+00:00",
    )
    assert (seed.segment, seed.text) == (2, str(fresh_seed(FILE, 2)))


def test_every_fault_is_told(tmp_path):
    text = (
        "video_id,action,file_sha256,second,segment,text,at\n"
        f"nobody,approve,{FILE},,,,\n"
        f"v0,aprove,{FILE},,,,\n"
        "v0,approve,123,,,,\n"
        f"v0,reject,{FILE},,,,\n"
        f"v0,seed,{FILE},,4,-1,\n"
        f"v0,comment,{FILE},soon,,hm,tomorrow\n"
        f"v0,comment,{FILE},,,hm,2027-01-01T00:00:00Z\n"
        f"v1,approve,{PLAN},,,,\n"
        f"v0,resolve,{FILE},,,c9,\n"
        f"v0,portrait,{FILE},,,nowhere.png,\n"
        f"v0,script,{FILE},,,[insert name],\n"
    )

    found, faults = read(tmp_path, text)

    assert found == []
    assert [(each.line, each.column) for each in faults] == [
        (2, "video_id"),
        (3, "action"),
        (4, "file_sha256"),
        (5, "text"),
        (6, "text"),
        (6, "segment"),
        (7, "at"),
        (8, "at"),
        (9, "video_id"),
        (10, "text"),
        (11, "text"),
        (12, "text"),
    ]


def test_a_client_speaks_under_the_name_that_was_given(tmp_path):
    text = f"video_id,action,file_sha256,by\nv0,approve,{FILE},Ann\nv0,approve,{FILE},\n"

    named, _ = read(tmp_path, text, "Client")
    own, faults = read(tmp_path, text, None)

    assert [each.by for each in named] == ["Client (Ann)", "Client"]
    assert [each.by for each in own] == ["Ann"]
    assert [(each.line, each.column) for each in faults] == [(3, "by")]


def test_a_decision_about_an_earlier_file_is_read(tmp_path):
    found, faults = read(tmp_path, f"video_id,action,file_sha256\nv1,approve,{'d' * 64}\n")

    assert faults == []
    assert found[0].looked_at == "d" * 64


def test_a_picture_is_looked_for_beside_the_file(tmp_path):
    assert cv2.imwrite(str(tmp_path / "new.png"), np.zeros((64, 64, 3), np.uint8))
    text = f"video_id,action,file_sha256,text\nv0,portrait,{FILE},new.png\n"

    found, faults = read(tmp_path, text)

    assert faults == []
    assert found[0].text == "new.png"


def test_another_table_is_refused(tmp_path):
    with pytest.raises(DecisionsError) as refused:
        read(tmp_path, "video_id,script\nv0,Hello\n")

    assert "action is missing" in str(refused.value)
    assert 'header "script": unknown column' in str(refused.value)
