"""Characters of two readings that nothing decides are told, and no others."""

from pathlib import Path

import pytest

from model.speech.hanzi.two_readings import unsure_readings
from tasks.reading.lexicon import NO_LEXICON
from tasks.reading.mandarin.doubts.characters import doubtful_characters
from tasks.reading.readback import read_back
from tasks.speech.script import read_script

_HERE = Path(__file__).parent
_MOST_MARKED = 0.002  # of lines whose reading is known to be right
_DOUBT = (
    "散 in 味道散得快 is read san4; if it is san3, give its word that pinyin in a lexicon, "
    "or write another word"
)


def test_a_character_that_nothing_decides_is_told_with_its_readings_and_a_way_out() -> None:
    assert [each.doubt for each in doubtful_characters("味道散得快", ())] == [_DOUBT]
    shown = read_back("味道散得快。", "zh", NO_LEXICON)
    assert shown.spoken == "味道散得快。"
    assert [(each.written, each.doubt) for each in shown.words] == [("散", _DOUBT)]
    assert read_script("味道散得快。", "zh").warnings == (f"check these words: {_DOUBT}",)


def test_an_english_script_has_none() -> None:
    assert read_script("The smell is gone.", "en").warnings == ()


@pytest.mark.parametrize(
    ("run", "readings"),
    [
        ("在这一行干了二十年", {4: ("gan4", ("gan1",))}),
        ("时间倒着走", {2: ("dao4", ("dao3",))}),
        ("代办得有委托书", {2: ("de5", ("dei3",))}),
        ("帮邻居看孩子", {3: ("kan4", ("kan1",))}),
        ("镇上的鱼铺", {4: ("pu1", ("pu4",))}),
        ("她扎得好", {1: ("zha1", ("za1",))}),
        ("锅里炸了", {2: ("zha2", ("zha4",))}),
        ("干得快", {0: ("gan4", ("gan1",))}),
        ("看着孩子玩", {0: ("kan4", ("kan1",))}),
    ],
)
def test_places_and_readings_of_characters_that_nothing_decides(
    run: str, readings: dict[int, tuple[str, tuple[str, ...]]]
) -> None:
    found = unsure_readings(run)
    assert {place: (taken, others[-1:]) for place, (taken, others) in found.items()} == readings


@pytest.mark.parametrize(
    "run",
    [
        *("散步和散热", "干净又干燥", "倒车入库", "背着书包", "左转和右转", "这种的", "觉得好"),
        *("会议散了", "裙子长到脚踝", "当了指挥", "往里钻", "气炸了", "扎了个辫子", "他干了一整天"),
        *("头发别弄散了", "车子转了个弯", "看着孩子一天天长大", "散了散步"),
    ],
)
def test_words_and_contexts_decide(run: str) -> None:
    assert unsure_readings(run) == {}


def test_beside_a_token_nothing_is_told_and_traditional_characters_may_decide() -> None:
    assert doubtful_characters("乾了再疊", ()) == ()


def test_lines_that_are_read_right_are_hardly_ever_marked() -> None:
    lines = [
        line.split("\t")[0]
        for name in ("mandarin_trials.tsv", "mandarin_sentences.tsv", "mandarin_siblings.tsv")
        for line in (_HERE / name).read_text(encoding="utf-8").splitlines()
    ]
    marked = [line for line in lines if doubtful_characters(line, ())]
    assert len(marked) < _MOST_MARKED * len(lines), marked
