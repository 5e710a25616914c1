"""Every golden file, and the tool that compares them: what it must not let through."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from tests.parity.__main__ import main
from tests.parity.all_numbers import COMPARISONS, reports
from tests.parity.compared import compare
from tests.parity.golden import FOLDER_VARIABLE, GoldenSet, golden_set
from tests.parity.numbers_direct import direct_literal

pytestmark = pytest.mark.parity


@pytest.fixture
def golden():
    """The set, on as many threads as computed it."""
    before, found = torch.get_num_threads(), golden_set()
    torch.set_num_threads(found.num_threads)
    yield found
    torch.set_num_threads(before)


@pytest.fixture
def has_equal_bits(golden: GoldenSet) -> bool:
    """Whether this CPU's kernels give the very bits of the one that computed the set."""
    report = compare(golden, "direct", direct_literal)
    return all(gap.difference == 0 for gap in report.gaps)


# whole videos, up to a minute each; what they are made of is compared file by file
LONG = ("generate_online", "generate_offline", "generate_online_rdconst", "generate_tpp")


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.sweep) if name in LONG else name for name in COMPARISONS],
)
def test_every_output_of_a_golden_file_is_the_references(
    golden: GoldenSet, name: str, request: pytest.FixtureRequest
):
    if name.endswith("norm3bf16") and not request.getfixturevalue("has_equal_bits"):
        pytest.skip("rounding to bf16 tells last bits apart, and this CPU's kernels have others")
    report = compare(golden, name, COMPARISONS[name])

    assert report.is_ok, "\n".join(report.faults)


def test_every_file_with_outputs_has_a_comparison(golden: GoldenSet):
    with_outputs = {name for name in golden.names if golden.outputs(name)}

    assert with_outputs == COMPARISONS.keys()


def one_file_set(golden: GoldenSet, folder: Path, name: str, tensors: dict[str, Tensor]) -> Path:
    """A set of nothing but one file, which holds ``tensors``."""
    save_file(tensors, folder / "file.safetensors")
    described = {tensor: {"shape": list(value.shape)} for tensor, value in tensors.items()}
    index = {
        "config": golden.config,
        "threads": golden.num_threads,
        "files": {name: {"path": "file.safetensors", "info": {}, "tensors": described}},
    }
    (folder / "index.json").write_text(json.dumps(index))
    return folder


def test_a_set_that_agrees_passes(golden: GoldenSet, tmp_path: Path, capsys):
    folder = one_file_set(golden, tmp_path, "scheduler", golden.tensors("scheduler"))

    assert main([str(folder)]) == 0
    assert "all within tolerance" in capsys.readouterr().out


def test_a_tensor_that_nothing_visits_is_a_failure_by_name(
    golden: GoldenSet, tmp_path: Path, capsys
):
    stored = golden.tensors("scheduler") | {"n4.stray": torch.zeros(1)}
    folder = one_file_set(golden, tmp_path, "scheduler", stored)

    assert main([str(folder)]) == 1
    assert "scheduler: n4.stray: not visited" in capsys.readouterr().out


def test_a_file_that_no_comparison_is_for_is_a_failure(golden: GoldenSet, tmp_path: Path, capsys):
    folder = one_file_set(golden, tmp_path, "stranger", {"out.x": torch.zeros(1)})

    assert main([str(folder)]) == 1
    assert "stranger: out.x: not visited" in capsys.readouterr().out


@pytest.mark.parametrize(
    "change",
    [
        lambda sigmas: sigmas + 1e-6,
        lambda sigmas: sigmas[:-1],
        lambda sigmas: torch.full_like(sigmas, torch.nan),
    ],
    ids=["another value", "another shape", "no number"],
)
def test_a_tensor_that_is_off_is_a_failure(golden: GoldenSet, tmp_path: Path, capsys, change):
    stored = dict(golden.tensors("scheduler"))
    stored["n4.sigmas"] = change(stored["n4.sigmas"]).contiguous()
    folder = one_file_set(golden, tmp_path, "scheduler", stored)

    (report,) = reports(GoldenSet(folder))

    assert [fault.partition(":")[0] for fault in report.faults] == ["n4.sigmas"]
    assert main([str(folder)]) == 1
    assert "scheduler: n4.sigmas" in capsys.readouterr().out


def test_a_comparison_that_stops_is_a_failure_and_the_others_go_on(
    golden: GoldenSet, tmp_path: Path
):
    stored = dict(golden.tensors("scheduler"))
    del stored["walk.x0"]
    folder = one_file_set(golden, tmp_path, "scheduler", stored)

    (report,) = reports(GoldenSet(folder))

    assert report.error.startswith("KeyError")
    assert not report.is_ok


def test_no_set_is_said_and_is_not_a_difference(tmp_path: Path, capsys, monkeypatch):
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "nowhere"))
    assert main([]) == 2
    assert "index.json cannot be read" in capsys.readouterr().err

    (tmp_path / "index.json").write_text("{}")
    assert main([str(tmp_path)]) == 2
    assert "has no config, files, threads" in capsys.readouterr().err


def test_a_damaged_file_is_said_and_is_not_a_difference(golden: GoldenSet, tmp_path: Path, capsys):
    folder = one_file_set(golden, tmp_path, "scheduler", golden.tensors("scheduler"))
    path = folder / "file.safetensors"
    path.write_bytes(path.read_bytes()[:-100])

    assert main([str(folder)]) == 2
    assert "copy the set again" in capsys.readouterr().err
