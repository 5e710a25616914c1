"""What lines of shorthand leave unsaid is marked, and a word tells only of figures beside it."""

import re

import pytest

from tasks.reading.english.reader import english_tokens
from tasks.reading.english.rules import REACH, near
from tasks.reading.tokens import spoken_form

_WAY_OUT = "write it out, or put it into the lexicon"


def _doubts(text: str) -> dict[str, str]:
    return {
        text[token.start : token.end]: token.doubt for token in english_tokens(text) if token.doubt
    }


def _spoken(text: str) -> str:
    return spoken_form(text, english_tokens(text))


def test_a_word_at_the_far_end_of_a_line_tells_nothing_of_a_figure() -> None:
    far = "We won 3-1 last season; the pool behind the old club house is 25' long, its twin (90')."
    beside = "We won 3-1 after a late goal (90')."

    assert "ninety feet" in _spoken(far)
    assert "ninety minutes" in _spoken(beside)


def test_what_is_near_a_figure_is_whole_words_of_its_sentence() -> None:
    text = f"Nothing of this is near. The {'long ' * 30}wall is 7 m high. Later that day."
    found = re.search("7", text)
    assert found is not None

    seen = near(found)

    assert seen.endswith("wall is 7 m high.")
    assert seen.startswith("long ")
    assert len(seen) <= 2 * REACH + 1


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Flat, 2 bed, £900 pcm, dep 5 wks, EPC C.", "dep"),
        ("AER 4.35%, £1-£85k, 90-day notice, FSCS prot.", "prot"),
        ("Coats from €89, 15% stu disc, no fee.", "disc"),
        ("Rated 5 kW, 25yr perf warranty, £900 off.", "perf"),
        ("Terrace hse, 2 beds, £795 pcm.", "hse"),
        ("First pup 8 weeks old, vacc at 10, £900.", "vacc"),
    ],
)
def test_a_clipped_word_of_a_line_of_figures_is_marked(text: str, written: str) -> None:
    doubt = f'"{written}" seems to be cut short, and is read as it stands; {_WAY_OUT}'

    assert _doubts(text).get(written) == doubt


@pytest.mark.parametrize(
    ("text", "written", "doubt"),
    [
        ("Free ret, 30d, from €9.", "30d", '"30d" is read by the name of its letter'),
        ("Full rack R219, chips, ltd to 100.", "R219", '"R219" could be rand'),
        ("Cruise 10N ex SYD, from A$1,299.", "10N", '"10N" could be nights or newtons'),
        ("Cetirizine 10mg 30s, £3.29.", "30s", '"30s" could be a number of pieces or seconds'),
        ("For $12/u/mo, SSO.", "$12/u/mo", '"$12/u/mo" is for one of what no rule knows'),
        ("Car loan, max 84m, fee 1%.", "84m", '"84m" could be meters or months'),
        ("Funds, min R500/m, no fees.", "R500/m", '"R500/m" could be for a meter or a month'),
        ("TV with 3xHDMI, 60Hz.", "3xHDMI", '"3xHDMI" is read with its "x"'),
        ("Sess 8, rpt in 3/12, $9.", "3/12", '"3/12" could be months, weeks or a fraction'),
        ("Kids free, M-W, 9-5, 1 per adult.", "M-W", '"M-W" could be days, sizes or grades'),
    ],
)
def test_a_letter_that_no_rule_claims_is_marked(text: str, written: str, doubt: str) -> None:
    assert _doubts(text).get(written) == f"{doubt}; {_WAY_OUT}"


def test_a_letter_behind_w_is_no_with() -> None:
    assert list(_doubts("Run 5 x 1 km, w/u 10 min.")) == ["w/u"]
    assert "with cream" in _spoken("Scone w/cream, $5.")


def test_more_than_a_whole_is_no_score() -> None:
    assert "out of" not in _spoken("Fibre 500/100 from $85.")
    assert _doubts("Fibre 500/100 from $85.") == {
        "500/100": '"500/100" could be a fraction or two values'
    }
    assert _doubts("Blood pressure of 138/86.") == {}


def test_a_slash_before_one_letter_is_marked() -> None:
    assert _doubts("With 100 SMS/d free.").get("/") == (f'"/d" is read with its slash; {_WAY_OUT}')


@pytest.mark.parametrize(
    "text",
    [
        "The dep. head said that a disc of 12 cm and a perf of 3 mm are on the desk for you.",
        "Take the R127 or the R445 to the coast.",
        "Print it in 3d, for $20.",
        "Idli 2 pcs. ₹40, vada 1 pc. ₹30.",
        "The spring pulls with 10N, the next with 12N.",
    ],
)
def test_what_is_said_as_it_stands_is_not_marked(text: str) -> None:
    marked = {written for written, doubt in _doubts(text).items() if "abbreviation" not in doubt}

    assert marked == set()


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("A 4* hotel, 7 nights.", "A four star hotel, seven nights."),
        ("Grades A*-C in 82%.", "Grades A star-C in eighty-two percent."),
        ("Cocktails 2-4-1 on Friday.", "Cocktails two for one on Friday."),
        ("Toppings 1.50 ea, from £9.", "Toppings one point five zero each, from nine pounds."),
        ("Vegan menu on req.", "Vegan menu on request."),
        ("Hex bolts, s/s, box of 50.", "Hex bolts, stainless steel, box of fifty."),
        ("A 12m MOT and 2 keys.", "A twelve month MOT and two keys."),
        ("Ski pass C$489 each.", "Ski pass four hundred eighty-nine Canadian dollars each."),
        ("Sent by 5, or +£3 Sat.", "Sent by five, or plus three pounds Saturday."),
        ("The 10K 8:45, the 5K 8:00.", "The ten K eight forty-five, the five K eight o'clock."),
        ("Insured till Aug'26.", "Insured till August twenty twenty-six."),
        ('A 65" 4K QLED.', "A sixty-five inch four K QLED."),
        ("Tees, $14.99 ea, today.", "Tees, fourteen dollars and ninety-nine cents each, today."),
        ("A drill, $269 kit.", "A drill, two hundred sixty-nine dollar kit."),
        ("A BLT for $9.", "A BLT for nine dollars."),
    ],
)
def test_short_forms_of_offers(text: str, spoken: str) -> None:
    assert _spoken(text) == spoken
