"""Which campaigns need a person, told from their runs and schedules."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from prefect.client.schemas.objects import DeploymentSchedule, FlowRun, State, StateType
from prefect.client.schemas.schedules import CronSchedule

from flows.deployment.campaign_runs import last_due, missed_night, troubled

NOW = datetime(2026, 11, 29, 6, 0, tzinfo=UTC)
DUE = datetime(2026, 11, 29, 0, 15, tzinfo=UTC)  # 01:15 in Berlin
RULE = CronSchedule(cron="15 1 * * *", timezone="Europe/Berlin")
REQUEST = {"request": {"manifest": "/srv/june.csv", "out": "/srv/renders"}}


def run(state: State, due: datetime = DUE, **fields: Any) -> FlowRun:
    given = {"flow_id": uuid4(), "parameters": REQUEST, "expected_start_time": due}
    return FlowRun(state=state, **(given | fields))


def state(type_: StateType, name: str | None = None, at: datetime = DUE, **fields: Any) -> State:
    return State(type=type_, name=name, timestamp=at, **fields)


def schedule(updated: datetime = DUE - timedelta(days=3), **fields: Any) -> DeploymentSchedule:
    given = {"schedule": RULE, "active": True, "parameters": REQUEST, "slug": "june"}
    made = DeploymentSchedule(id=uuid4(), **(given | fields))
    return made.model_copy(update={"created": updated, "updated": updated})


def made_by(schedule_id: UUID, due: datetime, moved_to: datetime | None = None) -> FlowRun:
    return run(
        state(StateType.COMPLETED),
        moved_to or due,
        created_by={"id": schedule_id, "type": "SCHEDULE"},
        idempotency_key=f"scheduled {uuid4()} {schedule_id} {due}",
    )


def test_a_failed_campaign_is_named_with_what_it_said():
    seen = troubled(run(state(StateType.FAILED, message="1 failed")), NOW)

    assert seen is not None
    assert (seen.campaign, seen.trouble, seen.message) == ("june", "failed", "1 failed")
    assert not seen.is_clusters


def test_a_crash_is_told_only_when_nobody_has_revived_the_run():
    crash = state(StateType.CRASHED, at=NOW - timedelta(seconds=30))

    assert troubled(run(crash), NOW) is None
    later = troubled(run(crash), NOW + timedelta(minutes=5))
    assert later is not None
    assert later.trouble == "crashed"


@pytest.mark.parametrize("name", ["Scheduled", "Late"])
def test_a_run_that_nobody_starts_is_late(name: str):
    seen = troubled(run(state(StateType.SCHEDULED, name)), NOW)

    assert seen is not None
    assert (seen.trouble, seen.since) == ("late", DUE)
    assert seen.message == "due 5 hours ago, and no worker has started it"
    assert seen.is_clusters


def test_a_run_that_a_worker_took_and_did_not_begin_is_late():
    taken = state(StateType.PENDING, at=NOW - timedelta(minutes=10))

    seen = troubled(run(taken), NOW)

    assert seen is not None
    assert (seen.trouble, seen.since) == ("late", DUE)
    assert seen.message == "due 5 hours ago; a worker took it, and it has not begun"
    assert troubled(run(taken, run_count=1), NOW) is None  # it was begun once, and is revived


@pytest.mark.parametrize(
    ("type_", "name", "due"),
    [
        (StateType.COMPLETED, "Completed", DUE),
        (StateType.RUNNING, "Running", DUE),
        (StateType.PENDING, "Pending", NOW - timedelta(seconds=20)),
        (StateType.CANCELLED, "Cancelled", DUE),
        (StateType.SCHEDULED, "AwaitingConcurrencySlot", DUE),  # campaigns run one at a time
        (StateType.SCHEDULED, "AwaitingRetry", DUE),  # about to be revived
        (StateType.SCHEDULED, "Scheduled", NOW - timedelta(seconds=20)),
    ],
)
def test_other_runs_need_nobody(type_: StateType, name: str, due: datetime):
    assert troubled(run(state(type_, name), due), NOW) is None


def test_a_rule_was_last_due_in_its_own_timezone():
    assert last_due(RULE, NOW) == DUE
    assert last_due(CronSchedule(cron="0 12 1 1 *", timezone="UTC"), NOW) is None
    assert last_due(CronSchedule(cron="* * * * *", timezone="UTC"), NOW) == NOW


def test_a_night_for_which_no_run_was_made_is_missed():
    seen = missed_night(schedule(), [made_by(uuid4(), DUE)], NOW)

    assert seen is not None
    assert (seen.campaign, seen.trouble, seen.since) == ("june", "missed", DUE)
    assert "15 1 * * * (Europe/Berlin) was due 5 hours ago" in seen.message
    assert seen.is_clusters


def test_a_run_that_was_made_for_the_night_counts_wherever_it_was_moved():
    june = schedule()

    assert missed_night(june, [made_by(june.id, DUE)], NOW) is None
    moved = made_by(june.id, DUE, moved_to=DUE + timedelta(hours=2))
    assert missed_night(june, [moved], NOW) is None
    yesterdays = made_by(june.id, DUE - timedelta(days=1))
    assert missed_night(june, [yesterdays], NOW) is not None


def test_a_campaign_that_somebody_ran_since_has_missed_nothing():
    by_hand = run(state(StateType.COMPLETED), DUE + timedelta(hours=4))
    another = run(
        state(StateType.COMPLETED),
        DUE + timedelta(hours=4),
        parameters={"request": {"manifest": "/srv/july.csv"}},
    )

    assert missed_night(schedule(), [by_hand], NOW) is None
    assert missed_night(schedule(), [another], NOW) is not None


def test_a_schedule_that_is_off_or_newer_than_the_night_has_missed_nothing():
    assert missed_night(schedule(active=False), [], NOW) is None
    assert missed_night(schedule(updated=DUE + timedelta(hours=1)), [], NOW) is None
    june = schedule()
    yesterdays = made_by(june.id, DUE - timedelta(days=1))
    assert missed_night(june, [yesterdays], DUE + timedelta(seconds=30)) is None
