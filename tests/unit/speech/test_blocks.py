"""A clause on the grid: what is kept of it for the rows that share it is what each would make."""

import numpy as np
import pytest

from model.speech.utterance import TimedSymbol, Utterance
from tasks.speech.loudness import to_int16
from tasks.speech.timeline import Block, gap_after, make_block
from tasks.speech_records import TimedPhoneme

RATE_HZ = 24_000


def block(level: float = 0.4, *, has_phones: bool = True) -> Block:
    """A second of noise with two phones."""
    pcm = level * np.random.default_rng(3).uniform(-1, 1, RATE_HZ).astype(np.float32)
    phones = (TimedSymbol("h", 2400, 9600), TimedSymbol("i", 9600, 19_200)) if has_phones else None
    made = make_block(Utterance(pcm, RATE_HZ, phones), gap_after(ends_sentence=True), RATE_HZ)
    assert made is not None
    return made


@pytest.mark.parametrize("gain_db", [-3.5, 0.0, 6.2])
def test_samples_are_those_of_the_gain_that_is_asked_for(gain_db: float) -> None:
    made = block()
    gain = np.float32(10 ** (gain_db / 20))

    for each in (1.0, gain_db, gain_db):  # another row's voice, then this one's, twice
        asked = made.engine_int16(each)

    assert np.array_equal(asked, to_int16(made.engine * gain))
    assert np.array_equal(made.viewer_int16, to_int16(made.viewer))
    assert made.peak == np.abs(made.viewer).max()


def test_phones_stand_where_the_block_does_in_each_of_many_rows() -> None:
    made = block()
    assert made.phonemes

    for offset in [7680 * number for number in (0, 3, 1, 9, 3, 4, 5, 6, 0)]:
        assert made.phonemes_at(offset) == tuple(
            TimedPhoneme(symbol=p.symbol, start=p.start + offset, end=p.end + offset)
            for p in made.phonemes
        )


def test_a_voice_without_phones_has_none_anywhere() -> None:
    assert block(has_phones=False).phonemes_at(7680) is None
