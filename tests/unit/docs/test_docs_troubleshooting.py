"""Messages that the troubleshooting quotes, in both languages, are those that are printed."""

import ast
import re
from functools import cache
from itertools import chain
from pathlib import Path

import pytest

from model.host.heartbeats import variable_of
from model.live_avatar.config import LIVE_AVATAR_14B
from model.live_avatar.examine.link_checks import REMEDIES, RankSeen, broken_finding, judge
from model.live_avatar.planning.placement import Placement
from model.live_avatar.planning.placement_checks import Gpu, Wanted, placement_faults

ROOT = Path(__file__).parents[3]
HEADINGS = {
    "troubleshooting.md": (
        "live-avatar: out of memory",
        "live-avatar: NCCL does not start",
        "live-avatar: it hangs",
        "live-avatar: the GPU is hardly used",
        "live-avatar: loading is slow",
    ),
    "troubleshooting.zh.md": (
        "live-avatar：内存不够",
        "live-avatar：NCCL 启动不了",
        "live-avatar：卡住不动",
        "live-avatar：GPU 利用率低",
        "live-avatar：加载慢",
    ),
}
_VALUE = "…"
_LOGGED = re.compile(r"%(?:\.\d+)?[sdf]")


def section(page: str, heading: str) -> str:
    text = (ROOT / "docs" / page).read_text("utf-8")
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))[heading]


def quotes(page: str, heading: str) -> list[str]:
    """What the first column of a section's table quotes."""
    cells = re.findall(r"^\| (.+?) \|", section(page, heading), re.MULTILINE)
    return [quote for cell in cells for quote in re.findall(r'["“](.+)["”]', cell)]


@cache
def literals() -> tuple[str, ...]:
    """Every text of the code, with a sign for each value in it."""
    paths = chain.from_iterable((ROOT / name).rglob("*.py") for name in ("flows", "model", "tasks"))
    found: set[str] = set()
    for path in paths:
        tree = ast.parse(path.read_text("utf-8"))
        described = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if id(node) in described:  # a docstring is not printed
                continue
            if isinstance(node, ast.JoinedStr):
                parts = (
                    str(each.value) if isinstance(each, ast.Constant) else _VALUE
                    for each in node.values
                )
                found.add("".join(parts))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(_LOGGED.sub(_VALUE, node.value))
    return tuple(found)


@cache
def told() -> tuple[str, ...]:
    """Messages that are put together of several texts, as they are told."""
    ranks = [RankSeen([{"trial": 0}], None), RankSeen([], None)]
    apart = [{"trial": index, "seconds": 1.0} for index in range(3)]
    pair = judge([RankSeen([*apart, {"trial": 3}], None)] * 2, 120)
    gpus = [
        Gpu(index, name, 10**10, 10**10, (9, 0)) for index, name in enumerate(("one", "another"))
    ]
    wanted = Wanted(Placement(stages=3), device_name="cuda:1")
    return (
        broken_finding(judge(ranks, 120), "cuda", "").found,
        broken_finding(judge(ranks, 120), "cpu", "").found,
        broken_finding(pair, "cuda", "").found,
        *(fault.found for fault in placement_faults(wanted, LIVE_AVATAR_14B, gpus)),
    )


def is_printed(quote: str) -> bool:
    """Whether the code has this text; a sign for a value stands for a value there too."""
    pattern = re.compile(".+".join(map(re.escape, quote.split(_VALUE))))
    parts = [part.strip(" (") for part in quote.split(_VALUE)]
    return any(pattern.search(text) for text in told()) or any(
        _in_order(parts, text) for text in literals()
    )


def _in_order(parts: list[str], text: str) -> bool:
    """Whether a text has all parts, one after the other, with a value between each two."""
    at = 0
    for part in parts:
        found = text.find(part, at)
        if found < 0 or (at and _VALUE not in text[at : found + 1] and part):
            return False
        at = found + len(part)
    return True


@pytest.mark.parametrize("page", HEADINGS)
def test_every_trouble_of_gpus_has_its_heading_with_quotes_steps_and_a_check(page: str):
    for heading in HEADINGS[page]:
        text = section(page, heading)
        assert len(quotes(page, heading)) >= 2, heading
        assert "\n1. " in text, heading
        assert re.search(r"^(Check: |检查：)", text, re.MULTILINE), heading


@pytest.mark.parametrize("page", HEADINGS)
def test_every_message_that_is_quoted_is_printed(page: str):
    quoted = [quote for heading in HEADINGS[page] for quote in quotes(page, heading)]
    assert [quote for quote in quoted if not is_printed(quote)] == []


def test_both_languages_quote_the_same_messages():
    english, chinese = (
        [quotes(page, heading) for heading in headings] for page, headings in HEADINGS.items()
    )
    assert english == chinese


def test_a_message_that_is_not_printed_would_be_found():
    assert not is_printed("has hung in phase … since yesterday")
    assert not is_printed("NCCL will not start (…)")
    assert not is_printed("the … memory was empty …")
    assert is_printed("the … memory was full … (…)")


@pytest.mark.parametrize("page", HEADINGS)
def test_settings_that_help_and_limits_that_are_set_are_all_named(page: str):
    text = " ".join((ROOT / "docs" / page).read_text("utf-8").split())
    limits = [variable_of(kind) for kind in ("load", "compile", "block", "heartbeat")]
    assert [name for name in limits if f"`{name}`" not in text] == []
    remedies = [f"`{name}={value}`" for name, value in REMEDIES["cuda"]]
    assert [each for each in remedies if each not in text] == []
    assert "`NCCL_DEBUG=INFO`" in text
