"""Which comparison is for which golden file."""

from collections.abc import Iterator

from tests.parity.compared import Comparison, FileReport, compare
from tests.parity.golden import GoldenSet
from tests.parity.numbers_alone import audio, scheduler, t5, vae
from tests.parity.numbers_direct import direct, direct_norm3, lora_merged
from tests.parity.numbers_generate import generation, generation_norm3

COMPARISONS: dict[str, Comparison] = {
    "scheduler": scheduler,
    "audio": audio,
    "t5": t5,
    "vae": vae,
    "direct": direct,
    "direct_2actors": direct,
    "direct_norm3bf16": direct_norm3,
    "lora_merged": lora_merged,
    "generate_online": generation,
    "generate_offline": generation,
    "generate_tpp": generation,
    "generate_online_rdconst": generation,
    "generate_online_norm3bf16": generation_norm3,
}


def reports(golden: GoldenSet) -> Iterator[FileReport]:
    """Of every file that holds outputs; one that no comparison is for is not visited."""
    for name in golden.names:
        if golden.outputs(name):
            yield compare(golden, name, COMPARISONS.get(name))
