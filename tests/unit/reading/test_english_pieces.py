"""What no English rule reads as a whole is marked, and nothing else is."""

from pathlib import Path

import pytest

from tasks.reading.english.reader import english_tokens
from tasks.reading.tokens import spoken_form

_WAY_OUT = "write it out, or put it into the lexicon"
_TRIALS = Path(__file__).parent / "english_trials.tsv"
_LARGEST_SHARE = 0.01  # of rows whose reading was found right, with a mark of this kind


def marks(text: str) -> list[tuple[str, str]]:
    """What is marked in ``text``, and why, without the way out."""
    return [
        (text[token.start : token.end], token.doubt.removesuffix(f"; {_WAY_OUT}"))
        for token in english_tokens(text)
        if token.doubt
    ]


def is_in_pieces(doubt: str) -> bool:
    """Whether a doubt is of the kinds that are tested here."""
    return doubt.endswith(_WAY_OUT)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("NMFC 164930-03 applies.", "164930-03"),
        ("Hi 88/lo 71 today.", "88/lo"),
        ("Type 2 cable, 32A/1ph/7.4kW.", "32A/1ph/7.4kW"),
        ("Tol. is +0.02/-0.00 here.", "+0.02/-0.00"),
        ("Splits of 61:23/59:12.", "61:23/59:12"),
        ("Lines at 132/33kV run here.", "132/33kV"),
        ("Pack 56#/bu. of corn.", "56#/bu"),
        ("Open report_final(2).xlsx.", "report_final(2).xlsx"),
        ("A 2001:db8::1/64 block.", "2001:db8::1/64"),
        ("It is ref. PO-88123/rev.B again.", "PO-88123/rev.B"),
        ("Boxes of 10/cs. arrive.", "10/cs"),
        ("A course of BIO 101-02 begins.", "101-02"),
    ],
)
def test_a_run_that_is_read_piece_by_piece_is_marked(text: str, written: str) -> None:
    assert (written, f'no rule reads "{written}" as a whole') in marks(text)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("It weighs 12 xyzt. or more.", "xyzt"),
        ("Fat 9g (4g sat.), please.", "sat"),
        ("Notes of berg., neroli and musk.", "berg"),
        ("The Calibr. cert. is included.", "cert"),
        ("Add 3 v. of the dye.", "v"),
        ("Vtg. 2018, in oak.", "Vtg"),
        ("A 12-ft. len. of pipe, 3-ph. power.", "len"),
        ("Mix poly/visc. fabrics.", "visc"),
        ("Peak and off-pk. rates.", "pk"),
    ],
)
def test_a_word_cut_short_in_a_sentence_is_marked(text: str, written: str) -> None:
    doubt = f'"{written}." seems to be an abbreviation that no rule knows'

    assert (written, doubt) in marks(text)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("It runs at 5k rps today.", "rps"),
        ("EC of 3.2 mTx here.", "mTx"),
        ("Stay 28-32 d in port.", "d"),
        ("The dwg'd part is new.", "dwg'd"),
        ("Load-in 14:00, s/c 17:30.", "s/c"),
        ("Fwdr charges are extra.", "Fwdr"),
    ],
)
def test_a_word_that_nobody_can_say_is_marked(text: str, written: str) -> None:
    assert (written, f'"{written}" is read as letters, or as it stands') in marks(text)


def test_a_rate_of_something_unknown_is_marked() -> None:
    assert marks("It costs $30/ln today.") == [("$30/ln", 'no rule knows the "ln" of "$30/ln"')]


def test_a_number_with_an_unknown_unit_is_marked() -> None:
    assert marks("Take 12zr of it.") == [
        ("12zr", '"12zr" could be a number and a unit that no rule knows')
    ]


@pytest.mark.parametrize(
    "text",
    [
        *("We love tea. it calms you down.", "He said (see below.) and left.", "Ask Sam, No. 3."),
        *("A 3-in-1 jacket, a 5-to-1 ratio, the top-10 list.", "Under-18s go free.", "It's $19."),
        *("A 100%-cotton tee at 7:30-ish, from $5-$10.", "UK 8/EU 36/US 4.", "24/7/365 support."),
        *("Only 3 km/2 miles from town; 4K/60fps video.", "Our PS5/Xbox bundle.", "The i5/i7 PCs."),
        *("The A321neo, the 737-800 and the Q3's end.", "SKU #44-B7, part LMP-0042-B.", "C++17."),
        *("Visa/Mastercard, yes/no, s/he, w/o, c/o, y/y.", "Rock 'n' roll, y'all, ma'am.", "Hmm."),
        *("She'd said o'clock; Sarah'd know.", "St. Pancras, Mt. Fuji, Dr. No.", "$1,299.99*"),
        *("Visit Zorvex. 20% off today.", "Try #1-rated 5★ pans — 50%🔥", "~5 days, ≥18, <2 ms."),
        *("The gym by my dry sky, why not try?", "Fees of €5/€10 and £3/£4.", "P&L, R&D, n=212."),
        *("We sell bottles. 20 are left.", "Its parties. 5 a week.", "It shipped. $3 off."),
        *("It's 6'2\" and 5'10\".", "‘The top 10’ and “24”.", "1st/2nd-class seats.", "2.5–3 lbs."),
    ],
)
def test_what_a_presenter_reads_without_help_is_not_marked(text: str) -> None:
    assert [each for each in marks(text) if "write" in str(each)] == []
    assert [t.doubt for t in english_tokens(text) if t.doubt and is_in_pieces(t.doubt)] == []


def test_a_mark_changes_no_word() -> None:
    text = "Type 2 cable, 32A/1ph/7.4kW, no smkgx. or pets, 5k rps."

    assert spoken_form(text, english_tokens(text)) == (
        "Type two cable, thirty-two A, one ph, seven point four kilowatts, no smkgx. or pets, "
        "five thousand rps."
    )


def test_next_to_none_of_the_rows_that_are_read_right_are_marked() -> None:
    texts = [row.split("\t")[0] for row in _TRIALS.read_text(encoding="utf-8").splitlines()]
    marked = [
        text
        for text in texts
        if any(token.doubt and is_in_pieces(token.doubt) for token in english_tokens(text))
    ]

    assert len(marked) <= _LARGEST_SHARE * len(texts), marked


def test_a_run_with_a_doubt_of_its_own_keeps_it() -> None:
    assert marks("Serial 8X7YK2LM9P/B1.") == [
        ("8X7YK2LM9P/B1", '"8X7YK2LM9P/B1" is spelled, sign by sign')
    ]
