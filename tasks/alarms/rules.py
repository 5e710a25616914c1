"""Facts -> alarms. Pure: the same facts always make the same alarms."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from statistics import median

from tasks.alarms.facts import CampaignSeen, Facts, OpenNight, SegmentSeen
from tasks.alarms.settings import Thresholds
from tasks.recovery.failures import Breaker

_LEAST_VIDEOS = 5
_RATE_OVER = timedelta(hours=1)
_SETTLES = timedelta(minutes=30)
_GONE_FOR_GOOD = timedelta(days=1)
_NEWEST, _LEAST_BEFORE = 6, 12
_LEAST_SAMPLES = 30
_GB = 1e9


@dataclass(frozen=True)
class Alarm:
    """One thing that a person should know; ``name`` is its section in docs/operations.md."""

    name: str
    subject: str
    message: str

    @property
    def key(self) -> str:
        """The same for as long as the same thing is wrong."""
        return f"{self.name}:{self.subject}"


Rule = Callable[[Facts, Thresholds], Iterator[Alarm]]


def _night_not_started(facts: Facts, limits: Thresholds) -> Iterator[Alarm]:
    for late in facts.late:
        minutes = (facts.now - late.due).total_seconds() / 60
        if minutes >= limits.start_late_min:
            why = "the scheduler made no run of it" if late.is_missing else "no worker began it"
            told = f"{late.name} was due at {late.due:%Y-%m-%d %H:%M} UTC and has not begun: {why}"
            yield Alarm("night-not-started", f"{late.name} {late.due:%Y-%m-%dT%H:%M}", told)


def _past_window(facts: Facts, limits: Thresholds) -> Iterator[Alarm]:
    del limits
    seen = {(each.out, each.campaign): each for each in facts.campaigns}
    for night in facts.nights:
        campaign = seen.get((night.out, night.campaign))
        if campaign is not None and campaign.num_frames_left and facts.now < night.closes:
            told = _foretold(facts, night, campaign)
            if told:
                yield Alarm("finish-past-window", f"{night.campaign} {night.closes:%F}", told)


def _foretold(facts: Facts, night: OpenNight, campaign: CampaignSeen) -> str:
    """What is said where the rate of the last hour is too low; empty while nobody can know."""
    since = max(night.began, facts.now - _RATE_OVER)
    if facts.now - night.began < _SETTLES:
        return ""
    frames = sum(each.num_frames for each in campaign.segments if each.at >= since)
    left = campaign.num_frames_left
    closes = f"its window closes at {night.closes:%H:%M %Z}"
    if not frames:
        return f"{night.campaign}: {left} frames are left, none was rendered of late, and {closes}"
    hours = left / frames * (facts.now - since).total_seconds() / 3600
    end = facts.now + timedelta(hours=hours)
    if end <= night.closes:
        return ""
    return f"{night.campaign}: {left} frames are left, which takes {hours:.1f} h, and {closes}"


def _breaker_open(facts: Facts, limits: Thresholds) -> Iterator[Alarm]:
    del limits
    for campaign in facts.campaigns:
        breaker = Breaker()
        for each in campaign.failures:
            reason = breaker.add(each.video_id, each.signature, each.at.timestamp())
            if reason:
                yield Alarm("breaker-open", campaign.campaign, f"{campaign.campaign}: {reason}")
                break


def _held(facts: Facts, limits: Thresholds) -> Iterator[Alarm]:
    for seen in facts.campaigns:
        if seen.num_finished >= _LEAST_VIDEOS:
            share = seen.num_held / seen.num_finished
            if share > limits.held_share:
                told = f"gates hold {seen.num_held} of {seen.num_finished} finished videos"
                yield Alarm("many-held", seen.campaign, f"{seen.campaign}: {told}")


def _failed(facts: Facts, limits: Thresholds) -> Iterator[Alarm]:
    for seen in facts.campaigns:
        ended = seen.num_finished + len(seen.failures)
        if ended >= _LEAST_VIDEOS and len(seen.failures) / ended > limits.failed_share:
            told = f"{len(seen.failures)} of {ended} videos failed"
            yield Alarm("many-failed", seen.campaign, f"{seen.campaign}: {told}")


def _worker_gone(facts: Facts, limits: Thresholds) -> Iterator[Alarm]:
    for worker in facts.workers:
        silence = facts.now - worker.last_heartbeat
        if timedelta(seconds=limits.worker_silent_s) < silence < _GONE_FOR_GOOD:
            told = f"last heard from at {worker.last_heartbeat:%Y-%m-%d %H:%M:%S} UTC"
            name = f"{worker.pool}/{worker.name}"
            yield Alarm("worker-gone", name, f"worker {name}: {told}")


def _gpu_hot(facts: Facts, limits: Thresholds) -> Iterator[Alarm]:
    for campaign in facts.campaigns:
        for each in campaign.gpus:
            if each.num_samples >= _LEAST_SAMPLES and each.lowest_c >= limits.gpu_hot_c:
                name = f"{each.host} GPU {each.gpu}"
                told = f"{name} has been at {each.lowest_c} °C or more for a minute"
                yield Alarm("gpu-hot", name, told)


def _gpu_slow(facts: Facts, limits: Thresholds) -> Iterator[Alarm]:
    for campaign in facts.campaigns:
        by_host: dict[tuple[str, str], list[SegmentSeen]] = defaultdict(list)
        for each in campaign.segments:
            by_host[each.host, each.size].append(each)
        for (host, size), each in by_host.items():
            speeds = [one.engine_seconds / one.num_frames for one in each if one.engine_seconds]
            newest, before = speeds[-_NEWEST:], speeds[:-_NEWEST]
            if len(before) < _LEAST_BEFORE or not median(before):
                continue
            times = median(newest) / median(before)
            if times >= limits.gpu_slow_times:
                told = f"{host} takes {times:.1f} times as long for a frame of {size} as before"
                yield Alarm("gpu-slow", host, f"{campaign.campaign}: {told}")


def _disk_low(facts: Facts, limits: Thresholds) -> Iterator[Alarm]:
    for disk in facts.disks:
        least = max(limits.disk_nights * disk.night_bytes, limits.disk_gb * _GB)
        if disk.free_bytes < least:
            told = f"{disk.free_bytes / _GB:.1f} GB are free, {least / _GB:.1f} GB should be"
            yield Alarm("disk-low", disk.out, f"{disk.out}: {told}")


def _ends_soon(facts: Facts, limits: Thresholds) -> Iterator[Alarm]:
    for each in facts.endings:
        if each.ends is None:
            yield Alarm("ends-soon", each.name, f"{each.name} is not valid: {each.fault}")
        elif each.ends - facts.now < timedelta(days=limits.ends_within_days):
            yield Alarm("ends-soon", each.name, f"{each.name} ends on {each.ends:%Y-%m-%d}")


def _database_growing(facts: Facts, limits: Thresholds) -> Iterator[Alarm]:
    seen = facts.database
    if seen is None:
        return
    grown = seen.num_bytes - (seen.num_bytes if seen.before_bytes is None else seen.before_bytes)
    told = f"Prefect's database has {seen.num_bytes / _GB:.1f} GB"
    if seen.num_bytes > limits.database_gb * _GB:
        yield Alarm("database-growing", "size", told)
    if grown > limits.database_growth_gb * _GB:
        yield Alarm("database-growing", "growth", f"{told}, {grown / _GB:.1f} more than yesterday")


def _cannot_look(facts: Facts, limits: Thresholds) -> Iterator[Alarm]:
    del limits
    for part, reason in facts.silent:
        yield Alarm("cannot-look", part, f"{part} cannot be watched: {reason}")


RULES: dict[str, Rule] = {
    "night-not-started": _night_not_started,
    "finish-past-window": _past_window,
    "breaker-open": _breaker_open,
    "many-held": _held,
    "many-failed": _failed,
    "worker-gone": _worker_gone,
    "gpu-hot": _gpu_hot,
    "gpu-slow": _gpu_slow,
    "disk-low": _disk_low,
    "ends-soon": _ends_soon,
    "database-growing": _database_growing,
    "cannot-look": _cannot_look,
}
"""Each alarm by its name."""

PARTS_WITH_ENDS = ("certificate of ", "consents in ")
"""How the names of parts begin that say when something ends."""

_NEEDS_SERVER = frozenset(("night-not-started", "worker-gone", "finish-past-window"))


def alarms_of(facts: Facts, limits: Thresholds) -> dict[str, Alarm]:
    """What is wrong, by the alarms' keys."""
    found = (alarm for rule in RULES.values() for alarm in rule(facts, limits))
    return {alarm.key: alarm for alarm in found}


def may_end(key: str, facts: Facts) -> bool:
    """Whether an alarm that is no more among those of ``facts`` is over, or could not be seen."""
    name = key.partition(":")[0]
    parts = {part for part, _ in facts.silent}
    if name in _NEEDS_SERVER:
        return "server" not in parts
    if name == "database-growing":
        return "database" not in parts
    if name == "cannot-look":
        return True
    of_ends = {part for part in parts if part.startswith(PARTS_WITH_ENDS)}
    if name == "ends-soon":
        return not of_ends
    return not parts - of_ends - {"server", "database"}
