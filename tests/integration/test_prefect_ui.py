"""What people see in Prefect's UI: its pages in headless Chromium, with the server's password.

The campaign that the pages show was asked for in the run form itself.
"""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from flows.cluster.artifacts import failure_report
from flows.cluster.parameters import CampaignParameters
from flows.deployment.automations import REVIVE, UNSTICK, ZOMBIE
from tasks.records import VideoOutcome
from tests.integration.campaigns import write_campaign
from tests.integration.kills import Crew
from tests.integration.servers import PrefectCluster, wait_until

pytestmark = [pytest.mark.integration, pytest.mark.cluster, pytest.mark.browser]

ARGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# two contended cores: a page needs 2 s alone, and has needed 10 s beside other tests
PAGE_TIMEOUT_MS = 60_000
DEFAULT_TIMEOUT_MS = 5_000
RUN_TIMEOUT_S = 300
# Prefect's own mistakes: pictures asked for outside of /v2, task runs of no task run, and the
# graph of a run that is drawn on when its page has been left
KNOWN_TROUBLES = re.compile(r"\.(svg|png|ico)$|/api/task_runs/filter$")
KNOWN_ERRORS = tuple(
    f"Cannot read properties of null (reading '{name}')" for name in ("x", "addChild")
)
# the new UI asks for its settings there before it has read that analytics are off
KNOWN_HOSTS = re.compile(r"^https://[a-z0-9.-]+\.amplitude\.com/")
HOSTILE = 'a | b <img src=x onerror="document.title=1"> `c` *d* $e$ ~~f~~ [g](http://h) __i__ &lt;'


@dataclass(frozen=True)
class Shown:
    """A campaign that ended, with a bad row, and where its run is."""

    name: str
    out: Path
    run: dict[str, Any]
    worker: str


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if not chromium:
        pytest.skip("no chromium on this machine; install one to test the pages")
    expect.set_options(timeout=PAGE_TIMEOUT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGS)
        yield browser
        browser.close()
    expect.set_options(timeout=DEFAULT_TIMEOUT_MS)


@pytest.fixture(scope="module")
def context(browser: Browser, cluster: PrefectCluster) -> Iterator[BrowserContext]:
    """A browser in which somebody has signed in with the server's password."""
    base = cluster.url.removesuffix("/api")
    with browser.new_context(base_url=base, viewport={"width": 1400, "height": 1400}) as context:
        context.set_default_timeout(PAGE_TIMEOUT_MS)
        # nothing leaves the machine; what tries to is among the requests that failed
        context.route(lambda url: not url.startswith(base), lambda route: route.abort())
        page = context.new_page()
        page.goto("/")
        page.get_by_placeholder("admin:pass").fill(cluster.env["PREFECT_API_AUTH_STRING"])
        page.get_by_role("button", name="Login").click()
        page.get_by_text("Logout").wait_for()
        page.close()
        yield context


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page; no error of its own making may be left in its console."""
    page, troubles = watched_page(context)
    yield page
    page.close()
    assert troubles == []


def watched_page(context: BrowserContext) -> tuple[Page, list[str]]:
    page = context.new_page()
    troubles: list[str] = []

    def note(kind: str, text: str, url: str) -> None:
        known = KNOWN_HOSTS.search(url) or KNOWN_TROUBLES.search(url)
        if kind == "error" and not known and text not in KNOWN_ERRORS:
            troubles.append(f"{url}: {text}")

    page.on("console", lambda said: note(said.type, said.text, said.location["url"]))
    page.on("pageerror", lambda error: note("error", str(error), page.url))
    return page, troubles


def open_form(page: Page, cluster: PrefectCluster, deployment: str) -> None:
    found = cluster.request("GET", f"/deployments/name/{deployment}")
    page.goto(f"/v2/deployments/deployment/{found['id']}/run")
    # the last thing to come are the defaults
    expect(page.get_by_label("Videos at once")).to_have_value("8")


def open_only_version(page: Page) -> None:
    """From the page of an artifact's history, which has one entry, as it is renewed in place."""
    page.locator("a[href*='/artifacts/artifact/']").click()


@pytest.fixture(scope="module")
def shown(
    whole_crew: Crew, context: BrowserContext, tmp_path_factory: pytest.TempPathFactory
) -> Shown:
    """Two good rows and two bad ones, asked for in the form of campaign/adhoc."""
    cluster = whole_crew.cluster
    folder = tmp_path_factory.mktemp("ui")
    manifest = write_campaign(folder / "in", num_videos=4, num_sentences=1)
    # narrower than the null engine can draw: it breaks the engine's rules, while it is rendered
    text = manifest.read_text().replace("96x64", "32x32", 1)
    # and one that has no face for its engine, which is found before it is rendered
    head, _, last = text.rpartition("null")
    text = f"{head}preview{last}"
    manifest = manifest.with_name("late_show 1.csv")
    manifest.write_text(text)
    with whole_crew.at_work():
        page, _ = watched_page(context)
        open_form(page, cluster, "campaign/adhoc")
        page.get_by_label("Run Name").fill("asked-for-in-the-form")
        page.get_by_label("Manifest").fill(str(manifest))
        page.get_by_label("Output").fill(str(folder / "out"))
        page.get_by_role("button", name="Submit").click()
        page.wait_for_url("**/deployment/*tab=Runs*")
        wanted = {"name": {"any_": ["asked-for-in-the-form"]}}
        run = wait_until(lambda: cluster.flow_runs(flow_runs=wanted), 60, "the run is made")[0]
        page.close()
        ended = cluster.wait_for_run(run["id"], timeout_s=RUN_TIMEOUT_S)
    return Shown("late_show 1", folder / "out", ended, whole_crew.gpus[0].name)


def test_the_run_form_reads_from_top_to_bottom(page: Page, cluster: PrefectCluster):
    open_form(page, cluster, "campaign/adhoc")

    labels = page.locator("label").all_inner_texts()
    first = labels.index("Manifest")
    fields = CampaignParameters.model_fields
    asked = [
        f"{field.title}{'' if field.is_required() else ' (Optional)'}" for field in fields.values()
    ]
    assert asked[:4] == ["Manifest", "Output", "Campaign (Optional)", "Engine (Optional)"]
    assert labels[first : first + len(asked)] == asked
    expect(page.get_by_text("If empty, the manifest's name")).to_be_visible()
    expect(page.get_by_text("Property is type")).to_have_count(0)
    expect(page.get_by_label("Timezone of the window")).to_have_value("UTC")
    page.get_by_label("Queue").click()
    for queue in ("urgent", "nightly"):
        expect(page.get_by_role("option", name=queue)).to_be_visible()


def test_the_run_form_says_which_field_is_wrong(context: BrowserContext, cluster: PrefectCluster):
    page, troubles = watched_page(context)
    open_form(page, cluster, "campaign/nightly")

    page.get_by_label("Manifest").fill("june.csv")
    page.get_by_label("Output").fill("/srv/renders")
    page.get_by_label("Night window").fill("at night")
    page.get_by_role("button", name="Submit").click()

    expect(page.get_by_text("'at night' does not match", exact=False).first).to_be_visible()
    expect(page).to_have_url(re.compile("/run$"))
    page.close()
    others = [trouble for trouble in troubles if not re.search(r"409|Validation failed", trouble)]
    assert others == [], "nothing but the server's refusal"


def test_the_deployments_are_listed_and_say_how_they_are_started(
    page: Page, cluster: PrefectCluster
):
    page.goto("/v2/deployments?limit=100")  # other tests have put up some of their own

    for name in ("adhoc", "nightly", "render", "retry-failed", "sweep"):
        expect(page.get_by_role("link", name=name, exact=True)).to_be_visible()
    page.get_by_role("link", name="adhoc", exact=True).click()
    page.get_by_role("tab", name="Description").click()
    expect(page.get_by_text("nightshoot submit MANIFEST --out OUT")).to_be_visible()


def test_a_campaigns_run_says_how_it_ended_and_where_the_report_is(page: Page, shown: Shown):
    page.goto(f"/v2/runs/flow-run/{shown.run['id']}?tab=Details")

    expect(page.get_by_text(shown.name, exact=True).first).to_be_visible()
    expect(page.get_by_text("Failed", exact=True).first).to_be_visible()
    report = shown.out / shown.name / "report/index.html"
    expect(page.get_by_text(f"2 done, 2 failed; report: {report}")).to_be_visible()
    page.get_by_role("tab", name="Logs").click()
    expect(page.get_by_text("v1: done").first).to_be_visible()
    expect(page.get_by_text("v0: failed: ValueError: width must be").first).to_be_visible()


def test_a_campaign_has_one_bar_one_table_and_one_failure_report(page: Page, shown: Shown):
    page.goto(f"/v2/runs/flow-run/{shown.run['id']}?tab=Artifacts")

    cards = page.get_by_text(re.compile("^late-show-1-(progress|videos|failures)$"))
    expect(cards).to_have_count(3)
    cards.filter(has_text="videos").click()
    open_only_version(page)
    expect(page.get_by_role("columnheader").first).to_have_text("video")
    headers = page.get_by_role("columnheader").all_inner_texts()
    assert headers == ["video", "state", "segments", "engine seconds", "output"]
    rows = page.get_by_test_id("table-display").get_by_role("row")
    expect(rows).to_have_count(5)
    expect(rows.nth(1)).to_contain_text("failed")
    video = shown.out / shown.name / "videos/v1.mp4"
    expect(rows.filter(has_text="v1done")).to_contain_text(str(video))


def test_the_bar_is_full_when_every_video_has_ended(page: Page, shown: Shown):
    page.goto(f"/v2/runs/flow-run/{shown.run['id']}?tab=Artifacts")

    page.get_by_text("late-show-1-progress").click()
    open_only_version(page)

    expect(page.get_by_text("Progress: 100%")).to_be_visible()
    expect(page.get_by_text("2 done, 2 failed", exact=True)).to_be_visible()


@pytest.mark.parametrize(
    "ui",
    [
        pytest.param("/v2", id="new UI"),
        # that it draws such a report is seen in the next test
        pytest.param("", id="old UI", marks=pytest.mark.sweep),
    ],
)
def test_the_failure_report_has_the_command_in_a_block_of_its_own(
    page: Page, cluster: PrefectCluster, shown: Shown, ui: str
):
    found = cluster.request("POST", "/artifacts/latest/filter", {"limit": 200})
    report = next(each for each in found if each["key"] == "late-show-1-failures")

    page.goto(f"{ui}/artifacts/artifact/{report['latest_id']}")

    expect(page.locator("h1", has_text="late_show 1: 2 videos failed")).to_be_visible()
    command = f"nightshoot retry 'late_show 1' --out {shown.out}"
    expect(page.locator("pre code")).to_have_text(re.compile(f"^{re.escape(command)}\\s*$"))
    row = page.get_by_role("row").filter(has_text="v0")
    expect(row).to_contain_text("ValueError: width must be at least 48, got 32")
    expect(page.get_by_role("row").filter(has_text="v3")).to_contain_text("no face was found")


@pytest.mark.parametrize("ui", ["/v2", ""], ids=["new UI", "old UI"])
def test_errors_are_shown_as_texts_in_the_failure_report(
    page: Page, cluster: PrefectCluster, shown: Shown, ui: str
):
    bad = VideoOutcome(video_id="v0", line=2, status="failed", error=HOSTILE, way_out="none")
    report = failure_report("june", [bad], "nightshoot retry june")
    made = {"key": "hostile", "type": "markdown", "data": report, "flow_run_id": shown.run["id"]}
    artifact = cluster.request("POST", "/artifacts/", made)

    page.goto(f"{ui}/artifacts/artifact/{artifact['id']}")

    row = page.get_by_role("row").filter(has_text="v0")
    expect(row.get_by_role("cell")).to_have_text(["v0", "2", "failed", HOSTILE, "none"])
    expect(row.locator("img")).to_have_count(0)


def test_the_runs_of_videos_are_called_campaign_and_video(page: Page, shown: Shown):
    page.goto("/v2/runs?flow-run-search=late_show%201")

    for name in ("late_show 1", "late_show 1/v0", "late_show 1/v1", "late_show 1/v2"):
        expect(page.get_by_role("link", name=name, exact=True)).to_be_visible()


def test_a_pool_shows_its_queues_in_order_and_its_workers(page: Page, shown: Shown):
    page.goto("/v2/work-pools/work-pool/gpu?tab=Work%20Queues")

    rows = page.get_by_role("row")
    expect(rows.nth(1)).to_contain_text("urgent")
    expect(rows.nth(2)).to_contain_text("nightly")
    page.get_by_role("tab", name="Workers").click()
    expect(page.get_by_text(shown.worker)).to_be_visible()


def test_the_automations_say_what_they_are_for(page: Page, cluster: PrefectCluster):
    page.goto("/v2/automations")

    for name in (ZOMBIE, REVIVE, UNSTICK):
        expect(page.get_by_text(name)).to_be_visible()


def test_the_address_that_submit_tells_opens_the_run(page: Page, shown: Shown):
    page.goto(f"/runs/flow-run/{shown.run['id']}")

    expect(page.get_by_text(shown.name, exact=True).first).to_be_visible()
    expect(page.get_by_text("Failed", exact=True).first).to_be_visible()
