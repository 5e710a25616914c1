"""The page for those who move over names every flag of theirs, and of ours only what is there."""

import csv
import io
import re
from pathlib import Path

import click

from flows.cli.main import cli
from model.live_avatar.environment import (
    DEVICE_VARIABLE,
    OFFLOAD_VARIABLE,
    PLACEMENT_VARIABLE,
    WEIGHTS_VARIABLE,
)
from model.live_avatar.settings import DEFAULTS
from model.live_avatar.weights.location import (
    BASE_FOLDER,
    LORA_FOLDER,
)
from model.live_avatar.weights.published import LORA_NAME
from tasks.engines.gpu_lease import SLOTS_VARIABLE
from tasks.manifest.manifest import COLUMN_NAMES

PAGE = Path(__file__).parents[3] / "docs" / "from-liveavatar.md"
# of the three entry points and of torchrun in the four scripts, at commit 9c2c38d
FLAGS = [
    "audio",
    "base_seed",
    "ckpt_dir",
    "convert_model_dtype",
    "dataset_sample_idx",
    "dit_fsdp",
    "drop_motion_noisy",
    "enable_online_decode",
    "enable_tts",
    "enable_vae_parallel",
    "fp8",
    "frame_num",
    "image",
    "infer_frames",
    "load_lora",
    "lora_path",
    "lora_path_dmd",
    "master_port",
    "nproc_per_node",
    "num_clip",
    "num_gpus_dit",
    "offload_kv_cache",
    "offload_model",
    "pose_video",
    "prompt",
    "prompt_extend_method",
    "prompt_extend_model",
    "prompt_extend_target_lang",
    "sample_guide_scale",
    "sample_list",
    "sample_shift",
    "sample_solver",
    "sample_steps",
    "save_dir",
    "save_file",
    "server_name",
    "server_port",
    "single_gpu",
    "size",
    "start_from_ref",
    "t5_cpu",
    "t5_fsdp",
    "task",
    "training_config",
    "tts_prompt_audio",
    "tts_prompt_text",
    "tts_text",
    "ulysses_size",
    "use_dataset",
    "use_prompt_extend",
    "using_merged_ckpt",
]
# exported by the scripts, or read by what they start
VARIABLES = [
    "CUDA_VISIBLE_DEVICES",
    "DASH_API_KEY",
    "DASH_API_URL",
    "ENABLE_COMPILE",
    "ENABLE_FP8",
    "HF_ENDPOINT",
    "LOCAL_RANK",
    "MASTER_ADDR",
    "MASTER_PORT",
    "NCCL_DEBUG",
    "NCCL_DEBUG_SUBSYS",
    "RANK",
    "TOKENIZERS_PARALLELISM",
    "TORCH_NCCL_ASYNC_ERROR_HANDLING",
    "TORCH_NCCL_BLOCKING_WAIT",
    "TORCH_NCCL_HEARTBEAT_TIMEOUT_SEC",
    "WORLD_SIZE",
]


def _text() -> str:
    return PAGE.read_text(encoding="utf-8")


def _rows() -> list[list[str]]:
    """Cells of every row of the page's tables."""
    lines = [line for line in _text().splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def _options(command: click.Command) -> set[str]:
    own = {name for param in command.params for name in param.opts if name.startswith("--")}
    nested = command.commands.values() if isinstance(command, click.Group) else ()
    return own.union(*(_options(each) for each in nested))


def test_every_flag_and_variable_of_theirs_has_one_row():
    named = [row[0].strip("`") for row in _rows() if ".sh" not in row[0] and ".py" not in row[0]]
    assert sorted(named) == sorted([*(f"--{flag}" for flag in FLAGS), *VARIABLES])


def test_every_row_says_what_is_here_instead_or_that_it_is_gone():
    assert all(row[1] for row in _rows())
    reasons = [row[1] for row in _rows() if "`" not in row[1]]
    assert set(reasons) == {"gone", "the manifest"}


def test_options_columns_settings_and_variables_of_ours_are_there():
    ours = "\n".join(row[1] for row in _rows())
    options = set(re.findall(r"`(--[a-z-]+)`", ours))
    columns = set(re.findall(r"column `(\w+)`", ours))
    variables = set(re.findall(r"NIGHTSHOOT_\w+", _text()))
    assert options > {"--size", "--infer-frames", "--dtype"}
    assert options <= _options(cli)
    assert columns > {"num_clip", "sample_steps", "dtype"}
    assert columns <= set(COLUMN_NAMES)
    assert set(re.findall(r"setting `(\w+)`", ours)) == {"sample_shift"} <= set(DEFAULTS)
    assert variables == {
        WEIGHTS_VARIABLE,
        DEVICE_VARIABLE,
        OFFLOAD_VARIABLE,
        PLACEMENT_VARIABLE,
        SLOTS_VARIABLE,
    }


def test_the_folders_of_the_recipe_are_those_that_are_read():
    assert f"  {BASE_FOLDER}/\n     {LORA_FOLDER}/{LORA_NAME}\n" in _text()


def test_the_manifest_of_the_recipe_has_columns_that_are_read():
    block = re.search(r"```csv\n(.+?)```", _text(), re.DOTALL)
    assert block
    (row,) = csv.DictReader(io.StringIO(re.sub(r"^ +", "", block[1], flags=re.MULTILINE)))
    assert set(row) <= set(COLUMN_NAMES)
    assert set(row) >= {"video_id", "portrait", "audio"}
    assert row["engine"] == "live-avatar"


def test_the_pages_commands_take_the_options_that_it_gives_them():
    commands = re.findall(
        r"^ *(nightshoot .+)$|`(nightshoot [a-z]+ --[^`]+)`", _text(), re.MULTILINE
    )
    assert len(commands) >= 3
    for block, inline in commands:
        name, *given = (block or inline).split()[1:]
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        assert {each for each in given if each.startswith("--")} <= _options(command)
