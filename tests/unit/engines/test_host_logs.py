"""What is kept of the logs of an engine's processes."""

from pathlib import Path

from tasks.engines.host_logs import keep_segment_log, lines_of_segment, logs_of, segment_log_name
from tasks.store.campaign_folder import CampaignFolder

KEY, OTHER = "ab" * 32, "cd" * 32
LOG = f"""12:00 - nightshoot.host engine ready
12:01 {OTHER[:8]} nightshoot.host segment {OTHER} begins: 48 frames
12:02 {OTHER[:8]} nightshoot.host segment {OTHER} ends
12:03 {KEY[:8]} nightshoot.host segment {KEY} begins: 48 frames
12:04 NCCL WARN something
"""


def test_lines_begin_with_the_segment():
    assert lines_of_segment(LOG, KEY) == LOG.splitlines()[3:]
    assert lines_of_segment(LOG, KEY, most=1) == ["12:04 NCCL WARN something"]
    assert lines_of_segment(LOG, "ef" * 32) == LOG.splitlines()
    of_rank = f"12:03 - loaded\n12:04 {KEY[:8]} reset\nTraceback"
    assert lines_of_segment(of_rank, KEY) == [f"12:04 {KEY[:8]} reset", "Traceback"]


def test_the_logs_of_all_ranks_are_kept_in_order(tmp_path: Path):
    log = tmp_path / "host-x-1.log"
    for name in ("host-x-1.rank10.log", "host-x-1.rank2.log", "host-x-11.log", "host-x-1.log"):
        (tmp_path / name).write_text(LOG)
    assert [path.name for path in logs_of(log)] == [
        "host-x-1.log",
        "host-x-1.rank2.log",
        "host-x-1.rank10.log",
    ]
    folder = CampaignFolder(tmp_path / "campaign")

    keep_segment_log(folder, log, KEY, 2, "the host was lost")

    kept = (folder.root / segment_log_name(KEY, 2)).read_text()
    assert kept.startswith(f"segment {KEY}, try 2: the host was lost\n\n--- host-x-1.log\n12:03")
    assert kept.count("NCCL WARN") == 3


def test_a_host_that_tells_of_no_log_is_told_so(tmp_path: Path):
    folder = CampaignFolder(tmp_path)
    keep_segment_log(folder, None, KEY, 1, "lost")
    assert "has no log here" in (folder.root / segment_log_name(KEY, 1)).read_text()
