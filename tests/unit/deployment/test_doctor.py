"""What doctor concludes from what it saw, and what a schedule warns of: values in, words out."""

import copy
import re
import shutil
import subprocess
import sys
from configparser import ConfigParser
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from flows.cluster.parameters import CampaignParameters
from flows.deployment.automations import revive_automation, webhook_automation, zombie_automation
from flows.deployment.doctor import (
    cluster_findings,
    disk_finding,
    engine_findings,
    serializer_finding,
    telemetry_finding,
)
from flows.deployment.findings import Report
from flows.deployment.inventory import (
    DEPLOY_FILE,
    POOLS,
    ClusterStatus,
    Thing,
    WorkerSeen,
    is_same_automation,
)
from flows.deployment.server import (
    ClusterError,
)
from flows.deployment.server_findings import (
    BATCHING,
    OUTAGE_VARIABLE,
    ServerFacts,
    batching_findings,
    database_finding,
    outage_finding,
    server_findings,
)
from flows.deployment.setup import (
    merged_template,
)
from flows.deployment.submit import When, campaign_name, named_numbers
from flows.supervisor.home import PASSWORD_VARIABLE
from flows.supervisor.settings import server_settings
from model.errors import CampaignError

ROOT = Path(__file__).parents[3]
FILES = ROOT / "docs" / "operations"

SETTINGS: dict[str, Any] = {
    "server": {
        "analytics_enabled": False,
        "ui": {"api_url": None},
        "database": {"driver": "postgresql+asyncpg"},
        "events": {"expired_bucket_buffer": "P7D"},
        "services": {
            "task_run_recorder": {"batch_size": 100, "read_batch_size": 100},
            "event_persister": {"batch_size": 200, "read_batch_size": 100},
            "triggers": {"read_batch_size": 100},
        },
    }
}
PREFECT = "3.8.8"


def facts(**changes: Any) -> ServerFacts:
    usual = {
        "url": "http://127.0.0.1:4200/api",
        "settings": SETTINGS,
        "version": PREFECT,
        "stranger_status": 401,
        "tokenless_status": 403,
        "open_addresses": (),
    }
    return ServerFacts(**(usual | changes))


def verdicts(findings) -> dict[str, str]:
    return {finding.what: finding.verdict for finding in findings}


def settings(path: str, value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(SETTINGS)
    *parents, name = path.split(".")
    place = changed["server"]
    for parent in parents:
        place = place[parent]
    place[name] = value
    return changed


# --- doctor -------------------------------------------------------------------------------------


def test_a_protected_server_is_all_well():
    assert set(verdicts(server_findings(facts())).values()) == {"ok"}


@pytest.mark.parametrize(
    ("changes", "what", "verdict"),
    [
        ({"stranger_status": 200}, "auth string", "fail"),
        ({"tokenless_status": 200}, "CSRF protection", "warn"),
        ({"open_addresses": ("10.0.0.5",)}, "address", "warn"),
        ({"url": "http://control:4200/api"}, "address", "warn"),
        ({"url": "https://control/api", "settings": settings("ui.api_url", "x")}, "address", "ok"),
        ({"settings": settings("analytics_enabled", True)}, "telemetry of the server", "warn"),
        ({"url": "http://127.0.0.1:4333/api"}, "UI", "warn"),
        ({"settings": settings("events.expired_bucket_buffer", "PT1M")}, "outages", "warn"),
        ({"version": "3.9.1"}, "version", "warn"),
    ],
)
def test_one_weakness_of_a_server_is_one_finding(changes, what, verdict):
    found = verdicts(server_findings(facts(**changes)))

    assert found.pop(what) == verdict
    assert set(found.values()) == {"ok"}


def test_whatever_is_not_well_has_a_way_out():
    weak = facts(stranger_status=200, tokenless_status=200, open_addresses=("10.0.0.5",))
    findings = [
        *server_findings(weak),
        *batching_findings(settings("services.triggers.read_batch_size", 1)),
        database_finding(settings("database.driver", None), 3),
        disk_finding(10),
        serializer_finding("pickle"),
        telemetry_finding({}),
    ]

    assert all(finding.way_out for finding in findings if finding.verdict != "ok")
    assert sum(finding.verdict == "fail" for finding in findings) == 3


def test_batching_names_the_settings_that_are_too_small():
    (finding,) = batching_findings(settings("services.event_persister.batch_size", 20))

    assert finding.verdict == "warn"
    assert finding.way_out.endswith("PREFECT_SERVER_SERVICES_EVENT_PERSISTER_BATCH_SIZE=200")
    assert [each.verdict for each in batching_findings(SETTINGS)] == ["ok"]


@pytest.mark.parametrize(
    ("free_bytes", "verdict"), [(20e9, "ok"), (10e9, "ok"), (5e9, "warn"), (0.5e9, "fail")]
)
def test_the_disk_is_judged_by_what_a_night_needs(free_bytes, verdict):
    assert disk_finding(int(free_bytes)).verdict == verdict


def test_results_are_json_or_it_fails():
    assert serializer_finding("json").verdict == "ok"
    assert serializer_finding("compressed/pickle").verdict == "fail"


def test_a_pool_nobody_works_for_fails_and_says_how_to_start_a_worker():
    status = ClusterStatus(
        url="u",
        things=(Thing(kind="queue", name="gpu/urgent", state="missing"),),
        workers=(
            WorkerSeen(pool="cpu", name="a", is_online=True, last_heartbeat=None),
            WorkerSeen(pool="gpu", name="b", is_online=False, last_heartbeat=None),
        ),
        schedules=(),
    )
    findings = {finding.what: finding for finding in cluster_findings(status)}

    assert status.exit_code == 1
    assert findings["cluster"].found == "queue gpu/urgent (missing)"
    assert findings["workers of cpu"].verdict == "ok"
    assert findings["workers of gpu"].way_out == (
        "prefect worker start --pool gpu --type gpu-process"
    )


def test_what_an_engine_finds_is_told_under_its_name():
    (finding,) = engine_findings("preview")

    assert (finding.verdict, finding.what) == ("ok", "preview, engine")


def test_an_engine_without_weights_fails_and_an_unknown_one_is_refused(monkeypatch):
    monkeypatch.delenv("NIGHTSHOOT_WEIGHTS", raising=False)
    monkeypatch.delenv("NIGHTSHOOT_WEIGHTS_ID", raising=False)
    monkeypatch.setitem(sys.modules, "torch", None)  # as where it is not installed
    findings = verdicts(engine_findings("live-avatar"))

    assert findings["live-avatar, packages"] == findings["live-avatar, weights"] == "fail"
    assert Report(findings=tuple(engine_findings("live-avatar"))).exit_code == 1
    with pytest.raises(CampaignError, match=r'--engine "x": must be one of preview'):
        engine_findings("x")


# --- schedules ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cron", "timezone", "nights"),
    [
        ("15 1 * * *", "Europe/Berlin", []),
        ("15 2 * * *", "Europe/Berlin", ["2027-03-28", "2027-10-31"]),
        ("15 1 * * *", "Europe/London", ["2027-03-28", "2027-10-31"]),
        ("30 1-3 * * 1", "America/New_York", ["2027-03-14", "2027-11-07"]),
        ("15 2 * * *", "UTC", []),
        ("*/5 * * * *", "Europe/Berlin", []),
    ],
)
def test_times_that_clocks_skip_or_repeat_are_warned_of(cron, timezone, nights):
    warnings = " ".join(When(cron, timezone).warnings(date(2026, 11, 21)))

    assert sorted(set(re.findall(r"\d{4}-\d\d-\d\d", warnings))) == nights


@pytest.mark.parametrize(
    "cron", ["", "15 1 * *", "61 1 * * *", "every night", "@daily", "0 15 1 * * *"]
)
def test_a_cron_rule_that_is_none_is_refused(cron):
    with pytest.raises(ClusterError, match=r'--cron ".*" must be five fields'):
        When(cron, "UTC")


@pytest.mark.parametrize("timezone", ["", "Berlin", "../etc/passwd", "/etc/localtime"])
def test_a_timezone_that_is_none_is_refused(timezone):
    with pytest.raises(ClusterError, match="is not a timezone"):
        When("15 1 * * *", timezone)


def test_fields_of_cron_rules_name_numbers():
    assert named_numbers("1") == (1,)
    assert named_numbers("1,3-5") == (1, 3, 4, 5)
    assert named_numbers("*") == named_numbers("*/15") == ()


@pytest.mark.parametrize(
    ("manifest", "campaign", "name"),
    [
        ("/data/june.csv", None, "june"),
        ("s3://bucket/a/june.csv", None, "june"),
        ("https://host/june.csv?version=2", None, "june"),
        ("/data/june.csv", "summer", "summer"),
    ],
)
def test_a_campaign_is_named_after_its_manifest(manifest, campaign, name):
    assert campaign_name(CampaignParameters(manifest=manifest, out="o", campaign=campaign)) == name


# --- what is put on the server ------------------------------------------------------------------


def test_a_template_gains_what_it_lacks_and_keeps_what_it_has():
    own = {"env": {"default": {"A": "own"}}, "limit": 3}
    wished = {"env": {"default": {"A": "b", "C": "d"}, "title": "E"}, "limit": 1, "gpus": {}}

    merged = merged_template(own, wished)

    assert merged == {
        "env": {"default": {"A": "own", "C": "d"}, "title": "E"},
        "limit": 3,
        "gpus": {},
    }
    assert own == {"env": {"default": {"A": "own"}}, "limit": 3}
    assert merged_template(merged, wished) == merged


def test_an_automation_that_is_switched_off_is_still_the_same():
    off = zombie_automation().model_copy(update={"enabled": False})

    assert is_same_automation(off, zombie_automation())
    assert not is_same_automation(revive_automation(), zombie_automation())


def test_a_revival_waits_longer_than_prefect_reports_a_crash():
    assert revive_automation().trigger.within.total_seconds() >= 10


def test_what_a_webhook_is_told_is_json_even_with_quotes_in_it():
    import json
    from uuid import uuid4

    from jinja2 import Environment

    (action,) = webhook_automation(uuid4(), "http://h/runs").actions
    run = {"name": "june", "id": "1-2", "state": {"name": "Failed", "message": 'it "failed"\n'}}
    told = json.loads(Environment(autoescape=True).from_string(action.payload).render(flow_run=run))

    assert told == {
        "campaign": "june",
        "state": "Failed",
        "message": 'it "failed"\n',
        "url": "http://h/runs/1-2",
    }


def test_deployments_are_modules_of_the_package_on_pools_that_are_made():
    deployments = yaml.safe_load(DEPLOY_FILE.read_text())["deployments"]

    for deployment in deployments:
        assert re.fullmatch(
            r"flows\.cluster\.(campaign_flows|video_flow)\.[a-z_]+", deployment["entrypoint"]
        )
        assert deployment["work_pool"]["name"] in POOLS
        assert deployment["description"]
        assert deployment["work_pool"]["job_variables"]["env"] == {
            "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
            "PREFECT_RESULTS_DEFAULT_SERIALIZER": "json",
            "DO_NOT_TRACK": "1",
        }
    schedules = [each for deployment in deployments for each in deployment.get("schedules", [])]
    assert [each["active"] for each in schedules] == [False]
    assert all(each["slug"] for each in schedules)


# --- the files of docs/operations ---------------------------------------------------------------


def env_file(name: str) -> dict[str, str]:
    lines = (FILES / name).read_text().splitlines()
    pairs = [line.split("=", 1) for line in lines if line and not line.startswith("#")]
    return {name: value.strip("'") for name, value in pairs}


def test_the_containers_are_set_like_the_units():
    services = yaml.safe_load((FILES / "compose.yaml").read_text())["services"]
    in_container = services["server"]["environment"]
    on_machine = env_file("server.env")

    differing = {name for name in on_machine if in_container[name] != on_machine[name]}
    assert in_container.keys() == on_machine.keys()
    assert differing == {
        "PREFECT_SERVER_API_HOST",
        "PREFECT_SERVER_API_AUTH_STRING",
        "PREFECT_SERVER_DATABASE_HOST",
        "PREFECT_SERVER_DATABASE_PASSWORD",
    }
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert len(ports) == 1


def test_the_server_of_the_page_is_protected_quiet_and_batching():
    env = env_file("server.env")

    assert env["PREFECT_SERVER_API_HOST"] == "127.0.0.1"
    assert env["PREFECT_SERVER_CSRF_PROTECTION_ENABLED"] == "true"
    assert env["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
    assert env["DO_NOT_TRACK"] == env_file("nightshoot.env")["DO_NOT_TRACK"] == "1"
    assert {name: int(env[name]) for name in BATCHING} == BATCHING


def test_the_servers_of_the_page_and_of_cluster_start_remember_over_an_outage(tmp_path: Path):
    one_machine = server_settings(tmp_path, 4200, {PASSWORD_VARIABLE: "admin:x"}, {})

    for env in (env_file("server.env"), one_machine):
        remembered = settings("events.expired_bucket_buffer", env[OUTAGE_VARIABLE])
        assert outage_finding(remembered).verdict == "ok"


@pytest.mark.parametrize("path", sorted(FILES.glob("*.service")), ids=lambda path: path.stem)
def test_a_unit_restarts_and_keeps_its_secrets_in_a_file(path: Path):
    unit = ConfigParser(interpolation=None)
    unit.optionxform = str
    unit.read_string(path.read_text())

    service = unit["Service"]
    assert service["User"] == "nightshoot"
    assert (service["Restart"], service["RestartSec"]) == ("always", "20")
    assert service["EnvironmentFile"].startswith("/etc/nightshoot/")
    assert unit["Install"]["WantedBy"] == "multi-user.target"
    assert "PASSWORD" not in path.read_text()


def test_systemd_finds_no_fault_with_the_units(tmp_path: Path):
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed")
    for path in FILES.glob("*.service"):
        # it looks for the programs, which are there only on the machines of the page
        text = re.sub(r"ExecStart=\S+", "ExecStart=/bin/true", path.read_text())
        (tmp_path / path.name).write_text(text)

    verified = subprocess.run(
        ["systemd-analyze", "verify", *tmp_path.glob("*.service")],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert (verified.returncode, verified.stderr) == (0, "")


def test_the_watch_can_read_its_file_and_no_password(tmp_path: Path):
    """As the page sets up ``/etc/nightshoot``; the unit runs as ``nightshoot``, not as root."""
    page = (FILES.parent / "operations.md").read_text()
    (folder_made,) = re.findall(r"install -d -m \d+ /etc/nightshoot", page)
    (file_made,) = re.findall(
        r"install -m \d+ -g nightshoot docs/operations/alarms\.toml \S+/", page
    )
    (env_made,) = re.findall(
        r"install -m \d+ docs/operations/nightshoot\.env /etc/nightshoot/", page
    )
    script = "\n".join((folder_made, file_made.replace("-g nightshoot ", ""), env_made))
    etc = tmp_path / "nightshoot"
    subprocess.run(
        ["sh", "-euc", script.replace("/etc/nightshoot", str(etc))], cwd=ROOT, check=True
    )

    assert etc.stat().st_mode & 0o011 == 0o011, "the user nightshoot may go through"
    assert (etc / "alarms.toml").stat().st_mode & 0o777 == 0o640, "its group reads, others do not"
    assert (etc / "nightshoot.env").stat().st_mode & 0o077 == 0
    unit = (FILES / "nightshoot-watch.service").read_text()
    assert "User=nightshoot\n" in unit
    assert "watch /etc/nightshoot/alarms.toml" in unit
