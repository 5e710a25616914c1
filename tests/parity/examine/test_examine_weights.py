"""What the engine finds of keys, shapes and GPUs: a hollow folder of the real names and sizes."""

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from transformers import Wav2Vec2Config, Wav2Vec2ForCTC

from model.engine import Finding, examine_engine
from model.live_avatar.devices.device import choose_device
from model.live_avatar.examine import device_checks
from model.live_avatar.examine.device_checks import (
    Gpu,
    chosen_finding,
    device_findings,
    driver_finding,
    gpu_finding,
    memory_finding,
    needed_bytes,
)
from model.live_avatar.planning.placement import Placement
from model.live_avatar.weights.location import WeightsLocation, files_in
from model.live_avatar.weights.published import ModelFiles
from model.live_avatar.weights.state import built_empty
from tests.parity.golden import real_keys
from tests.unit.weights_files import SPEECH, write_configs

pytestmark = pytest.mark.parity
ROOT = Path(__file__).parents[3]
Shapes = dict[str, tuple[int, ...]]


def _shapes(component: str) -> Shapes:
    return {name: tuple(of["shape"]) for name, of in real_keys()[component]["tensors"].items()}


def _hollow(path: Path, shapes: Shapes) -> None:
    """A safetensors file of the right size, whose numbers are holes in the file."""
    header: dict[str, object] = {}
    end = 0
    for name, shape in shapes.items():
        start, end = end, end + 2 * math.prod(shape)
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.truncate(8 + len(text) + end)


def _hollow_shards(index: Path, shapes: Shapes) -> None:
    names = list(shapes)
    weight_map: dict[str, str] = {}
    for number in range(4):
        shard = f"diffusion_pytorch_model-{number + 1:05}-of-00004.safetensors"
        part = names[number::4]
        _hollow(index.parent / shard, {name: shapes[name] for name in part})
        weight_map |= dict.fromkeys(part, shard)
    index.write_text(json.dumps({"weight_map": weight_map}))


def _hollow_pth(path: Path, shapes: Shapes) -> None:
    """One number stands for a whole tensor."""
    torch.save({name: torch.zeros(1).expand(shape) for name, shape in shapes.items()}, path)


def _speech_shapes() -> Shapes:
    config = Wav2Vec2Config(
        **SPEECH, intermediate_size=4096, num_attention_heads=16, conv_bias=True, vocab_size=33
    )
    model = built_empty(lambda: Wav2Vec2ForCTC(config))
    return {name: tuple(value.shape) for name, value in model.named_parameters()}


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelFiles:
    """The environment names files of the real names, shapes and sizes."""
    found = files_in(tmp_path)
    assert found.lora is not None
    write_configs(found.folder)
    speech = {**SPEECH, "intermediate_size": 4096, "num_attention_heads": 16, "conv_bias": True}
    (found.speech_encoder / "config.json").write_text(json.dumps(speech))
    _hollow_shards(found.transformer, _shapes("dit"))
    _hollow(found.lora.path, _shapes("lora_rank128"))
    _hollow_pth(found.text_encoder, _shapes("t5"))
    _hollow_pth(found.vae, _shapes("vae"))
    _hollow(found.speech_weights, _speech_shapes())
    monkeypatch.setenv("NIGHTSHOOT_WEIGHTS", str(tmp_path))
    monkeypatch.delenv("NIGHTSHOOT_WEIGHTS_ID", raising=False)
    monkeypatch.setenv("NIGHTSHOOT_DEVICE", "cpu")
    return files_in(tmp_path)


def _by_name(findings: list[Finding]) -> dict[str, Finding]:
    assert len({finding.what for finding in findings}) == len(findings)
    return {finding.what: finding for finding in findings}


def test_published_files_of_the_real_names_and_shapes_are_all_well(files: ModelFiles):
    findings = _by_name(examine_engine("live-avatar"))
    well = {what for what, finding in findings.items() if finding.verdict == "ok"}
    assert well >= {
        "packages",
        "files",
        "config",
        "speech config",
        "tokenizer",
        "keys of the transformer and LoRA",
        "keys of the text encoder",
        "keys of the VAE",
        "keys of the speech encoder",
        "weights id",
    }
    assert findings["weights id"].found.endswith(WeightsLocation(files=files).weights_id())
    assert findings["device"].found.startswith("cpu")
    assert "fail" not in {finding.verdict for finding in findings.values()}


def test_wrong_keys_of_every_file_are_told_at_once(files: ModelFiles):
    assert files.lora is not None
    shapes = {name: _shapes(name) for name in ("dit", "t5", "vae")}
    lost = {name: list(of)[5] for name, of in shapes.items()}
    for name, key in lost.items():
        del shapes[name][key]
    _hollow_shards(files.transformer, shapes["dit"])
    _hollow_pth(files.text_encoder, shapes["t5"])
    _hollow_pth(files.vae, shapes["vae"])
    rank_64 = {
        name: tuple(64 if size == 128 else size for size in shape)
        for name, shape in _shapes("lora_rank128").items()
    }
    _hollow(files.lora.path, rank_64)
    _hollow(files.speech_weights, {"a.weight": (2, 3)})

    findings = _by_name(examine_engine("live-avatar"))

    transformer = findings["keys of the transformer and LoRA"]
    assert f"{files.transformer}: missing: {lost['dit']} (" in transformer.found
    assert transformer.found.count("wanted (128, ") == 448
    assert "Quark-Vision/Live-Avatar" in transformer.way_out
    assert f"missing: {lost['t5']} (" in findings["keys of the text encoder"].found
    assert f"missing: {lost['vae']} (" in findings["keys of the VAE"].found
    assert "unexpected: a.weight (2, 3)" in findings["keys of the speech encoder"].found
    assert all(
        finding.verdict == "fail" for what, finding in findings.items() if what.startswith("keys")
    )


def test_a_damaged_file_is_told_once_and_the_others_are_examined(files: ModelFiles):
    assert files.lora is not None
    shard = files.folder / "diffusion_pytorch_model-00002-of-00004.safetensors"
    for path in (shard, files.vae, files.lora.path):
        with path.open("r+b") as file:
            file.truncate(path.stat().st_size - 9)
    findings = examine_engine("live-avatar")
    told = [finding.found for finding in findings if finding.what == "file"]
    assert [each.partition(": ")[0] for each in told] == [
        str(files.vae),
        str(shard),
        str(files.lora.path),
    ]
    assert all("it is cut short" in each for each in told)
    examined = [finding.what for finding in findings if finding.what.startswith("keys")]
    assert examined == ["keys of the text encoder", "keys of the speech encoder"]


def test_doctor_exits_with_1_where_files_are_missing(tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "-m", "flows.cli", "doctor", "--engine", "live-avatar", "--json"],
        cwd=ROOT,
        env={"NIGHTSHOOT_WEIGHTS": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    found = json.loads(done.stdout)["findings"]
    missing = [each for each in found if each["what"] == "live-avatar, file"]
    assert len(missing) == 9
    assert all(each["verdict"] == "fail" and each["way_out"] for each in missing)


# --- devices ---

H200 = Gpu(0, "NVIDIA H200", 150_000_000_000, 149_000_000_000, (9, 0))


def test_memory_is_that_of_the_largest_parts():
    # 32.6 GB of weights, 11.4 of the text encoder's, and four memories of 10.4 + 2.2
    assert needed_bytes(704, 384) == pytest.approx(104e9, rel=0.02)
    assert needed_bytes(384, 256) < needed_bytes(688, 368) < needed_bytes(704, 384)


@pytest.mark.parametrize(
    ("free_gb", "verdict", "told"),
    [
        (141, "ok", "704x384"),
        (105, "warn", "enough for 688x368 in 4 steps, not for 704x384"),
        (79, "warn", "enough for 384x256"),
        (47, "fail", "47.0 GB free"),
    ],
)
def test_a_gpu_is_judged_by_the_sizes_that_fit(free_gb: int, verdict: str, told: str):
    finding = memory_finding(free_gb * 10**9)
    assert finding.verdict == verdict
    assert told in finding.found


def test_memory_of_several_ranks_is_that_of_the_one_that_holds_most():
    stages = Placement(stages=4, has_decoder=True)
    # weights, one step's memories and no encoders: 32.6 + 10.4 + 2.2 + 2.2 and activations
    assert 48e9 < needed_bytes(704, 384, placement=stages) < 56e9
    finding = memory_finding(24 * 10**9, placement=stages)
    assert finding.verdict == "fail"
    assert finding.found.endswith("on rank 0 (steps of stage 0)")


def test_a_gpu_is_told_by_name_and_memory():
    finding = gpu_finding(H200)
    assert (finding.verdict, finding.what) == ("ok", "cuda:0")
    assert finding.found == "NVIDIA H200, 149.0 of 150.0 GB free, compute capability 9.0"
    old = Gpu(1, "Tesla V100", 32 * 10**9, 32 * 10**9, (7, 0))
    assert gpu_finding(old).verdict == "warn"


def test_no_gpu_is_a_fault_only_where_one_is_needed():
    assert driver_finding(1, is_needed=True).verdict == "ok"
    assert driver_finding(0, is_needed=False).verdict == "warn"
    without = driver_finding(0, is_needed=True)
    assert without.verdict == "fail"
    assert without.way_out


def test_a_cpu_is_warned_of_unless_the_model_is_tiny():
    assert chosen_finding("cpu", "cpu", is_needed=True).verdict == "warn"
    assert chosen_finding("cpu", "cpu", is_needed=False).verdict == "ok"
    assert chosen_finding("cuda", "cuda:1", is_needed=True).found == "cuda:1"


@pytest.mark.parametrize("name", ["cuda:99", "gpu", "a b"])
def test_a_device_that_is_none_fails(name: str):
    device = device_findings(WeightsLocation(random="tiny"), name)[-1]
    assert (device.verdict, device.what) == ("fail", "device")
    assert f'NIGHTSHOOT_DEVICE="{name}"' in device.found
    assert device.way_out


def test_a_tiny_model_takes_the_cpu_where_there_is_no_gpu():
    assert choose_device("cpu", is_small=True).type == "cpu"
    kind = "cuda" if torch.cuda.device_count() else "cpu"
    assert choose_device("", is_small=True).type == kind


@pytest.mark.parametrize(("name", "index"), [("", 0), ("cuda", 0), ("cuda:0", 0), ("cuda:1", 1)])
def test_every_way_to_name_a_gpu_names_one(monkeypatch: pytest.MonkeyPatch, name: str, index: int):
    """Of a machine with two GPUs, as torch would tell of it."""
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (139 * 10**9, 141 * 10**9))
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "H200")
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: (9, 0))
    monkeypatch.setattr(device_checks, "chosen_kernel", lambda *_: "cudnn")  # there is no GPU
    monkeypatch.delenv("LOCAL_RANK", raising=False)

    assert choose_device(name, is_small=False) == torch.device("cuda", index)
    findings = device_findings(WeightsLocation(random="14b"), name)

    chosen = next(finding for finding in findings if finding.what == "device")
    assert (chosen.verdict, chosen.found) == ("ok", f"cuda:{index}")
    assert findings[-1].what == "GPU memory"
    told = next(finding for finding in findings if finding.what == "attention")
    assert told.found.startswith("auto is cudnn here (bfloat16, torch ")
