"""How a script is read back to a person, piece by piece."""

from hypothesis import given
from hypothesis import strategies as st

from tasks.reading.flaws import ScriptError
from tasks.reading.lexicon import NO_LEXICON, Entry, Lexicon
from tasks.reading.readback import Piece, read_back
from tasks.speech_records import ReadWords

LEXICON = Lexicon((Entry("nike", None, "", "/nˈIki/"), Entry("Zoe", None, "zoh ee")))


def test_a_script_comes_back_in_pieces_written_and_spoken() -> None:
    back = read_back("Zoe wears Nike's shoes.", "en", LEXICON)
    assert back.pieces == (
        Piece("Zoe", "zoh ee", "entry"),
        Piece(" wears ", " wears "),
        Piece("Nike's", "Nike's", "entry", sounds="/nˈIkiz/"),
        Piece(" shoes.", " shoes."),
    )
    assert back.spoken == "zoh ee wears Nike's shoes."
    assert back.words == (
        ReadWords(written="Zoe", spoken="zoh ee"),
        ReadWords(written="Nike's", spoken="/nˈIkiz/"),
    )


def test_a_plain_script_is_one_piece_and_nothing_is_changed() -> None:
    back = read_back("Hello there,\nfriends.", "en", NO_LEXICON)
    assert (len(back.pieces), back.words) == (1, ())
    assert back.spoken == "Hello there, friends."


@given(st.text(max_size=60), st.booleans())
def test_the_written_pieces_make_up_a_script_without_marks(text: str, is_mandarin: bool) -> None:
    plain = "".join(sign for sign in text if sign.isalnum() or sign in " .,nike")
    try:
        back = read_back(plain, "zh" if is_mandarin else "en", LEXICON)
    except ScriptError:
        return
    assert "".join(piece.written for piece in back.pieces) == plain
