"""Letters between two real processes over gloo: in order, whole, and given up once taken."""

import gc
import multiprocessing
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch
import torch.distributed as dist

from model.live_avatar.config import BLOCK_FRAMES
from model.live_avatar.parallel.letters import MOST_UNDER_WAY, Letter, Post
from model.live_avatar.planning.placement import MOST_RANKS
from model.live_avatar.settings import setting_fault

pytestmark = pytest.mark.parity

NUM_VALUES = 1 << 14  # 64 KB a letter: 400 of them take 26 MB, if none were freed
MOST_GROWTH = 16 << 20


def _writer(store: str, num_letters: int, answer: Connection) -> None:
    """Sends letters; tells of some what was held while they were sent."""
    torch.set_num_threads(1)
    gc.freeze()  # what other tests have left is not looked through each time
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=0, world_size=2)
    post, process = Post("cpu"), psutil.Process()
    num_before = _num_held()  # which the process that was forked has of other tests
    content = torch.zeros(NUM_VALUES)
    told: list[tuple[int, int]] = []
    for index in range(num_letters):
        content += 1  # which is allowed, as soon as it was sent
        post.send(1, Letter("block", {"index": index}, {"content": content}))
        if index % 200 == 199:
            gc.collect()
            told.append((process.memory_info().rss, _num_held() - num_before))
    post.flush()
    answer.send((told, _num_held() - num_before))
    dist.destroy_process_group()


def _num_held() -> int:
    """Contents of letters that anybody in this process has."""
    tensors = [each for each in gc.get_objects() if type(each) is torch.Tensor]
    return sum(each.shape == (NUM_VALUES,) for each in tensors)


def _reader(store: str, num_letters: int, answer: Connection) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=1, world_size=2)
    post = Post("cpu")
    wrong = [index for index in range(num_letters) if not _is(post.receive(0), index)]
    answer.send(wrong)
    dist.destroy_process_group()


def _is(letter: Letter, index: int) -> bool:
    content = letter.tensors["content"]
    return letter.fields["index"] == index and bool((content == index + 1).all())


@pytest.mark.parametrize("num_letters", [600, pytest.param(2000, marks=pytest.mark.sweep)])
def test_memory_stays_flat_over_many_letters_which_arrive_in_order(
    tmp_path: Path, num_letters: int
):
    context = multiprocessing.get_context("fork")
    found: list[Any] = []
    started: list[Any] = []
    for work in (_writer, _reader):
        here, there = context.Pipe()
        process = context.Process(target=work, args=(str(tmp_path / "store"), num_letters, there))
        process.start()
        there.close()
        started.append((process, here))
    try:
        for process, here in started:
            assert here.poll(120), "no answer within 2 minutes"
            found.append(here.recv())
            process.join(30)
            assert process.exitcode == 0
    finally:
        for process, _ in started:
            process.kill()
            process.join()

    (told, num_left), wrong = found
    assert wrong == []
    assert max(num for _, num in told) <= MOST_UNDER_WAY + 1  # and the writer's own
    assert num_left == 1
    sizes = [size for size, _ in told]
    assert sizes[-1] - sizes[0] < MOST_GROWTH, sizes


def test_all_that_a_leader_sends_before_it_comes_to_a_step_may_be_under_way():
    """Else the leader would wait for a rank that waits for the leader."""
    longest = next(frames for frames in range(1000, 0, -1) if not fault(frames))
    num_past = -(-longest // BLOCK_FRAMES) - 1
    begin = len(("prepare", "reset", "text", "sink"))
    advance = len(("sink",))

    assert begin + num_past + advance + MOST_RANKS < MOST_UNDER_WAY


def fault(infer_frames: int) -> str:
    return setting_fault("infer_frames", infer_frames)
