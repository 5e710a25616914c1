"""What Prefect's server does by itself when a run dies or a campaign ends.

A run sends a heartbeat every 30 s (``prefect.yaml``). Whose heartbeats stop is Crashed; a crashed
campaign is scheduled again. Videos are not: their campaign looks after them.
"""

from datetime import timedelta
from uuid import UUID

from prefect.client.schemas.objects import StateType
from prefect.events import EventTrigger
from prefect.events.actions import CallWebhook, ChangeFlowRunState
from prefect.events.schemas.automations import AutomationCore, Posture

ZOMBIE = "nightshoot: no heartbeat, so crashed"
REVIVE = "nightshoot: revive crashed campaigns"
UNSTICK = "nightshoot: schedule campaigns that never started again"
WEBHOOK = "nightshoot: tell when campaigns end"
WEBHOOK_BLOCK = "nightshoot-campaigns"
HEARTBEAT = "prefect.flow-run.heartbeat"
_SILENCE = timedelta(seconds=90)
_NEVER_STARTED = timedelta(minutes=5)
_CRASH_SETTLES = timedelta(seconds=15)
_OTHER_ENDS = ("Completed", "Failed", "Cancelled", "TimedOut")
_ENDS = (*_OTHER_ENDS, "Crashed")
# A run that crashes without ever having started would crash again at once, for ever; one that
# crashed this often is given up (its flow says so earlier, this is the second fence).
_REVIVED_RUN_COUNTS = [str(count) for count in range(1, 6)]


def _events(*states: str) -> set[str]:
    return {f"prefect.flow-run.{state}" for state in states}


def _of_flow(name: str) -> dict[str, str | list[str]]:
    return {"prefect.resource.role": "flow", "prefect.resource.name": name}


def zombie_automation() -> AutomationCore:
    """A run whose heartbeats stopped 90 s ago becomes Crashed."""
    return AutomationCore(
        name=ZOMBIE,
        description="Three heartbeats of a running flow run did not come: its process is gone.",
        trigger=EventTrigger(
            after={HEARTBEAT, *_events("Running")},
            expect=_events("*"),  # a flow may give its final states other names
            match={"prefect.resource.id": "prefect.flow-run.*"},
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=_SILENCE,
        ),
        actions=[
            ChangeFlowRunState(
                state=StateType.CRASHED,
                name="Crashed",
                message="No heartbeat for 90 seconds: its process or machine is gone.",
                force=False,
            )
        ],
    )


def revive_automation() -> AutomationCore:
    """A campaign run that crashed 15 s ago is scheduled again; what it finished is in the store.

    Not at once: Prefect reports one crash twice, seconds apart (the run's supervisor, then the
    worker), and a run revived between the two would be started twice.
    """
    return AutomationCore(
        name=REVIVE,
        description="Receipts say what is done, so a campaign goes on where it was.",
        trigger=EventTrigger(
            after=_events("Crashed"),
            expect=_events("AwaitingRetry", "Running", *_OTHER_ENDS),
            match={
                "prefect.resource.id": "prefect.flow-run.*",
                "prefect.run-count": _REVIVED_RUN_COUNTS,
            },
            match_related=_of_flow("campaign"),
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=_CRASH_SETTLES,
        ),
        actions=[_schedule_again("It crashed; a worker takes it up again.")],
    )


def unstick_automation() -> AutomationCore:
    """A campaign run that a worker took and never started is scheduled again."""
    return AutomationCore(
        name=UNSTICK,
        description="Its worker died between taking the run and starting its process.",
        trigger=EventTrigger(
            after=_events("Pending"),
            expect=_events("Running", *_ENDS),
            match={"prefect.resource.id": "prefect.flow-run.*"},
            match_related=_of_flow("campaign"),
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=_NEVER_STARTED,
        ),
        actions=[_schedule_again("It was taken and never started; a worker takes it up again.")],
    )


def webhook_automation(block_document_id: UUID, runs_url: str) -> AutomationCore:
    """Failed and finished campaigns are posted to a webhook as JSON.

    Args:
        block_document_id: the Webhook block that holds the address.
        runs_url: where the UI shows runs; a server does not know its own address.
    """
    fields = {
        "campaign": "flow_run.name",
        "state": "flow_run.state.name",
        "message": "flow_run.state.message",
    }
    # through tojson, so that a quote in a message breaks nothing
    parts = [f'"{name}": {{{{ {value} | tojson }}}}' for name, value in fields.items()]
    payload = f'{{{", ".join(parts)}, "url": "{runs_url}/{{{{ flow_run.id }}}}"}}'
    return AutomationCore(
        name=WEBHOOK,
        description="Campaign, state, message and address of the run.",
        trigger=EventTrigger(
            expect=_events("*"),  # by type: a flow may give its final states other names
            match={
                "prefect.resource.id": "prefect.flow-run.*",
                "prefect.state-type": ["COMPLETED", "FAILED", "CANCELLED"],
            },
            match_related=_of_flow("campaign"),
            posture=Posture.Reactive,
            threshold=1,
            within=timedelta(0),
        ),
        actions=[CallWebhook(block_document_id=block_document_id, payload=payload)],
    )


def _schedule_again(message: str) -> ChangeFlowRunState:
    return ChangeFlowRunState(
        state=StateType.SCHEDULED, name="AwaitingRetry", message=message, force=True
    )
