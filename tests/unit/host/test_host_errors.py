"""Whose fault a host says it is, over a real socket."""

import socket
import threading
from pathlib import Path

import numpy as np

from model.engine import Engine, EngineIdentity, Rendering, SegmentJob
from model.errors import EngineFailedError, MachineError
from model.host.server import protocol, serve
from model.null import NullEngine


class DisklessEngine:
    @property
    def identity(self) -> EngineIdentity:
        return NullEngine().identity

    def render(self, job: SegmentJob) -> Rendering:
        raise OSError(5, "Input/output error", "/weights/part-3")


def answer(engine: Engine, job: SegmentJob, folder: Path) -> protocol.Message:
    path = str(folder / "s")
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as client:
        listener.bind(path)
        listener.listen()
        host = threading.Thread(target=serve, args=(engine, listener))
        host.start()
        client.connect(path)
        protocol.receive(client)
        protocol.send_job(client, job)
        message = protocol.receive(client)
        protocol.send(client, "bye")
        host.join(10)
    return message


def job(**settings: int | str) -> SegmentJob:
    return SegmentJob(
        key="k",
        portrait=np.zeros((16, 48, 3), np.uint8),
        rig=None,
        handoff=None,
        pcm=np.zeros(0, np.int16),
        left_context=0,
        right_context=0,
        phonemes=None,
        prompt="",
        seed=0,
        width=48,
        height=16,
        num_frames=12,
        settings=settings,
    )


def test_a_job_that_breaks_the_engines_rules_is_nobodys_known_fault(tmp_path):
    error = protocol.error_of(answer(NullEngine(), job(delay_ms=-1, fail=""), tmp_path))

    assert type(error) is EngineFailedError
    assert error.fault == "unknown"
    assert str(error) == "ValueError: delay_ms must be at least 0; got -1"


def test_a_disk_that_cannot_be_read_is_the_machines_fault(tmp_path):
    error = protocol.error_of(answer(DisklessEngine(), job(), tmp_path))

    assert type(error) is MachineError
    assert str(error).startswith("OSError: [Errno 5] Input/output error")
