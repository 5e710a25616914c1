"""What a plan still warns of when its video gets another text."""

from flows.rows.amended_plans import kept_warnings
from tasks.speech_records import Speech


def speech(*warnings: str) -> Speech:
    return Speech(
        speech_id="s",
        source="builtin",
        voice="v",
        language="en",
        sample_rate_hz=24000,
        num_channels=1,
        num_samples=1,
        engine_gain_db=0.0,
        grid_levels_db=(),
        cues=(),
        warnings=warnings,
        file_sha256="f",
        engine_file_sha256="e",
    )


def test_what_is_said_of_the_portrait_stays_and_of_the_text_before_does_not():
    told = ("'%' is read as percent", "face.png: teeth show in the portrait")
    kept = kept_warnings(told, speech(told[0]), speech("'&' is read as and"))
    assert kept == ("'&' is read as and", told[1])


def test_a_warning_of_both_texts_is_told_once():
    assert kept_warnings(("slow", "dark"), speech("slow"), speech("slow")) == ("slow", "dark")


def test_where_the_speech_before_is_lost_nothing_is_dropped():
    assert kept_warnings(("slow", "dark"), None, speech()) == ("slow", "dark")
