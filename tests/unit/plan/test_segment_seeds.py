"""A segment with a seed of its own: it and its successors get other keys, others keep theirs."""

from tasks.plan.plan import KeyParts, plan_segments
from tasks.records import EncodeProfile

PARTS = KeyParts(
    engine="null",
    engine_version=1,
    weights_id="none",
    settings={},
    portrait_sha256="p",
    rig=None,
    prompt="",
    seed=3,
    width=16,
    height=16,
    fps=25,
    encode=EncodeProfile(),
)
CUTS = (0, 12, 24, 36)


def window(start: int, end: int) -> str:
    return f"{start}-{end}"


def test_a_seed_of_its_own_changes_a_segment_and_its_successors():
    plain = plan_segments(CUTS, PARTS, window)
    seeded = plan_segments(CUTS, PARTS, window, {1: 9})

    assert [a.key == b.key for a, b in zip(plain, seeded, strict=True)] == [True, False, False]
    assert [each.seed for each in seeded] == [None, 9, None]


def test_the_videos_own_seed_is_the_same_segment():
    plain, seeded = (plan_segments(CUTS, PARTS, window, seeds) for seeds in ({}, {1: 3}))

    assert [each.key for each in plain] == [each.key for each in seeded]


def test_without_one_a_segment_is_written_as_every_release_wrote_it():
    plain, seeded = plan_segments(CUTS, PARTS, window, {1: 9})[:2]

    assert set(plain.model_dump(mode="json")) == {"index", "start_frame", "end_frame", "key"}
    assert seeded.model_dump(mode="json")["seed"] == 9
