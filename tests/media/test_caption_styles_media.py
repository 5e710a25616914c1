"""A film whose captions light each word up while its own voice says it."""

from pathlib import Path

import numpy as np
import pytest

from tasks.deliver_records import CaptionStyle, DeliverRequest
from tasks.deliverables.captions.drawing import no_word_times
from tasks.deliverables.deliverable import make_deliverable
from tasks.record import FileEntry
from tasks.records import VideoPlan, VideoReceipt
from tasks.speech.clauses.word_times import word_times
from tasks.speech.request import SpeechRequest
from tasks.speech.speech import make_speech
from tasks.speech_records import Speech
from tasks.store.campaign_folder import CampaignFolder
from tasks.store.record_json import record_bytes
from tests.media.test_deliverables_media import PROFILE, frames_of, make_master

pytestmark = pytest.mark.media

YELLOW = (255, 212, 0)
SIZE = (270, 480)
CAPTIONS = (FileEntry(name="intro.srt", sha256="s" * 64, num_bytes=1),)


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Speech, VideoReceipt]:
    folder = tmp_path_factory.mktemp("lit")
    (folder / "speech").mkdir()
    speech = make_speech(SpeechRequest(text="This kettle boils fast."), folder / "speech")
    num_frames = speech.num_samples * 25 // speech.sample_rate_hz
    return folder, speech, make_master(folder, (192, 112), num_frames)


def made(spoken: tuple[Path, Speech, VideoReceipt], style: CaptionStyle | None, speech: Speech):
    folder, _, master = spoken
    plan = VideoPlan.model_construct(
        video_id="intro", encode=PROFILE, fps=25, speech_id=speech.speech_id
    )
    request = DeliverRequest(sizes=(SIZE,), caption_style=style)
    receipt = master.model_copy(update={"captions": CAPTIONS})
    return make_deliverable(SIZE, request, plan, receipt, CampaignFolder(folder))


def test_each_word_is_lit_in_its_frames_and_at_its_place(
    spoken: tuple[Path, Speech, VideoReceipt],
):
    folder, speech, _ = spoken
    style = CaptionStyle(highlight="#ffd400", backdrop="box", position="middle")
    film = made(spoken, style, speech)
    frames = frames_of(folder / "deliverables" / film.key[:2] / film.file.name).astype(int)
    words = word_times(speech)
    assert words is not None
    is_lit = (frames[..., 0] > 150) & (frames[..., 1] > 120) & (frames[..., 2] < 110)
    top, bottom = film.caption_place[1:] if film.caption_place else (0, 0)
    assert not is_lit[:, :top].any(), "inside the captions alone"
    assert not is_lit[:, bottom:].any()
    places = []
    for word in words:
        middle = (word.start_ms + word.end_ms) // 80
        seen = np.argwhere(is_lit[middle])
        assert len(seen) > 5, word
        places.append((seen[:, 0].mean() // 15, seen[:, 1].mean()))
    assert places == sorted(places), "one word after the other"
    before = round(words[0].start_ms / 40) - 1
    assert not is_lit[:before].any(), "nothing before the first word"
    plain = made(spoken, None, speech)
    assert plain.key != film.key
    assert film.warnings == ()


def test_a_word_of_a_recording_is_lit_while_it_is_heard(
    spoken: tuple[Path, Speech, VideoReceipt],
):
    folder, own, _ = spoken
    sound = folder / "speech" / f"{own.speech_id}.wav"
    text = " ".join(cue.text for cue in own.cues)
    speech = make_speech(SpeechRequest(audio_path=sound, text=text), folder / "speech")
    film = made(spoken, CaptionStyle(highlight="#ffd400", backdrop="box"), speech)
    frames = frames_of(folder / "deliverables" / film.key[:2] / film.file.name).astype(int)
    is_lit = (frames[..., 0] > 150) & (frames[..., 1] > 120) & (frames[..., 2] < 110)

    heard = word_times(own)
    assert heard is not None
    columns = []
    for word in heard:
        seen = np.argwhere(is_lit[(word.start_ms + word.end_ms) // 80])
        assert len(seen) > 5, word
        columns.append(seen[:, 1].mean())
    assert len(columns) == 4
    assert columns == sorted(columns), "one word after the other, in one line"
    assert film.warnings == ()


def test_a_brand_s_highlight_is_left_out_and_told_where_a_voice_has_no_times_of_words(
    spoken: tuple[Path, Speech, VideoReceipt],
):
    folder, speech, _ = spoken
    mute = speech.model_copy(update={"speech_id": "m" * 64, "phonemes": None})
    for suffix in (".wav", ".16k.wav"):
        source = folder / "speech" / f"{speech.speech_id}{suffix}"
        (folder / "speech" / f"{'m' * 64}{suffix}").write_bytes(source.read_bytes())
    (folder / "speech" / f"{'m' * 64}.json").write_bytes(record_bytes(mute))
    film = made(spoken, CaptionStyle(highlight="#ffd400", size="small"), mute)
    frames = frames_of(folder / "deliverables" / film.key[:2] / film.file.name).astype(int)

    assert film.warnings == (no_word_times(mute),)
    assert not ((frames[..., 0] > 150) & (frames[..., 1] > 120) & (frames[..., 2] < 60)).any()
