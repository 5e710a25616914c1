"""The transformer and the sampler against the reference's own calls, in float32."""

import pytest
import torch

from tests.parity.golden import GoldenSet, difference, golden_set
from tests.parity.live_avatar import Generation, direct_calls, transformer_of

pytestmark = pytest.mark.parity

TOLERANCE = 2e-5  # of float32 kernels that sum in another order; measured: 2e-6


@pytest.fixture(scope="module")
def golden() -> GoldenSet:
    return golden_set()


@pytest.fixture(scope="module")
def model(golden: GoldenSet):
    return transformer_of(golden)


def test_blocks_on_a_ring_equal_the_reference(golden: GoldenSet, model):
    made = direct_calls(golden, model)

    wanted = golden.tensors("direct")
    for call, output in enumerate(made.outputs):
        assert difference(output, wanted[f"out.call{call}.out"]) < TOLERANCE
    for name in golden.outputs("direct"):
        if ".layer" in name:
            _, moment, layer, kind = name.split(".")
            index = int(layer.removeprefix("layer"))
            if moment == "prefill":
                sink = made.cache.sink[index]
                found = sink.keys if kind == "cond_k" else sink.values
            else:
                ring = made.cache.layers[index]
                found = (ring.keys if kind == "k" else ring.values)[:, ring.num_sink :]
            assert difference(found, wanted[name]) < TOLERANCE, name


def test_two_speakers_are_heard_where_their_masks_say(golden: GoldenSet, model):
    made = direct_calls(golden, model, "direct_2actors")

    for call, output in enumerate(made.outputs):
        wanted = golden.tensors("direct_2actors")[f"out.call{call}.out"]
        assert difference(output, wanted) < TOLERANCE


@pytest.mark.parametrize(
    ("name", "reference", "motion"),
    [
        (
            "generate_offline",
            ("generate_offline", "sink000.ref_latents"),
            ("generate_online", "vae_call01.encode.out"),
        ),
        (
            "generate_tpp",
            ("generate_tpp", "rank0.sink0.ref_latents"),
            ("generate_tpp", "sink0.motion_latents"),
        ),
        (
            "generate_online",
            ("generate_online", "sink000.ref_latents"),
            ("generate_online", "vae_call01.encode.out"),
        ),
    ],
)
def test_clips_of_every_mode_equal_the_reference(
    golden: GoldenSet, model, name: str, reference: tuple[str, str], motion: tuple[str, str]
):
    run = Generation(golden, model)
    run.sampler.set_sink(
        golden.tensors(reference[0])[reference[1]], golden.tensors(motion[0])[motion[1]]
    )

    for index in range(run.num_clips):
        clip = run.clip(index, run.draws)
        wanted = golden.tensors(name)[f"clip{index}.output_latents"]
        assert difference(clip[0], wanted) < TOLERANCE
        if index == 0 and name != "generate_offline":
            # the sink advances to the first latent that was made
            again = golden.tensors(motion[0])[motion[1]]
            if name == "generate_online":
                again = golden.tensors(name)["vae_call04.encode.out"]
            run.sampler.set_sink(clip[:, :, :1], again)


def test_the_reference_moves_only_when_the_video_has_come_near(golden: GoldenSet, model):
    """While a block is far from where the reference was first, the draw has no effect."""
    clips = []
    for draws in ([4] * 1000, [5] * 1000):
        run = Generation(golden, model)
        run.sampler.set_sink(
            golden.tensors("generate_online")["sink000.ref_latents"],
            golden.tensors("generate_online")["vae_call01.encode.out"],
        )
        clips.append(run.clip(0, draws))
    assert torch.equal(*clips)
