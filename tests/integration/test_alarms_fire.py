"""Every alarm, fired by its cause: told once, over restarts too, and ended when it is over."""

import hashlib
import hmac
import json
import os
import socketserver
import sqlite3
import ssl
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar
from uuid import uuid4

import pytest

from flows.alarms.watch import Watch
from model.errors import CampaignError
from tasks.alarms.rules import RULES
from tasks.alarms.settings import read_settings
from tasks.gate_records import GateVerdict
from tasks.records import Failure, FileEntry, VideoReceipt
from tasks.store.campaign_folder import CampaignFolder
from tasks.store.record_json import record_bytes
from tests.unit.store.test_store import commit, failure_of, plan_of

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
SECRET = "a-secret-that-both-sides-share"


class Receiver:
    """What a person's pager is: keeps what it is sent, and can be told to be out of order."""

    def __init__(self) -> None:
        self.posts: list[tuple[dict[str, str], bytes]] = []
        self.beats = 0
        self.is_broken = False
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.posts.append((dict(self.headers), body))
                self.send_response(500 if receiver.is_broken else 204)
                self.end_headers()

            def do_GET(self) -> None:
                receiver.beats += 1
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def end(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def events(self) -> list[tuple[str, str]]:
        told = [json.loads(body) for _, body in self.posts]
        return [(each["alarm"], each["event"]) for each in told]


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.end()


@pytest.fixture
def alarms(tmp_path, receiver, monkeypatch):
    """``alarms(more_toml)``: a new watch over ``tmp_path/out``, with the state of the last one."""
    monkeypatch.setenv("NIGHTSHOOT_ALARM_SECRET", SECRET)
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    (tmp_path / "out").mkdir(exist_ok=True)

    def make(more: str = "") -> Watch:
        file = tmp_path / "alarms.toml"
        file.write_text(
            f'outs = ["{tmp_path / "out"}"]\nheartbeat_url = "{receiver.url}/beat"\n'
            f'{more if more.lstrip()[:1] != "[" else ""}\n[webhook]\nurl = "{receiver.url}/hook"\n'
            f"{more if more.lstrip()[:1] == '[' else ''}\n"
        )
        return Watch(read_settings(file), tmp_path / "state" / "alarms.json")

    return make


@pytest.fixture
def fires_once(alarms, receiver):
    """Look twice, restart, look again: told once; then end the cause: told once more."""

    def check(name: str, more: str = "", now=None, end=None) -> None:
        first = alarms(more)
        found = first.look(now)
        assert name in {each.name for each in found.alarms}, found
        first.look(now)
        alarms(more).look(now)
        assert receiver.events().count((name, "began")) == 1, receiver.events()
        assert receiver.beats == 0, "all is not well"
        if end is not None:
            end()
            again = alarms(more)
            again.look(now)
            again.look(now)
            assert receiver.events().count((name, "ended")) == 1, receiver.events()
            again.look(now)
            assert receiver.beats >= 1

    return check


@pytest.fixture
def campaign(tmp_path) -> CampaignFolder:
    folder = CampaignFolder(tmp_path / "out" / "june")
    folder.write_text("campaign.json", b"{}")
    return folder


def finish(folder: CampaignFolder, video_id: str, *, held: bool = False) -> None:
    entry = FileEntry(name=f"{video_id}.mp4", sha256=video_id * 4, num_bytes=1)
    verdict = GateVerdict(gate="sync", second=0, value=0, limit=1, held=held, words="late")
    receipt = VideoReceipt(
        video_id=video_id,
        plan_sha256="p",
        segment_keys=(),
        file=entry,
        captions=(),
        num_frames=12,
        duration_s=1,
        checks={},
        gates=(verdict,) if held else (),
    )
    folder.write_text(f"videos/{video_id}.json", record_bytes(receipt))


def fail(folder: CampaignFolder, video_id: str, signature: str) -> Failure:
    at = datetime.now(UTC).isoformat(timespec="seconds")
    failure = failure_of(video_id).model_copy(update={"signature": signature, "at": at})
    folder.write_failure(failure)
    return failure


def test_many_held_videos_wake_somebody_until_they_are_decided_on(campaign, fires_once, nightshoot):
    for number in range(6):
        finish(campaign, f"v{number}", held=number < 2)

    def decide() -> None:
        from tasks.review.decision import Decision
        from tasks.review.journal import record_decisions

        at = datetime.now(UTC).isoformat(timespec="seconds")
        for name in ("v0", "v1"):
            said = Decision(video_id=name, action="approve", looked_at=name * 4, by="Ann", at=at)
            record_decisions(campaign, [said])

    fires_once("many-held", end=decide)


def test_many_failures_wake_somebody(campaign, fires_once):
    for number in range(5):
        finish(campaign, f"v{number}")
    fail(campaign, "w1", "one")
    fires_once("many-failed", end=lambda: campaign.clear_failure("w1"))


def test_three_like_failures_open_the_breaker(campaign, fires_once):
    for number in range(3):
        fail(campaign, f"w{number}", "the same")
    fires_once("breaker-open", end=lambda: campaign.clear_failure("w1"))


def test_a_full_disk_wakes_somebody(campaign, fires_once):
    finish(campaign, "v0")
    fires_once("disk-low", "[thresholds]\ndisk_gb = 1e9")


def test_a_hot_gpu_wakes_somebody(campaign, fires_once):
    """The samples are as the sampler writes them; this machine has no GPU to heat."""
    from tasks.engines.gpu_samples import COLUMNS

    finish(campaign, "v0")
    now = datetime.now(UTC)
    lines = [",".join(COLUMNS)]
    for second in range(60):
        at = (now - timedelta(seconds=60 - second)).isoformat(timespec="milliseconds")
        lines.append(f"{at},gpu1,0,H200,1000,99,91,100")
    name = "logs/gpu/part-gpu1-1.csv"
    campaign.write_text(name, "\n".join(lines).encode())
    fires_once("gpu-hot", end=lambda: campaign.remove(name))


def test_a_gpu_that_became_slow_wakes_somebody(campaign, fires_once):
    for number in range(18):
        receipt = commit(campaign, f"{number:02x}" + "0" * 62)
        seconds = 1.0 if number < 12 else 2.5
        path = campaign.segment_receipt_path(receipt.key)
        campaign.renew_segment(receipt.model_copy(update={"engine_seconds": seconds}))
        at = time.time() - 100 + number
        os.utime(path, (at, at))
    fires_once("gpu-slow")


def test_a_database_that_grows_wakes_somebody(tmp_path, alarms, receiver, fires_once):
    place = tmp_path / "prefect.db"
    with sqlite3.connect(place) as database:
        database.execute("create table run (text)")
    more = f'database = "{place}"\n'
    yesterday = datetime.now(UTC) - timedelta(hours=25)
    more += "thresholds = { database_growth_gb = 0.001 }\n"
    assert not alarms(more).look(yesterday).alarms
    assert receiver.beats == 1
    receiver.beats = 0
    with sqlite3.connect(place) as database:
        database.executemany("insert into run values (?)", [("x" * 1000,)] * 3000)
    database.close()
    fires_once("database-growing", more)


@pytest.mark.cluster
def test_a_database_of_postgresql_that_grows_wakes_somebody(postgres, alarms, fires_once, receiver):
    postgres.query("create database growing")
    place = f"postgresql://prefect:unused@127.0.0.1:{postgres.port}/growing"
    postgres.query("create table run (state text)", "growing")
    more = f'database = "{place}"\nthresholds = {{ database_growth_gb = 0.001 }}\n'
    assert not alarms(more).look(datetime.now(UTC) - timedelta(hours=25)).alarms
    assert receiver.beats == 1
    receiver.beats = 0

    filled = "insert into run select repeat(md5(n::text), 100) from generate_series(1, 20000) n"
    postgres.query(f"alter table run alter state set storage external; {filled}", "growing")

    fires_once("database-growing", more)
    told = json.loads(receiver.posts[0][1])
    assert told["subject"] == "growth"
    absent = more.replace("/growing", "/absent")
    found = {each.name: each.message for each in alarms(absent).look().alarms}
    assert "database cannot be watched" in found["cannot-look"]
    assert 'database "absent" does not exist' in found["cannot-look"]


def test_an_end_that_is_near_and_a_certificate_that_is_not_valid_wake_somebody(
    tmp_path, alarms, fires_once, receiver
):
    soon = (datetime.now(UTC) + timedelta(days=3)).date()
    fires_once("ends-soon", f'ends = {{ "consent 2026-114" = {soon} }}\n')
    receiver.posts.clear()
    with tls_server(tmp_path, days=5) as (host, certificate):
        more = f'hosts = ["{host}"]\n'
        (found,) = alarms(more).look().alarms
        assert (found.name, "not valid" in found.message) == ("ends-soon", True)
        os.environ["SSL_CERT_FILE"] = str(certificate)
        try:
            (found,) = alarms(more).look().alarms
        finally:
            del os.environ["SSL_CERT_FILE"]
        ends = datetime.now(UTC) + timedelta(days=5)
        assert found.message == f"the certificate of {host} ends on {ends:%Y-%m-%d}"


def test_a_consent_that_ends_wakes_somebody_and_stays_while_its_file_cannot_be_read(
    tmp_path, alarms, fires_once, receiver
):
    soon = (datetime.now(UTC) + timedelta(days=3)).date()
    presenters = tmp_path / "presenters.toml"
    presenters.write_text(f'[mara]\nconsent = "2026-115"\nconsent_until = {soon}\n')
    more = f'presenters = ["{presenters}"]\n'

    fires_once("ends-soon", more)
    told = json.loads(receiver.posts[0][1])["message"]
    kept = presenters.read_bytes()
    presenters.unlink()
    (found,) = alarms(more).look().alarms
    presenters.write_bytes(kept.replace(b"20", b"21"))
    watch = alarms(more)
    watch.look()
    watch.look()

    assert told == f"consent 2026-115 (mara) ends on {soon}"
    assert (found.name, "presenters.toml: cannot be read" in found.message) == ("cannot-look", True)
    assert receiver.events() == [
        ("ends-soon", "began"),
        ("cannot-look", "began"),
        ("ends-soon", "ended"),
        ("cannot-look", "ended"),
    ]


@contextmanager
def tls_server(folder: Path, days: int):
    """A server with a certificate of its own that ends in ``days``."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "certificate.pem"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret = folder / "key.pem"
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, secret)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            try:
                with context.wrap_socket(self.request, server_side=True) as secured:
                    secured.recv(1)
            except OSError:
                pass

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"localhost:{server.server_address[1]}", pem
        server.shutdown()
        thread.join()


# --- what Prefect's server says -----------------------------------------------------------------


@pytest.fixture
def server(prefect_api, monkeypatch, alarms):
    """A client of a real server; the watch looks at it too."""
    from prefect.settings import PREFECT_API_URL, temporary_settings

    from flows.deployment.server import cluster_client

    monkeypatch.setenv("PREFECT_API_URL", prefect_api)
    with temporary_settings({PREFECT_API_URL: prefect_api}), cluster_client() as client:
        yield client


def remove(client, run_id) -> None:
    client.delete_flow_run(run_id)


def test_a_night_that_nobody_begins_wakes_somebody_and_so_does_one_that_was_never_made(
    server, fires_once, receiver, alarms
):
    from prefect.client.schemas.schedules import CronSchedule
    from prefect.states import Scheduled

    flow = server.create_flow_from_name("campaign")
    deployment = server.create_deployment(flow, "nightly", entrypoint="x:y")
    run = server.create_flow_run_from_deployment(
        deployment,
        parameters={"request": {"manifest": "/srv/june.csv"}},
        state=Scheduled(scheduled_time=datetime.now(UTC) - timedelta(minutes=11)),
    )
    fires_once("night-not-started", end=lambda: remove(server, run.id))

    server.create_deployment_schedules(
        deployment, [(CronSchedule(cron="15 1 * * *", timezone="UTC"), True)]
    )
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).replace(hour=1, minute=40)
    for made in server.read_flow_runs():
        if made.deployment_id == deployment:
            remove(server, made.id)  # as if the scheduler had stopped
    try:
        found = {each.name: each.message for each in alarms().look(tomorrow).alarms}
        assert "the scheduler made no run of it" in found["night-not-started"]
    finally:
        server.delete_deployment(deployment)


def test_a_finish_past_the_window_wakes_somebody(server, fires_once, campaign, tmp_path):
    from prefect.states import Running

    plan = plan_of("v0")
    segments = tuple(
        {"index": i, "start_frame": 12 * i, "end_frame": 12 * i + 12, "key": f"{i:064x}"}
        for i in range(1000)
    )
    whole = plan.model_validate(
        {**plan.model_dump(), "plan": {**plan.plan.model_dump(), "segments": segments}}
    )
    campaign.write_plan(whole)
    commit(campaign, f"{0:064x}")
    now = datetime.now(UTC)
    window = f"{now - timedelta(hours=2):%H:%M}-{now + timedelta(hours=1):%H:%M}"
    request = {"manifest": "june.csv", "out": str(tmp_path / "out"), "window": window}
    flow = server.create_flow_from_name("campaign")
    deployment = server.create_deployment(flow, "adhoc", entrypoint="x:y")
    run = server.create_flow_run_from_deployment(deployment, parameters={"request": request})
    server.set_flow_run_state(run.id, Running(), force=True)
    later = now + timedelta(minutes=40)
    try:
        fires_once("finish-past-window", now=later, end=lambda: remove(server, run.id))
    finally:
        server.delete_deployment(deployment)


def test_a_worker_that_is_gone_wakes_somebody(server, fires_once):
    from prefect.client.schemas.actions import WorkPoolCreate

    name = f"gpu1-{uuid4().hex[:6]}"
    server.create_work_pool(WorkPoolCreate(name="gpu", type="process"))
    try:
        server.send_worker_heartbeat("gpu", name)
        later = datetime.now(UTC) + timedelta(minutes=3)
        fires_once("worker-gone", now=later)
    finally:
        server.delete_work_pool("gpu")


def test_a_server_that_is_gone_wakes_somebody(alarms, fires_once, monkeypatch):
    from prefect.settings import PREFECT_API_URL, temporary_settings

    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    with temporary_settings({PREFECT_API_URL: "http://127.0.0.1:9/api"}):
        fires_once("cannot-look", end=lambda: monkeypatch.delenv("PREFECT_API_URL"))


# --- how they are told --------------------------------------------------------------------------


def verify(secret: bytes, headers: dict[str, str], body: bytes, now: float) -> bool:
    """As docs/operations.md says; shares no code with the product."""
    timestamp = headers["Nightshoot-Timestamp"]
    expected = hmac.new(secret, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    is_signed = hmac.compare_digest(headers["Nightshoot-Signature"], f"v1={expected}")
    return is_signed and abs(now - int(timestamp)) <= 300


def test_webhooks_are_signed_retried_over_restarts_and_bear_one_idempotency_key(
    campaign, alarms, receiver
):
    for number in range(3):
        fail(campaign, f"w{number}", "the same")
    receiver.is_broken = True
    now = datetime.now(UTC)
    assert alarms().look(now).troubles
    alarms().look(now + timedelta(seconds=1))
    assert len(receiver.posts) == 1, "it waits before it tries again"
    alarms().look(now + timedelta(seconds=11))
    receiver.is_broken = False
    alarms().look(now + timedelta(minutes=1))
    alarms().look(now + timedelta(minutes=2))

    assert receiver.events() == [("breaker-open", "began")] * 3
    assert len({headers["Idempotency-Key"] for headers, _ in receiver.posts}) == 1
    for headers, body in receiver.posts:
        assert verify(SECRET.encode(), headers, body, time.time())
        assert not verify(SECRET.encode(), headers, body + b" ", time.time())
        assert not verify(b"another secret of this kind", headers, body, time.time())
        assert not verify(SECRET.encode(), headers, body, time.time() + 301)
        documented = documented_verifier()
        assert documented(SECRET.encode(), headers, body)
        assert not documented(SECRET.encode(), headers, body + b" ")


def documented_verifier():
    """The function of the page, as it stands there."""
    page = (ROOT / "docs" / "operations.md").read_text()
    block = page.split("<!-- verifier -->")[1].split("<!-- end -->")[0]
    lines = [line.removeprefix("    ") for line in block.splitlines()]
    names: dict = {}
    exec("\n".join(lines), names)
    return names["is_from_nightshoot"]


class MailServer(socketserver.StreamRequestHandler):
    """As much of SMTP as one mail needs."""

    mails: ClassVar[list[str]] = []

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if verb == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                text = b""
                while (line := self.rfile.readline()) != b".\r\n":
                    text += line
                self.mails.append(text.decode())
            self.wfile.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")
            if verb == b"QUIT":
                return


def test_mail_is_sent_too(campaign, alarms, receiver):
    for number in range(3):
        fail(campaign, f"w{number}", "the same")
    MailServer.mails.clear()
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), MailServer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        more = (
            f'mail = {{ host = "127.0.0.1", port = {server.server_address[1]}, tls = "none", '
            'sender = "night@studio.example", to = ["ann@studio.example"] }\n'
        )
        alarms(more).look()
        alarms(more).look()
        server.shutdown()
        thread.join()
    (text,) = MailServer.mails
    assert "Subject: [nightshoot] breaker-open began: june" in text
    assert "To: ann@studio.example" in text
    assert receiver.events() == [("breaker-open", "began")]


def test_while_all_is_well_the_heartbeat_is_called_and_nobody_is_woken(campaign, alarms, receiver):
    finish(campaign, "v0")
    watch = alarms()
    watch.look()
    watch.look()
    assert (receiver.beats, receiver.posts) == (2, [])


def test_faults_of_the_settings_are_named_all_at_once(tmp_path, monkeypatch, receiver):
    monkeypatch.delenv("NIGHTSHOOT_ALARM_SECRET", raising=False)
    file = tmp_path / "alarms.toml"
    file.write_text('outs = []\nwhatever = 1\n[webhook]\nurl = "ftp://x"\n')
    with pytest.raises(CampaignError) as told:
        read_settings(file)
    for part in ("outs", "whatever", "webhook.url"):
        assert part in str(told.value)
    file.write_text(f'outs = ["x"]\n[webhook]\nurl = "{receiver.url}"\n')
    with pytest.raises(CampaignError, match="NIGHTSHOOT_ALARM_SECRET"):
        Watch(read_settings(file), tmp_path / "state.json")


def test_every_alarm_has_its_section_on_the_page_and_its_test():
    page = (ROOT / "docs" / "operations.md").read_text()
    here = Path(__file__).read_text()
    for name in RULES:
        assert f"\n### {name}\n" in page, name
        assert f'fires_once("{name}"' in here, name
