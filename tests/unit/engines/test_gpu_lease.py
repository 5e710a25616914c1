"""Leases of GPUs: in order, in time, and free again when their holder is killed."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from model.errors import StoppedError
from tasks.engines.gpu_lease import LeaseError, Slots, lease_folder, slot_names

ROOT = Path(__file__).parents[3]
FOUR = ("0", "1", "2", "3")
HOLDER = """
import sys, time
from pathlib import Path
from tasks.engines.gpu_lease import Slots
lease = Slots(("0", "1", "2", "3"), Path(sys.argv[1])).lease(int(sys.argv[2]))
print(",".join(lease.slots), flush=True)
time.sleep(60)
"""


@pytest.fixture
def slots(tmp_path):
    return Slots(FOUR, tmp_path)


class Holder:
    """Another process with a lease."""

    def __init__(self, folder, num_slots):
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(folder), str(num_slots)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.slots = tuple(self.process.stdout.readline().strip().split(","))

    def kill(self):
        self.process.kill()
        self.process.communicate()


def test_leases_are_disjoint_and_named_in_the_machines_order(slots):
    first, second = slots.lease(3), slots.lease(1)

    assert first.slots == ("0", "1", "2")
    assert second.slots == ("3",)


def test_no_slots_can_be_leased_while_all_are_taken(slots):
    taken = slots.lease(4)

    none = slots.lease(0, timeout_s=0)
    with pytest.raises(LeaseError, match="1 GPU of 0, 1, 2, 3 did not become free within 0 s"):
        slots.lease(1, timeout_s=0)

    assert none.slots == ()
    taken.release()
    assert slots.lease(1, timeout_s=0).slots == ("0",)


def test_more_slots_than_the_machine_has_are_refused(slots):
    with pytest.raises(LeaseError, match="asks for 5 GPUs, but this machine has 4"):
        slots.ask(5)


def test_who_is_asked_to_stop_leaves_the_line(slots):
    slots.lease(4)

    with pytest.raises(StoppedError):
        slots.lease(1, should_stop=lambda: True)

    assert slots.first_ticket() is None


def test_asks_are_served_in_order_and_a_big_one_keeps_what_it_has(tmp_path):
    slots = Slots(FOUR, tmp_path)
    three = slots.lease(3)
    two, one, four = slots.ask(2), Slots(FOUR, tmp_path).ask(1), slots.ask(4)
    assert two.try_lease() is None
    assert one.try_lease() is None  # slot 3 is kept for the ask before it
    three.release()
    assert one.try_lease() is None
    pair = two.try_lease()
    assert pair is not None
    assert pair.slots == ("0", "3")
    two.close()
    single = one.try_lease()
    assert single is not None
    assert single.slots == ("1",)
    one.close()
    assert four.try_lease() is None
    pair.release()
    single.release()
    everything = four.try_lease()
    assert everything is not None
    assert everything.slots == FOUR
    four.close()


def test_an_ask_for_all_is_not_starved_by_a_stream_of_asks_for_one(tmp_path):
    served: list[int] = []
    is_over = threading.Event()

    def small():
        mine = Slots(FOUR, tmp_path)
        while not is_over.is_set():
            lease = mine.lease(1)
            served.append(1)
            is_over.wait(0.05)
            lease.release()

    threads = [threading.Thread(target=small) for _ in range(8)]
    for thread in threads:
        thread.start()
    try:
        deadline = time.monotonic() + 60
        while len(served) < 8:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        num_before = len(served)
        lease = Slots(FOUR, tmp_path).lease(4, timeout_s=60)
        num_between = len(served) - num_before
        lease.release()
    finally:
        is_over.set()
        for thread in threads:
            thread.join()
    # only those that were in the line before it
    assert num_between <= len(threads)


def test_a_lease_is_free_at_once_when_its_holder_is_killed(tmp_path):
    holder = Holder(tmp_path, 4)
    assert holder.slots == FOUR
    slots = Slots(FOUR, tmp_path)
    with pytest.raises(LeaseError):
        slots.lease(1, timeout_s=0)

    holder.kill()

    assert slots.lease(4, timeout_s=0.5).slots == FOUR


def test_a_lease_lives_on_in_a_child_that_holds_its_descriptors(tmp_path):
    slots = Slots(FOUR, tmp_path)
    lease = slots.lease(2)
    with subprocess.Popen(["sleep", "60"], pass_fds=lease.descriptors) as child:
        lease.release()
        assert slots.lease(2, timeout_s=0).slots == ("2", "3")
        with pytest.raises(LeaseError):
            slots.lease(1, timeout_s=0)
        child.kill()
        child.wait()

    assert slots.lease(2, timeout_s=0.5).slots == ("0", "1")


def test_who_is_killed_in_the_line_holds_up_nobody(tmp_path):
    slots = Slots(FOUR, tmp_path)
    lease = slots.lease(4)
    waiting = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path), "4"], cwd=ROOT)
    deadline = time.monotonic() + 60
    while not slots.is_somebody_waiting():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    waiting.kill()
    waiting.wait()
    lease.release()

    assert slots.lease(1, timeout_s=0.5).slots == ("0",)
    assert not slots.is_somebody_waiting()


def test_own_asks_are_not_somebody_waiting(tmp_path):
    slots = Slots(FOUR, tmp_path)
    with slots.ask(1):
        assert not slots.is_somebody_waiting()
        assert Slots(FOUR, tmp_path).is_somebody_waiting()


def test_the_setting_names_the_slots_before_cuda_and_the_driver(tmp_path):
    (tmp_path / "nvidia0").touch()

    assert slot_names({"NIGHTSHOOT_GPU_SLOTS": "a, b", "CUDA_VISIBLE_DEVICES": "1"}) == ("a", "b")
    assert slot_names({"CUDA_VISIBLE_DEVICES": "GPU-8f,3"}, tmp_path) == ("GPU-8f", "3")


@pytest.mark.parametrize("minors", [(0, 1), (3, 5), (2, 10)])
def test_gpus_are_numbered_as_cuda_counts_those_that_a_container_was_given(tmp_path, minors):
    for name in (*(f"nvidia{minor}" for minor in minors), "nvidiactl", "nvidia-uvm"):
        (tmp_path / name).touch()

    assert slot_names({}, tmp_path) == ("0", "1")


def test_a_machine_without_gpus_says_the_way_out(tmp_path):
    with pytest.raises(LeaseError, match="NIGHTSHOOT_GPU_SLOTS=0,1"):
        slot_names({}, tmp_path)


@pytest.mark.parametrize("value", ["", "0,0", "0,,1", "-1", "0;1"])
def test_a_setting_that_names_no_different_slots_is_refused(value):
    with pytest.raises(LeaseError, match="name GPUs, each once"):
        slot_names({"NIGHTSHOOT_GPU_SLOTS": value})


def test_a_folder_that_cannot_hold_locks_says_the_way_out(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(LeaseError, match="NIGHTSHOOT_LEASE_DIR"):
        Slots(FOUR, tmp_path / "file" / "leases")


def test_workers_of_all_users_share_one_folder(tmp_path):
    before = os.umask(0o077)
    try:
        Slots(FOUR, tmp_path / "leases").lease(1)
    finally:
        os.umask(before)

    assert lease_folder({"NIGHTSHOOT_LEASE_DIR": str(tmp_path)}) == tmp_path
    for path in (tmp_path / "leases", tmp_path / "leases" / "tickets"):
        assert path.stat().st_mode & 0o7777 == 0o1777, "nobody removes another's files"
    assert (tmp_path / "leases" / "gpu-0").stat().st_mode & 0o777 == 0o666


def test_a_folder_of_an_earlier_release_becomes_sticky_and_a_private_one_stays_private(tmp_path):
    for name, mode, later in (("open", 0o777, 0o1777), ("own", 0o700, 0o700)):
        (tmp_path / name).mkdir()
        (tmp_path / name).chmod(mode)
        Slots(FOUR, tmp_path / name).lease(1).release()
        assert (tmp_path / name).stat().st_mode & 0o7777 == later


def test_a_link_that_another_user_has_laid_is_not_followed(tmp_path):
    (tmp_path / "victim").mkdir()
    link = tmp_path / "leases"
    link.symlink_to(tmp_path / "victim")
    Slots(FOUR, link)  # our own link is our own affair
    try:
        os.lchown(link, 65534, 65534)
    except PermissionError:
        pytest.skip("only root can lay another user's link")

    if os.geteuid() != 65534:
        with pytest.raises(LeaseError, match="a link that another user has laid"):
            Slots(FOUR, link)


def test_a_lock_that_is_a_link_is_not_followed(tmp_path):
    (tmp_path / "precious").write_text("kept")
    for name in ("gate", "gpu-0"):
        folder = tmp_path / f"leases-{name}"
        folder.mkdir()
        (folder / name).symlink_to(tmp_path / "precious")
        with pytest.raises(LeaseError, match="locks cannot be kept here"):
            Slots(FOUR, folder)
    assert (tmp_path / "precious").read_text() == "kept"


def test_whatever_else_lies_among_the_tickets_holds_up_nobody(tmp_path):
    slots = Slots(FOUR, tmp_path)
    tickets = tmp_path / "tickets"
    (tickets / "notes.txt").write_text("a person's")
    (tickets / "1").mkdir()
    (tickets / "2").symlink_to(tmp_path / "gate")
    (tickets / ("9" * 5000)[:200]).touch()

    lease = slots.lease(4, timeout_s=1)

    assert lease.slots == FOUR
    lease.release()
