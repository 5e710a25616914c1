"""A film with intro and outro, killed while any part of it is made, ends as the same bytes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tasks.deliver_records import DeliverRequest
from tasks.deliverables.clips import MATERIALS
from tasks.deliverables.deliverable import make_deliverable
from tasks.deliverables.store import files_of, find_deliverable, keep_material
from tasks.store.campaign_folder import CampaignFolder
from tests.media.test_deliverables_media import PLAN, SHAPES, make_master
from tests.media.test_intro_outro_media import halves, tone, write_clip

pytestmark = pytest.mark.media

SIZE = (270, 480)
MAKE = """
import sys
from pathlib import Path

from tasks.deliver_records import DeliverRequest
from tasks.deliverables.deliverable import make_deliverable
from tasks.records import EncodeProfile, VideoPlan, VideoReceipt
from tasks.store.campaign_folder import CampaignFolder

folder, receipt = Path(sys.argv[1]), VideoReceipt.model_validate_json(sys.argv[2])
request = DeliverRequest.model_validate_json(sys.argv[3])
plan = VideoPlan.model_construct(video_id="intro", encode=EncodeProfile(), fps=25)
print("begun", flush=True)
make_deliverable(request.sizes[0], request, plan, receipt, CampaignFolder(folder))
"""


def kill_after(seconds: float, words: list[str]) -> bool:
    """Make the film in a process that is killed, its ffmpeg with it; whether it was in time."""
    child = subprocess.Popen(
        [sys.executable, "-c", MAKE, *words],
        stdout=subprocess.PIPE,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    with child:
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(seconds)
        is_running = child.poll() is None
        if is_running:
            os.killpg(child.pid, signal.SIGKILL)
    return is_running


@pytest.mark.parametrize(
    "moments",
    [(0.25, 0.7), tuple((i + 0.5) / 11 for i in range(10))],
)
@pytest.mark.sweep
def test_a_film_with_clips_killed_at_any_moment_is_made_whole_and_the_same(
    tmp_path: Path, moments: tuple[float, ...]
):
    receipt = make_master(tmp_path, SHAPES["wide"], num_frames=50)
    folder = CampaignFolder(tmp_path)
    clip = write_clip(
        tmp_path / "clip.mp4", *halves("320x180", "24000/1001", 1, "red", "blue"), *tone(1, 0.1)
    )
    entry = keep_material(folder, clip)
    request = DeliverRequest(
        sizes=(SIZE,),
        intro=entry,
        outro=entry,
        clip_background="#14302f",
        num_clip_frames=50,
        label="AI-generated",
    )
    words = [str(tmp_path), receipt.model_dump_json(), request.model_dump_json()]
    began = time.perf_counter()
    whole = make_deliverable(SIZE, request, PLAN, receipt, folder)
    seconds = time.perf_counter() - began
    assert whole.num_intro_frames > 0
    place = tmp_path / "deliverables" / whole.key[:2]
    were_killed = 0
    for moment in moments:
        for path in place.iterdir():
            path.unlink()
        were_killed += kill_after(seconds * moment, words)
        found = find_deliverable(folder, whole.key)
        assert found is None or files_of(found) == files_of(whole)
        assert {path.name for path in place.glob("*.json")} <= {f"{whole.key}.json"}
        again = make_deliverable(SIZE, request, PLAN, receipt, folder)
        assert files_of(again) == files_of(whole)
    assert were_killed > 0, "at least one was killed before it was done"
    assert (tmp_path / MATERIALS / entry.name).is_file()
