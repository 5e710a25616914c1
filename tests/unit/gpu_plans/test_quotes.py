"""`nightshoot plan --gpus`, `submit --placement`: what people are told, and what is refused."""

import json
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from flows.cli.cluster_commands import campaign_parameters
from flows.cli.gpus.tables import gpu_tables
from flows.cli.main import cli
from flows.cluster.parameters import RetryParameters
from model.errors import CampaignError
from model.live_avatar.planning.gpus import GPUS, usable_bytes
from tasks.gpu_plans.calibration import (
    CalibrationEntry,
    calibration_path,
    keep_calibration,
    read_calibrations,
)
from tasks.gpu_plans.campaign_quote import PoolEngine, finish, quote_campaign
from tasks.gpu_plans.layouts import layout_env
from tasks.gpu_plans.quotes import quote_gpus
from tasks.gpu_plans.requests import GpuRequest, Videos, preset_videos, usable_settings, videos_of
from tasks.gpu_plans.speeds import Speed
from tasks.manifest.presets import load_presets
from tasks.records import VideoPlan
from tests.unit.plans import video_plan

FIGURES = {
    **{"linear_s": 0.004, "attention_s": 0.005, "decode_s": 0.006, "encode_s": 0.006},
    **{"layer_s": 1e-4, "pass_s": 1e-3, "to_gpu_gbps": 50.0, "to_host_gbps": 50.0},
    "load_gbps": 2.0,
}
HD = [Videos("hd", 704, 384, {}, {"long": (144,) * 10, "short": (144,) * 2, "middle": (144,) * 5})]


def entry(gpu: str = "NVIDIA H100 80GB HBM3", dtype: str = "bfloat16", **fields: object):
    values: dict[str, object] = {
        "engine": "live-avatar",
        "model": "live-avatar-14b",
        "gpu": gpu,
        "dtype": dtype,
        "memory_bytes": 79 << 30,
        "measured_at": datetime(2026, 11, 20, tzinfo=UTC),
        "measured_in_s": 100.0,
        "figures": FIGURES,
        "kernels": {"cudnn": 0.001},
        "versions": {"torch": "2.13.0"},
    }
    return CalibrationEntry.model_validate(values | fields)


def printed(*arguments: str) -> str:
    done = CliRunner().invoke(cli, ["plan", *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def shown(asked: GpuRequest, width: int = 140) -> str:
    console = Console(width=width, file=StringIO())
    quote = quote_gpus(HD, asked)
    campaign = quote_campaign(HD, asked)
    for part in gpu_tables(quote.model_copy(update={"campaign": campaign})):
        console.print(part)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


# --- the command --------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def no_calibration(monkeypatch, tmp_path):
    monkeypatch.setenv("NIGHTSHOOT_CALIBRATION", str(tmp_path / "none.json"))


def test_eighty_columns_show_placements_whole_with_what_is_offloaded_below():
    told = shown(GpuRequest("4x24"), width=80).splitlines()
    first = next(number for number, line in enumerate(told) if " many " in line)

    assert told[first].split()[:4] == ["hd", "704x384", "many", "stages=1"]
    assert told[first + 1].strip() == "kv, weights, text"
    assert max(map(len, told)) <= 80


def test_without_a_manifest_every_preset_is_planned_on_every_pool():
    quote = json.loads(printed("--gpus", "4x24,1x80", "--json"))

    assert [pool["pool"] for pool in quote["pools"]] == ["4x24", "1x80"]
    names = [size["what"] for size in quote["pools"][0]["sizes"]]
    assert names == list(load_presets())
    assert all(size["video_s"] == 60 for size in quote["pools"][0]["sizes"])
    assert (
        "not calibrated: estimated from the counted work of the engine and the datasheet of A10"
        in quote["pools"][0]["basis"]
    )
    assert quote["pools"][0]["sizes"][-1]["bulk"]["offload"] == "kv,weights,text"


def test_a_preset_a_size_and_settings_narrow_it_down():
    told = ["--gpus", "1xH200", "--preset", "hd", "--size", "384*256", "--sample-steps", "2"]
    (size,) = json.loads(printed(*told, "--dtype", "float8", "--json"))["pools"][0]["sizes"]

    assert (size["size"], size["num_steps"], size["bulk"]["dtype"]) == ("384x256", 2, "float8")


def test_a_truncated_schedule_has_a_step_less():
    told = printed(
        "--gpus", "1xH200", "--preset", "hd", "--set", "truncate_schedule=true", "--json"
    )
    (size,) = json.loads(told)["pools"][0]["sizes"]

    assert size["num_steps"] == 3


def test_the_table_says_what_to_set_and_that_seconds_are_assumed():
    text = shown(GpuRequest("4x24,1x80"))

    assert "4x24: 4 GPUs of 22.15 GiB usable, bfloat16" in text
    assert "gpus 1, NIGHTSHOOT_PLACEMENT=stages=1 NIGHTSHOOT_OFFLOAD=kv,weights,text" in text
    assert "GiB missing on one GPU with nothing offloaded: hd 73.7" in text
    assert "float8 (changes pixels)" in text
    assert "3 videos, 98 s of video: finished after about" in text
    assert "4x24 renders 2, 4 at once: gpus 1, NIGHTSHOOT_PLACEMENT=stages=1" in text
    assert "estimated from datasheets" in text


def test_a_calibrated_gpu_is_named_with_its_date_and_needs_no_assumption():
    text = shown(GpuRequest("1xH100", (entry(),)))

    assert "calibrated on NVIDIA H100 80GB HBM3 in bfloat16, 2026-11-20" in text
    assert "each engine loads the weights once, in about 22 s" in text
    assert "estimated from datasheets" not in text


def test_where_nothing_fits_the_reason_is_told():
    text = shown(GpuRequest("1x16", placement=None, offload=None, host_gib=1.0))

    assert "nothing fits" in text
    assert "finished after" not in text


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["--gpus", "4x24+1x80"], "mixes GPUs"),
        (["--gpus", "4x24,1x80", "--placement", "heads=5"], "4x24, 1x80 is 4x24"),
        (["--gpus", "4x24", "--placement", "heads=3"], "does not divide the model's 40"),
        (["--gpus", "4x24", "--placement", "stages=5"], "stages=5 for 4 steps"),
        (["--gpus", "4x24", "--placement", "steps=4"], "unknown or given twice"),
        (["--gpus", "4x24", "--offload", "sink"], "sink without kv"),
        (["--gpus", "1xA10", "--dtype", "float8"], "A10 has no 8-bit products"),
        (["--gpus", "1x24", "--sample-steps", "0"], "must be from 1 to 100"),
        (["--gpus", "1x24", "--set", "speed=9"], "no such setting"),
        (["--gpus", "1x24", "--preset", "none"], 'preset "none" is unknown'),
    ],
)
def test_what_cannot_be_planned_is_refused_with_a_way_out(arguments, fault):
    with pytest.raises(CampaignError, match=fault):
        CliRunner().invoke(cli, ["plan", *arguments], catch_exceptions=False)


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ([], "give a MANIFEST, or --gpus"),
        (["--rush"], "--rush works only together with --gpus"),
        (["--gpus", "1x24", "--voice", "mara"], "--voice works only together with a MANIFEST"),
        (["--gpus", "1x24", "--engine", "preview"], "--engine works only together with a MANIFEST"),
        (["--gpus", "1x24", "--size", "big"], "must be WxH"),
    ],
)
def test_options_that_say_nothing_are_refused(arguments, fault):
    done = CliRunner().invoke(cli, ["plan", *arguments])

    assert done.exit_code == 2
    assert fault in done.output


# --- a campaign ---------------------------------------------------------------------------------


def plan_of(video_id: str, engine: str, num_segments: int, **settings: str | int) -> VideoPlan:
    own = {"video_id": video_id, "engine": engine, "settings": settings}
    return video_plan(144, num_segments, width=704, height=384, **own)


def test_videos_that_cost_the_same_are_planned_together():
    plans = [
        plan_of("a", "live-avatar", 2, sample_steps=4, continuation="x"),
        plan_of("b", "live-avatar", 1, sample_steps=4, continuation="y"),
        plan_of("c", "live-avatar", 1, sample_steps=3),
        plan_of("d", "preview", 9),
    ]

    kinds = videos_of(plans)

    assert sorted(sorted(kind.segments) for kind in kinds) == [["a", "b"], ["c"]]
    assert {kind.what for kind in kinds} == {"2 videos", "c"}
    assert {frames for kind in kinds for each in kind.segments.values() for frames in each} == {144}


def test_the_longest_video_goes_where_it_is_done_first():
    (pool,) = quote_gpus(HD, GpuRequest("1xH100")).pools
    layout = pool.sizes[0].bulk
    assert layout is not None
    fast = PoolEngine("1xH100", layout, 10.0, {"long": 100.0, "middle": 60.0, "short": 10.0})
    slow = PoolEngine("1x24", layout, 0.0, {"long": 1000.0, "middle": 130.0, "short": 100.0})

    quote = finish([fast, slow], video_s=50.0)

    # long: fast until 110; middle: slow until 130, not fast until 170; short: fast until 120
    assert quote.seconds == 130
    assert quote.last_video == "middle"
    assert quote.shares == {"1xH100": 2, "1x24": 1}
    assert quote.gpu_seconds == 240


def test_a_pool_that_holds_none_of_the_videos_does_not_count():
    both = quote_campaign(HD, GpuRequest("1x16,1xH200", host_gib=1.0))
    alone = quote_campaign(HD, GpuRequest("1xH200"))

    assert both is not None
    assert both == alone


def test_rush_gives_a_video_all_gpus_of_its_pool():
    many, soon = (quote_campaign(HD, GpuRequest("4xH100", is_rush=rush)) for rush in (False, True))

    assert many is not None
    assert soon is not None
    assert many.shares == soon.shares == {"4xH100": 3}
    assert soon.seconds < many.seconds  # there are fewer videos than GPUs
    assert soon.gpu_seconds > many.gpu_seconds


def test_presets_are_told_once_where_they_cost_the_same():
    presets = load_presets()
    twice = {"a": presets["hd"], "b": presets["hd"], "c": presets["draft"]}

    kinds = preset_videos(twice, usable_settings({"infer_frames": "24"}), seconds=60)

    assert [kind.what for kind in kinds] == ["a, b", "c"]
    assert kinds[0].segments == {"video": (72,) * 20 + (60,)}


# --- the calibration file -----------------------------------------------------------------------


def test_the_file_keeps_the_newest_entry_of_each_kind(tmp_path):
    path = tmp_path / "config" / "calibration.json"
    newer = entry(measured_at=datetime(2026, 11, 21, tzinfo=UTC))

    assert read_calibrations(path) == ()
    for each in (entry(), entry(dtype="float8"), newer):
        keep_calibration(path, each)

    kept = read_calibrations(path)
    assert [(each.dtype, each.measured_at.day) for each in kept] == [
        ("float8", 20),
        ("bfloat16", 21),
    ]


@pytest.mark.parametrize("content", ["{}", "[1]", "no json", '[{"engine": "x"}]'])
def test_a_file_that_is_no_calibration_is_refused_with_a_way_out(tmp_path, content):
    path = tmp_path / "calibration.json"
    path.write_text(content)

    with pytest.raises(CampaignError, match=r"remove it and run\s`nightshoot calibrate`"):
        read_calibrations(path)


def test_the_file_is_where_the_environment_says():
    assert calibration_path({"NIGHTSHOOT_CALIBRATION": "/a/b"}) == Path("/a/b")
    assert calibration_path({"XDG_CONFIG_HOME": "/c"}) == Path("/c/nightshoot/calibration.json")
    assert calibration_path({}) == Path.home() / ".config/nightshoot/calibration.json"


@pytest.mark.parametrize(
    ("name", "measured", "gib", "is_same"),
    [
        ("h100", "NVIDIA H100 80GB HBM3", 79.1, True),
        ("h100", "NVIDIA H200", 139.7, False),
        ("a10", "NVIDIA A10", 22.06, True),
        ("a10", "NVIDIA A100-SXM4-80GB", 79.2, False),
        ("a100", "NVIDIA A100-SXM4-40GB", 39.4, False),
        ("a100-40", "NVIDIA A100-SXM4-40GB", 39.4, True),
        ("4090", "NVIDIA GeForce RTX 4090", 23.6, True),
    ],
)
def test_a_measured_gpu_is_known_by_name_and_memory(name, measured, gib, is_same):
    found = Speed.of(GPUS[name], (entry(gpu=measured, memory_bytes=int(gib * 2**30)),))

    assert (found.entry("bfloat16") is not None) == is_same
    expected = int(gib * 2**30) if is_same else usable_bytes(GPUS[name].memory_gb)
    assert found.gpu.memory_bytes == expected


def test_figures_of_another_model_or_engine_are_not_used():
    others = (entry(model="tiny"), entry(engine="preview"))

    assert Speed.of(GPUS["h100"], others).entries == ()


def test_an_entry_that_lacks_a_figure_says_so():
    figures = {name: value for name, value in FIGURES.items() if name != "layer_s"}

    with pytest.raises(CampaignError, match=r"lack \['layer_s'\].*calibrate` there again"):
        Speed.of(GPUS["h100"], (entry(figures=figures),)).rates("bfloat16")


@pytest.mark.parametrize(
    ("name", "value"), [("to_gpu_gbps", 0.0), ("attention_s", -1.0), ("pass_s", float("nan"))]
)
def test_an_entry_with_a_figure_that_cannot_be_says_so(name, value):
    wrong = entry(figures=FIGURES | {name: value})

    with pytest.raises(CampaignError, match=rf"measured: \['{name}'\].*calibrate` there again"):
        Speed.of(GPUS["h100"], (wrong,)).rates("bfloat16")


# --- runs ---------------------------------------------------------------------------------------


def parameters(**options: object):
    everything = {"only": (), "sample": None, "limit": None, "sample_seed": 0}
    return campaign_parameters("/m.csv", {"out": "/o", "settings": (), **everything, **options})


def test_a_placement_sets_the_gpus_of_a_campaigns_runs():
    assert parameters(placement="stages=4,decoder=own").gpus == 5
    assert parameters(gpus=2).gpus == 2
    assert parameters().gpus == 1
    assert RetryParameters(out="o", campaign="c", placement="heads=2", gpus=2).placement


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (["--placement", "stages=4", "--gpus", "2"], "gpus is 2, but placement stages=4 takes 4"),
        (["--placement", "stages"], "must be whole numbers"),
        (["--placement", "heads=3"], "does not divide"),
        (["--offload", "vae"], "names vae"),
        (["--offload", "weights", "--placement", "shards=2"], "shards=2"),
    ],
)
def test_a_layout_that_cannot_be_is_refused_before_any_server_is_asked(options, fault):
    done = CliRunner().invoke(cli, ["submit", "/m.csv", "--out", "/o", *options])

    assert done.exit_code == 2
    assert fault in done.output


def test_what_is_left_open_is_the_workers_own_way():
    assert layout_env("", "") == {}
    assert layout_env("stages=1", "kv") == {
        "NIGHTSHOOT_PLACEMENT": "stages=1",
        "NIGHTSHOOT_OFFLOAD": "kv",
    }
