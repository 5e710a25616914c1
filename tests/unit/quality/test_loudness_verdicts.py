"""What `nightshoot judge` says of the sound of a video. No ffmpeg."""

import io
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

from flows.cli.judge import judgement_table, known_seams
from tasks.media.sound import Heard
from tasks.quality.findings import JudgeLimits, loudness_findings
from tasks.quality.judgement import VideoJudgement
from tasks.quality.looks.faults import Fault
from tasks.records import FileEntry, SoundLoudness, VideoReceipt
from tasks.store.campaign_folder import CampaignFolder
from tasks.store.entries import entry_of

LIMITS = JudgeLimits(loudness_lufs=-16)


@pytest.mark.parametrize(
    ("heard", "speech_s", "told"),
    [
        (Heard(-16.0, -1.5), 10.0, []),
        (Heard(-17.0, -3.0), 10.0, []),
        (
            Heard(-26.0, -8.0),
            10.0,
            [
                "the sound has -26.0 LUFS, 10.0 quieter than -16; at most 1 LU pass: render its "
                "row with --loudness -16, which delivers it again"
            ],
        ),
        (
            Heard(-13.9, -1.4),
            10.0,
            [
                "the sound has -13.9 LUFS, 2.1 louder than -16; at most 1 LU pass: render its row "
                "with --loudness -16, which delivers it again",
                "the sound's peaks reach -1.4 dBTP, at most -1.5 pass; players may distort them",
            ],
        ),
        (Heard(-26.0, -8.0), 2.9, []),
        (None, 0.0, []),
    ],
)
def test_a_sound_beyond_its_limits_is_a_warning_with_its_figures(heard, speech_s, told):
    assert list(loudness_findings(heard, speech_s, LIMITS)) == [("warn", text) for text in told]


def test_where_no_loudness_was_wanted_any_passes_but_not_any_peak():
    limits = JudgeLimits(loudness_lufs=None)
    assert list(loudness_findings(Heard(-26.0, -8.0), 10.0, limits)) == []
    assert len(list(loudness_findings(Heard(-26.0, 0.2), 10.0, limits))) == 1


def receipt(loudness: SoundLoudness | None) -> VideoReceipt:
    return VideoReceipt(
        video_id="ann",
        plan_sha256="p",
        segment_keys=(),
        file=FileEntry(name="ann.mp4", sha256="", num_bytes=0),
        captions=(),
        num_frames=12,
        duration_s=0.48,
        checks={},
        loudness=loudness,
    )


@pytest.mark.parametrize(
    ("target", "judged_by"), [(-23, -23), (-14, -14), (None, None), ("no figures", -16)]
)
def test_a_campaigns_video_is_judged_by_the_loudness_it_was_delivered_at(
    tmp_path, target, judged_by
):
    folder = CampaignFolder(tmp_path)
    folder.videos.mkdir()
    folder.video_path("ann").write_bytes(b"film")
    told = None
    if target != "no figures":
        told = SoundLoudness(
            target_lufs=target,
            integrated_lufs=-20,
            true_peak_dbtp=-2,
            gain_db=0,
            is_limited=False,
        )
    folder.commit_video(receipt(told).model_copy(update={"file": entry(folder)}))
    assert known_seams(folder.video_path("ann")).loudness_lufs == judged_by
    assert known_seams(Path("elsewhere.mp4")).loudness_lufs == -16


def entry(folder: CampaignFolder) -> FileEntry:
    return entry_of(folder.video_path("ann"))


def test_the_table_shows_loudness_and_peak():
    judged = VideoJudgement(
        path=Path("a.mp4"),
        verdict="pass",
        num_frames=25,
        duration_s=1,
        speech_s=1,
        seen=1,
        lip_sync=None,
        identity=None,
        integrated_lufs=-16.2,
        true_peak_dbtp=-1.9,
    )
    console = Console(width=160, record=True, file=io.StringIO())
    console.print(judgement_table([judged]))
    text = console.export_text()
    verdict, empty, header, figures = text.splitlines()[1:5]
    assert (verdict.split(), empty.strip()) == (["a.mp4", "pass"], "")
    assert "LUFS" in header
    assert figures.split()[-2:] == ["-16.2", "-1.9"]


def test_a_fault_is_told_with_its_second_before_other_reasons():
    fault = Fault(name="faces", second=64.5, value=1, limit=0, words="a second face")
    judged = VideoJudgement(
        path=Path("a.mp4"),
        verdict="fail",
        reasons=("a second face, from 64.5 s on", "the video has no sound"),
        num_frames=25,
        duration_s=1,
        speech_s=1,
        seen=1,
        lip_sync=None,
        identity=None,
        faults=(fault,),
    )
    console = Console(width=160, record=True, file=io.StringIO())
    console.print(judgement_table([judged]))
    lines = [line.split() for line in console.export_text().splitlines()]
    assert lines[1] == ["a.mp4", "fail", "1:04", "a", "second", "face"]
    assert lines[2] == ["the", "video", "has", "no", "sound"]


def test_every_column_is_explained_with_its_limits():
    _, _, table, _, legend = judgement_table([]).renderables
    assert isinstance(table, Table)
    assert isinstance(legend, Table)
    names = [str(column.header) for column in table.columns]
    told = dict(zip(*(column.cells for column in legend.columns), strict=True))
    assert names[1:] == list(told)[:-1], "all but the video"
    assert "passes from 4, fails below 2.5" in str(told["z"])
    assert "at most 80 either way" in str(told["lag ms"])
    assert "in decibels; at most -1.5" in str(told["dBTP"])
