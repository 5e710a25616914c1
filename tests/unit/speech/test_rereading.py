"""A better reading undoes no finished work: what is told of it, and what is spoken again."""

from pathlib import Path

import pytest

from tasks.records import EncodeProfile, StoredPlan, VideoPlan
from tasks.speech.rereading import is_made_of, may_hide_changes, rereadings
from tasks.speech.row_speech import row_speech, stored_rereadings
from tasks.speech.speech import SpeechRequest, make_speech, request_sha256
from tasks.speech.speech_files import load_speech, speech_files
from tasks.speech_records import Speech, TimedPhoneme
from tasks.store.campaign_folder import CampaignFolder
from tasks.store.files import write_file
from tasks.store.record_json import record_bytes

REQUEST = SpeechRequest(text="Hello there. Only now.")


def as_written_earlier(
    speech: Speech, request: SpeechRequest, folder: Path, **changes: object
) -> Speech:
    """The same speech as releases kept it that stored no readings."""
    gone = {"clauses": (), "front_end": "", "request_sha256": ""}
    earlier = speech.model_copy(update=gone | {"speech_id": request_sha256(request)} | changes)
    now, then = speech_files(speech.speech_id, folder), speech_files(earlier.speech_id, folder)
    now.viewer.rename(then.viewer)
    now.engine.rename(then.engine)
    now.receipt.unlink()
    write_file(then.receipt, record_bytes(earlier))
    return earlier


def read_otherwise(speech: Speech) -> tuple[TimedPhoneme, ...]:
    """Its phones, the first of the last clause being another one."""
    border = speech.cues[-1].start_sample * 16_000 / speech.sample_rate_hz
    phones = list(speech.phonemes or ())
    index = next(i for i, phone in enumerate(phones) if phone.start >= border)
    phones[index] = phones[index].model_copy(update={"symbol": "z"})
    return tuple(phones)


def plan_of(speech: Speech) -> StoredPlan:
    plan = VideoPlan(
        video_id="a",
        title="a",
        engine="null",
        settings={},
        portrait="p.png",
        portrait_sha256="p",
        rig=None,
        speech_id=speech.speech_id,
        prompt="",
        seed=0,
        width=64,
        height=64,
        fps=25,
        num_frames=12,
        priority=0,
        encode=EncodeProfile(),
        segments=(),
    )
    return StoredPlan(plan=plan, line=2, sha256="s", request_sha256="r")


@pytest.fixture
def folder(tmp_path: Path) -> CampaignFolder:
    return CampaignFolder(tmp_path / "june")


def test_speech_of_an_earlier_release_that_is_read_the_same_is_said_to_be_so(folder) -> None:
    speech = make_speech(REQUEST, folder.speech)
    earlier = as_written_earlier(speech, REQUEST, folder.speech)

    assert rereadings(speech, REQUEST) == rereadings(earlier, REQUEST) == ()
    assert is_made_of(speech, REQUEST)
    assert is_made_of(earlier, REQUEST)
    assert not is_made_of(earlier, SpeechRequest(text="Hello there."))


def test_the_words_of_the_clauses_that_are_read_otherwise_are_told(folder) -> None:
    speech = make_speech(REQUEST, folder.speech)
    earlier = speech.model_copy(
        update={"clauses": (), "front_end": "", "phonemes": read_otherwise(speech)}
    )
    clauses = (speech.clauses[0], speech.clauses[1].model_copy(update={"line": "zzz"}))
    kept = speech.model_copy(update={"front_end": "another", "clauses": clauses})

    for each in (earlier, kept):
        assert [(word.written, word.spoken) for word in rereadings(each, REQUEST)] == [
            ("Only now.", "Only now.")
        ]


def test_other_cuts_of_the_same_words_are_another_reading(folder) -> None:
    speech = make_speech(REQUEST, folder.speech)
    whole = speech.cues[0].model_copy(update={"text": "Hello there. Only now."})
    earlier = speech.model_copy(update={"clauses": (), "front_end": "", "cues": (whole,)})

    assert [word.written for word in rereadings(earlier, REQUEST)] == ["Hello there.", "Only now."]


def test_a_tone_is_in_no_record_of_an_earlier_release(folder) -> None:
    speech = make_speech(SpeechRequest(text="你好。", language="zh"), folder.speech)

    assert not may_hide_changes(speech)
    assert may_hide_changes(speech.model_copy(update={"clauses": ()}))


@pytest.mark.parametrize("has_plan", [True, False])
def test_what_was_spoken_stays_until_a_person_asks_for_todays_reading(folder, has_plan) -> None:
    made = make_speech(REQUEST, folder.speech)
    earlier = as_written_earlier(made, REQUEST, folder.speech, phonemes=read_otherwise(made))
    stored = plan_of(earlier)
    plan = stored if has_plan else None

    assert row_speech(REQUEST, folder, plan, reread=False) == earlier
    assert [word.written for word in stored_rereadings(REQUEST, stored, folder)] == ["Only now."]
    today = row_speech(REQUEST, folder, plan, reread=True)
    assert today == made
    assert load_speech(earlier.speech_id, folder.speech) == earlier
    assert stored_rereadings(REQUEST, plan_of(today), folder) == ()
    assert row_speech(REQUEST, folder, plan_of(today), reread=True) == made


def test_speech_that_is_read_the_same_is_not_spoken_again_on_request(folder) -> None:
    made = make_speech(REQUEST, folder.speech)
    earlier = as_written_earlier(made, REQUEST, folder.speech)

    assert row_speech(REQUEST, folder, plan_of(earlier), reread=True) == earlier


def test_another_script_another_voice_or_another_word_of_the_lexicon_is_spoken(folder) -> None:
    from tasks.reading.lexicon import Entry

    made = make_speech(REQUEST, folder.speech)
    word = Entry("there", None, "you")
    for change in ({"text": "Hello."}, {"seed": 4}, {"entries": (word,)}):
        other = REQUEST.model_copy(update=change)
        assert row_speech(other, folder, plan_of(made), reread=False).speech_id != made.speech_id


def test_a_script_that_is_refused_today_is_told_with_the_reason(folder) -> None:
    request = SpeechRequest(text="Hello 你好.", voice="hibari")
    made = make_speech(REQUEST, folder.speech)
    earlier = made.model_copy(update={"front_end": ""})
    write_file(speech_files(made.speech_id, folder.speech).receipt, record_bytes(earlier))

    (told,) = stored_rereadings(request, plan_of(earlier), folder)
    assert told.spoken.startswith('refused today: voice "hibari" speaks English')
