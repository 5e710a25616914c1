"""Which comparison is for which golden file."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import torch

from tests.parity.compared import Comparison, FileReport, compare
from tests.parity.golden import GoldenSet, golden_set_in
from tests.parity.numbers_alone import audio, scheduler, t5, vae
from tests.parity.numbers_direct import direct, direct_norm3, lora_merged
from tests.parity.numbers_generate import generation, generation_norm3

_AT_ONCE = 2
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
    """Of every file that holds outputs; one that no comparison is for is not visited.

    Two files at a time, each on as many threads as computed the set: more would change last bits.
    """
    names = [name for name in golden.names if golden.outputs(name)]
    if len(names) < _AT_ONCE:
        yield from (_report(golden.folder, name) for name in names)
        return
    workers = ProcessPoolExecutor(
        _AT_ONCE,
        mp_context=get_context("spawn"),
        initializer=torch.set_num_threads,
        initargs=(golden.num_threads,),
    )
    with workers:
        yield from workers.map(partial(_report, golden.folder), names)


def _report(folder: Path, name: str) -> FileReport:
    return compare(golden_set_in(folder), name, COMPARISONS.get(name))
