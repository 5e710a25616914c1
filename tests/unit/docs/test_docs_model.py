"""docs/model.md against the code: its figures, its modes, its links."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from model.live_avatar.config import LIVE_AVATAR_14B
from model.live_avatar.planning.cost import (
    Plan,
    decode_flops,
    engine_memory,
    handoff_bytes,
    kv_bytes,
    segment_start_flops,
    step_flops,
)
from model.live_avatar.planning.sizes import (
    MODELS,
    num_speech_parameters,
    num_text_parameters,
    num_transformer_parameters,
    num_vae_parameters,
)
from model.live_avatar.settings import HANDOFFS

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "model.md"
PLAN = Plan(MODELS["live-avatar-14b"], 704, 384)


@pytest.fixture(scope="module")
def words() -> str:
    return " ".join(PAGE.read_text(encoding="utf-8").split())


def test_the_figures_of_cost_are_those_that_are_computed(words):
    step, start = step_flops(LIVE_AVATAR_14B, PLAN.tokens), segment_start_flops(PLAN)
    held = engine_memory(PLAN)
    sinks = kv_bytes(LIVE_AVATAR_14B, PLAN.tokens.sink, "bfloat16")
    memories = 4 * kv_bytes(LIVE_AVATAR_14B, PLAN.tokens.keys, "bfloat16")
    memories += kv_bytes(LIVE_AVATAR_14B, PLAN.tokens.per_latent, "bfloat16") // 2
    handed_on = handoff_bytes(PLAN)
    told = (
        f"{step.total / 1e12:.1f} TFLOP with the prompt's keys",
        f"{step.without_text_kv / 1e12:.1f} here",
        f"decoding a block {decode_flops(PLAN.model.vae, 704, 384, 3) / 1e12:.1f}",
        f"One GPU holds {held.total / 1e9:.0f} GB in bfloat16",
        f"{memories / 1e9:.1f} of memories",
        f"it costs {3 * sinks / 1e9:.1f} GB",
        f"Before its first block: {start['last-frame'] / 1e12:.0f} TFLOP",
        f"up to {start['context, at most'] / 1e12:,.0f} TFLOP",
        f"{(handed_on['context'] - handed_on['last-frame']) / 1e6:.1f} MB at 704x384",
        f"{PLAN.tokens.per_latent:,} of them at 704x384",
    )
    assert not [figure for figure in told if figure not in words]


def test_the_sizes_of_the_parts_are_those_that_are_counted(words):
    model = PLAN.model
    told = (
        f"{num_transformer_parameters(model.transformer):,} parameters",
        f"{num_text_parameters(model.text) / 1e9:.2f} billion",
        f"{num_vae_parameters(model.vae) / 1e6:.0f} million",
        f"{num_speech_parameters(model.speech) / 1e6:.0f} million",
    )
    assert not [size for size in told if size not in words]


def test_every_handoff_is_told_of(words):
    assert not [name for name in HANDOFFS if f"`{name}`" not in words]


def test_what_the_page_links_to_and_names_is_there():
    page = PAGE.read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)]+)\)", page) if "://" not in link]
    files = re.findall(r"`([\w/]+\.py)`", page)

    assert len(links) >= 5
    assert len(files) >= 8
    assert not [link for link in links if not (PAGE.parent / link).is_file()]
    assert not [name for name in files if not (ROOT / "model" / "live_avatar" / name).is_file()]


def test_the_picture_can_be_drawn():
    picture = ElementTree.parse(PAGE.parent / "images" / "live_avatar.svg").getroot()

    assert picture.tag == "{http://www.w3.org/2000/svg}svg"
    assert len(list(picture.iter("{http://www.w3.org/2000/svg}text"))) > 20
