"""What may come in by the command line, and what may go out by it."""

import ast
import os
import sys
from pathlib import Path

import pytest
from rich.table import Table

from flows.cli.campaign_options import request_of
from flows.cli.main import _tell_unforeseen, main, render
from flows.cli.terminal import console
from flows.cluster.parameters import CampaignParameters, RetryParameters, VideoParameters
from flows.deployment.submit import campaign_name, retry_campaign, submit_campaign
from flows.outcomes import name_of
from model.errors import CampaignError, NightshootError
from tasks.errors import os_error_text
from tasks.records import CampaignRows, RowRecord
from tasks.store.campaign_folder import CampaignFolder
from tasks.store.campaigns import open_campaign
from tasks.store.files import write_file
from tests.unit.served import Answer, Served, png
from tests.unit.store.test_store import failure_of, plan_of

ROOT = Path(__file__).parents[3]
BAD_NAMES = (
    "..",
    ".",
    "",
    "../up",
    "/tmp/up",
    "a/b",
    "a\\b",
    "a\nb",
    "\x1b[2J",
    "a\x00b",
    "a\udce4",
)


@pytest.fixture
def command(monkeypatch, capsys):
    """The command line in this process: its exit code and what it printed."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["nightshoot", *map(str, arguments)])
        monkeypatch.delenv("PREFECT_API_URL", raising=False)
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return ended.value.code, printed.out + printed.err

    return run


# --- names of campaigns -------------------------------------------------------------------------


@pytest.mark.parametrize("name", BAD_NAMES)
@pytest.mark.parametrize("out", ["folder", "s3://bucket/renders"])
def test_a_campaign_is_a_folder_in_out_and_nowhere_else(tmp_path, monkeypatch, name, out):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NIGHTSHOOT_SCRATCH", str(tmp_path / "scratch"))
    with pytest.raises(CampaignError, match="must be the name of one folder"):
        open_campaign(out, name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["june", "June 2026 (draft)", "六月", "a..b", "v1.2", "#1?"])
def test_campaigns_are_named_as_people_name_files(tmp_path, name):
    assert open_campaign(tmp_path, name).root == tmp_path / name


@pytest.mark.parametrize("name", ["..", "a/../../b"])
@pytest.mark.parametrize("verb", ["status", "retry", "sweep"])
def test_every_command_refuses_a_name_that_leads_out_of_out(tmp_path, command, verb, name):
    out = tmp_path / "renders"
    out.mkdir()
    code, told = command(verb, name, "--out", out)
    assert (code, list(tmp_path.iterdir()), list(out.iterdir())) == (2, [out], [])
    assert "must be the name of one folder" in told


def test_a_manifest_whose_name_leads_out_of_out_is_refused(tmp_path, command):
    (tmp_path / "...csv").write_text("video_id,script,portrait\na,Hi.,a.png\n")
    code, told = command("render", tmp_path / "...csv", "--out", tmp_path / "renders")
    assert code == 2
    assert "must be the name of one folder" in told


@pytest.mark.parametrize("name", BAD_NAMES)
def test_prefect_takes_no_name_that_leads_out_of_out(name):
    plan = {"video_id": "a", "plan_sha256": "0"}
    for kind, fields in (
        (CampaignParameters, {"manifest": "/m.csv"}),
        (RetryParameters, {}),
        (VideoParameters, plan),
    ):
        with pytest.raises(ValueError, match="1 validation error"):
            kind.model_validate({"out": "/renders", "campaign": name, **fields})


def test_prefect_takes_no_video_that_leads_out_of_the_campaign():
    fields = {"out": "/renders", "campaign": "june", "plan_sha256": "0"}
    assert VideoParameters.model_validate(fields | {"video_id": "a-1"})
    with pytest.raises(ValueError, match="1 validation error"):
        VideoParameters.model_validate(fields | {"video_id": "../../x"})


def test_a_manifest_without_a_name_names_no_campaign():
    parameters = CampaignParameters(manifest="https://h/..", out="/renders")
    with pytest.raises(CampaignError, match="must be the name of one folder"):
        campaign_name(parameters)


# --- secrets ------------------------------------------------------------------------------------

SECRET_ADDRESSES = (
    "https://ann:PASSWORD@h/june.csv",
    "https://h/june.csv?X-Amz-Signature=PASSWORD",
    "s3://ann:PASSWORD@bucket/june.csv",
    "https:/ann:PASSWORD@h/june.csv",  # as a path writes it
    "ann:PASSWORD@h/june.csv",
)


@pytest.mark.parametrize("address", SECRET_ADDRESSES)
@pytest.mark.parametrize(
    "field",
    ["manifest", "out", "lexicon", "brand", "presenters", "variants", "gate_limits", "sheet"],
)
def test_no_secret_becomes_a_parameter_of_prefect(monkeypatch, address, field):
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    fields = {"manifest": "/june.csv", "out": "/renders", field: address}
    with pytest.raises(NightshootError, match=f"--{field.replace('_', '-')}|MANIFEST") as refused:
        submit_campaign(CampaignParameters.model_validate(fields))
    assert "PASSWORD" not in str(refused.value)
    assert "Prefect" in str(refused.value)


def test_no_secret_is_retried_on_a_cluster(monkeypatch):
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    with pytest.raises(NightshootError, match="--out") as refused:
        retry_campaign(RetryParameters(out="s3://a:PASSWORD@b/c", campaign="june"))
    assert "PASSWORD" not in str(refused.value)


@pytest.mark.parametrize("address", ["https://ann:PASSWORD@h", "https://h/a.csv?s=/PASSWORD"])
def test_a_manifests_name_holds_no_secret(address):
    assert "PASSWORD" not in name_of(address)


def test_a_server_whose_address_has_a_password_is_told_without_it(monkeypatch):
    from prefect.settings import PREFECT_API_URL, temporary_settings

    from flows.deployment.server import ClusterError, cluster_client, ui_url

    with temporary_settings({PREFECT_API_URL: "http://ann:PASSWORD@127.0.0.1:9/api"}):
        with pytest.raises(ClusterError) as refused, cluster_client():
            pass
        assert "http://127.0.0.1:9/api" in str(refused.value)
        assert "PASSWORD" not in str(refused.value) + ui_url("runs")


@pytest.mark.parametrize("option", ["--presets", "--variants", "--presenters", "--gate-limits"])
def test_no_secret_of_an_address_in_place_of_a_file_is_told(tmp_path, command, option):
    (tmp_path / "june.csv").write_text("video_id,script,portrait\n")
    address = "https://ann:PASSWORD@127.0.0.1:9/a.toml?sig=PASSWORD"
    out = ("--out", tmp_path / "out")
    code, told = command("plan", tmp_path / "june.csv", *out, option, address)
    assert code == 2
    assert "a.toml" in told
    assert "PASSWORD" not in told


def test_an_address_is_no_folder_to_keep_campaigns_in(tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "june.csv").write_text("video_id,script,portrait\n")
    out = "https://ann:PASSWORD@h/renders?sig=PASSWORD"
    for verb in (("plan", "june.csv"), ("status", "june"), ("list",)):
        code, told = command(*verb, "--out", out)
        assert code == 2
        assert "PASSWORD" not in told
        if verb[0] != "list":
            assert '--out "https://h/renders" is an address; campaigns are kept in a fold' in told
    assert [path.name for path in tmp_path.iterdir()] == ["june.csv"]


def test_a_voice_with_a_secret_need_not_be_on_the_command_line(monkeypatch, tmp_path):
    (tmp_path / "june.csv").touch()
    monkeypatch.setenv("NIGHTSHOOT_VOICE_URL", "http://ann:PASSWORD@h/v1")
    monkeypatch.setenv("NIGHTSHOOT_VOICE_COMMAND", "speak PASSWORD {text_file} {out}")

    def asked(*options):
        given = render.make_context("render", [str(tmp_path / "june.csv"), *options]).params
        return request_of(given.pop("manifest"), given).voice_settings

    assert asked().base_url == "http://ann:PASSWORD@h/v1"
    assert asked().command == "speak PASSWORD {text_file} {out}"
    assert asked("--voice-url", "http://other/v1").base_url == "http://other/v1"


# --- the terminal -------------------------------------------------------------------------------

STEERING = "\x1b]0;owned\x07\x1b[2Jgone\rover"


def stored_campaign(out: Path, message: str) -> None:
    folder = CampaignFolder(out / "june")
    rows = CampaignRows(columns=(), facts={}, rows=(RowRecord(video_id="a", line=2, cells={}),))
    folder.write_text("rows.json", rows.model_dump_json().encode())
    plan, failure = plan_of("a"), failure_of("a")
    folder.write_plan(plan)
    folder.write_failure(
        failure.model_copy(update={"message": message, "plan_sha256": plan.sha256})
    )


def test_no_text_of_a_store_steers_the_terminal_or_tells_a_secret(tmp_path, command):
    """Failures that an earlier release noted hold what its messages held."""
    stored_campaign(tmp_path, f"{STEERING}: http://ann:PASSWORD@h/v1 refused")
    _, told = command("status", "june", "--out", tmp_path)
    assert "goneover: http://h/v1 refused" in told
    assert not {"\x1b", "\x07", "\r"} & set(told)
    assert "PASSWORD" not in told


def test_no_error_steers_the_terminal(tmp_path, command):
    code, told = command("render", tmp_path / f"a{STEERING}.csv", "--out", tmp_path)
    assert code == 2
    assert not {"\x1b", "\x07", "\r"} & set(told)


def test_tables_are_printed_without_what_steers_the_terminal(capsys):
    table = Table("a", box=None)
    table.add_row(STEERING)
    console().print(table, STEERING)
    assert not {"\x1b", "\x07", "\r"} & set(capsys.readouterr().out)


def test_every_command_prints_through_the_same_door():
    """No module of the command line but the terminal's own prints by itself."""
    for path in (ROOT / "flows" / "cli").glob("*.py"):
        if path.name == "terminal.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                assert called not in ("click.echo", "click.secho", "print", "Console"), path.name


# --- stores that cannot be read -----------------------------------------------------------------


def test_a_store_that_cannot_be_read_is_one_clear_line(tmp_path, command):
    (tmp_path / "june" / "rows.json").mkdir(parents=True)  # a folder in the place of a file
    code, told = command("status", "june", "--out", tmp_path)
    assert code == 2
    assert told.count("\n") == 1
    assert str(tmp_path / "june" / "rows.json") in told
    assert "Is a directory" in told


def test_a_folder_in_the_place_of_a_file_is_named_and_not_the_part_that_was_to_have_its_name(
    tmp_path,
):
    place = tmp_path / "report.csv"
    place.mkdir()

    with pytest.raises(IsADirectoryError) as refused:
        write_file(place, b"video_id")

    assert os_error_text(refused.value) == (
        f"{place}: Is a directory; move that folder away, then run the same command again"
    )


@pytest.mark.parametrize(
    ("verb", "place"),
    [
        ("status", "june"),
        ("status", "june/rows.json"),
        ("status", "june/plans/a.json"),
        ("status", "june/failures"),
        ("retry", "june"),
        ("retry", "june/rows.json"),
        ("retry", "june/plans"),
        ("sweep --verify", "june"),
        ("sweep --verify", "june/plans"),
        ("sweep --verify", "june/plans/a.json"),
    ],
)
def test_a_place_that_may_not_be_read_is_one_clear_line(tmp_path, command, verb, place):
    stored_campaign(tmp_path, "failed")
    (tmp_path / place).chmod(0)
    try:
        if os.access(tmp_path / place, os.R_OK):
            pytest.skip("nothing is forbidden to root")
        code, told = command(*verb.split(), "june", "--out", tmp_path)
    finally:
        (tmp_path / place).chmod(0o700)
    assert code == 2
    assert "ermission denied" in told
    assert told.count("\n") == 1


def test_an_error_that_nobody_foresaw_is_told_without_secrets(capsys):
    try:
        raise RuntimeError("cannot reach http://ann:PASSWORD@h/api?k=PASSWORD")
    except RuntimeError as error:
        _tell_unforeseen(RuntimeError, error, error.__traceback__)

    told = capsys.readouterr().err
    assert "RuntimeError: cannot reach http://h/api" in told
    assert "test_doors.py" in told
    assert "PASSWORD@" not in told


# --- addresses of manifests ----------------------------------------------------------------------


def test_manifests_of_the_own_network_are_compared_where_they_may_be_read(command, tmp_path):
    rows = "video_id,script,portrait\none,{},face.png\n"
    served, here = Served(), tmp_path / "june.csv"
    here.write_text(rows.format("Hello."))
    (tmp_path / "face.png").write_bytes(png(64, 64))
    served.routes["/face.png"] = Answer(body=png(64, 64))
    served.routes["/june.csv"] = Answer(body=rows.format("Good morning.").encode())
    served.start()
    try:
        address = served.url("/june.csv")
        code, said = command("diff", address, here)
        assert (code, "allow private addresses" in said) == (2, True)
        code, said = command("diff", address, here, "--allow-private")
    finally:
        served.end()
    assert (code, 'script: "Good morning." -> "Hello."' in said) == (1, True), said
