"""A warm engine in a process of its own, behind a Unix socket: ``python -m model.host``.

One client at a time, one rendering at a time. The process ends with its owner, who holds the
write end of its standard input. It tells its guard what it is doing (``model.host.heartbeats``); of
several ranks each has a log of its own, and every line says which segment was rendered then.
"""

import argparse
import json
import logging
import os
import resource
import select
import shutil
import signal
import socket
import sys
import time
from pathlib import Path

from model.engine import Engine, load_engine
from model.errors import EngineFailedError, MachineError, NightshootError, StoppedError
from model.host import heartbeats, protocol
from model.host.guard import REFUSED_EXIT_CODE, exit_with_owner

LOG_VARIABLE = "NIGHTSHOOT_HOST_LOG"
"""Path of the log that the owner lets this process write; ranks write beside it."""

ORDER_VARIABLE, BUS_ORDER = "CUDA_DEVICE_ORDER", "PCI_BUS_ID"
"""GPUs are numbered as the driver and its tools do; CUDA's own order begins with the fastest."""

_RANK_VARIABLE = "RANK"  # set by the launcher

_log = logging.getLogger("nightshoot.host")


def number_gpus_by_bus() -> None:
    """Before CUDA begins; who has asked for another order has it."""
    os.environ.setdefault(ORDER_VARIABLE, BUS_ORDER)


def serve(engine: Engine, listener: socket.socket) -> None:
    """Answer clients one after the other until one says ``bye``."""
    limits = heartbeats.limits_of(os.environ, engine.identity.load_timeout_s)
    hello = protocol.identity_fields(engine.identity) | {
        "patience_s": limits.longest,
        "log": os.environ.get(LOG_VARIABLE, ""),
    }
    while True:
        heartbeats.phase("waiting for a client", "wait")
        connection, _ = listener.accept()
        with connection:
            try:
                protocol.send(connection, "hello", hello)
                if not _converse(engine, connection):
                    return
            except protocol.ConnectionLostError as error:
                _log.info("client gone: %s", error)


def _converse(engine: Engine, connection: socket.socket) -> bool:
    """Answer one client; False when the host is to end."""
    while True:
        heartbeats.phase("waiting for a segment", "wait")
        message = protocol.receive(connection)
        if message.kind == "bye":
            return False
        if message.kind == "ping":
            protocol.send(connection, "pong")
        elif message.kind == "render":
            _render(engine, connection, message)
        elif message.kind != "cancel":  # a cancel that came too late has nothing to end
            raise ValueError(f'message "{message.kind}" is unknown')


def _render(engine: Engine, connection: socket.socket, message: protocol.Message) -> None:
    try:
        _stream(engine, connection, message)
    except protocol.ConnectionLostError:
        raise
    except NightshootError as error:
        _log.info("segment failed: %s", error)
        protocol.send_error(connection, error)
    except OSError as error:
        _log.exception("engine failed")
        protocol.send_error(connection, MachineError(f"{type(error).__name__}: {error}"))
    except (ValueError, TypeError, KeyError, IndexError, ArithmeticError) as error:
        _log.exception("engine failed")
        protocol.send_error(connection, EngineFailedError(f"{type(error).__name__}: {error}"))


def _stream(engine: Engine, connection: socket.socket, message: protocol.Message) -> None:
    job = protocol.job_of(message)
    started, cpu_s, waited = time.perf_counter(), heartbeats.group_cpu_seconds(), 0.0
    heartbeats.tell_segment(job.key)
    _log.info("segment %s begins: %d frames", job.key, job.num_frames)
    name = f"segment {job.key[:8]}"
    heartbeats.phase(f"block 1 of {name}", "block")
    rendering = engine.render(job)
    for number, frames in enumerate(rendering, 1):
        heartbeats.phase(f"block {number} of {name} on its way", "wait")
        sending = time.perf_counter()
        if _is_cancelled(connection):
            raise StoppedError("cancelled")
        protocol.send(connection, "frames", arrays={"frames": frames})
        waited += time.perf_counter() - sending
        heartbeats.phase(f"block {number + 1} of {name}", "block")
    fields = {
        "engine_seconds": time.perf_counter() - started - waited,
        "peak_rss_bytes": _peak_rss_bytes(),
        "cpu_seconds": heartbeats.group_cpu_seconds() - cpu_s,
    }
    _log.info("segment %s ends: %.3f engine-seconds", job.key, fields["engine_seconds"])
    heartbeats.tell_segment("")
    heartbeats.phase(f"handoff of {name} on its way", "wait")
    protocol.send_handoff(connection, rendering.handoff, fields)


def _is_cancelled(connection: socket.socket) -> bool:
    readable, _, _ = select.select([connection], [], [], 0)
    if not readable:
        return False
    message = protocol.receive(connection)
    if message.kind == "ping":
        protocol.send(connection, "pong")
        return False
    return message.kind in ("cancel", "bye")


def _peak_rss_bytes() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def main() -> None:
    """Load the engine, then listen. The socket appears only once the engine is ready."""
    parser = argparse.ArgumentParser(prog="python -m model.host", description=__doc__)
    parser.add_argument("engine", help="name of the engine")
    parser.add_argument("--socket", type=Path, required=True, help="path of the socket to make")
    arguments = parser.parse_args()
    number_gpus_by_bus()
    socket_path: Path = arguments.socket
    rank = os.environ.get(_RANK_VARIABLE, "")
    if rank:
        _write_own_log(rank)
    _log_with_segments()
    # Ctrl-C in a terminal reaches the whole process group; the owner decides what it means
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    exit_with_owner(lambda: _end_quietly(socket_path))
    engine = _loaded(arguments.engine, socket_path, rank)
    if not engine.follow():
        _lead(engine, arguments.engine, socket_path)
    heartbeats.end()


def _lead(engine: Engine, name: str, socket_path: Path) -> None:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with listener:
        unready = socket_path.with_suffix(".unready")
        listener.bind(str(unready))
        listener.listen()
        unready.rename(socket_path)
        _log.info("engine %s ready", name)
        serve(engine, listener)
    engine.close()


def _end_quietly(socket_path: Path) -> None:
    heartbeats.end()
    shutil.rmtree(socket_path.parent, ignore_errors=True)


def rank_log(host_log: Path, rank: str | int) -> Path:
    """Where a rank writes what it says, beside the log of its host."""
    return host_log.with_suffix(f".rank{rank}{host_log.suffix}")


def _write_own_log(rank: str) -> None:
    """Output of libraries included; where the owner named no log it stays with the launcher's."""
    named = os.environ.get(LOG_VARIABLE, "")
    if named:
        with rank_log(Path(named), rank).open("ab") as log:
            for stream in (1, 2):
                os.dup2(log.fileno(), stream)


def _log_with_segments() -> None:
    """Every line says in the middle of which segment it was written."""

    def add_segment(record: logging.LogRecord) -> bool:
        record.segment = heartbeats.segment()[:8] or "-"
        return True

    handler = logging.StreamHandler()
    handler.addFilter(add_segment)
    form = "%(asctime)s %(segment)s %(name)s %(message)s"
    logging.basicConfig(level=logging.INFO, format=form, handlers=[handler])


def _loaded(name: str, socket_path: Path, rank: str) -> Engine:
    """The engine, ready to render; ends the process where its own rules forbid that.

    Of an engine with several ranks this process becomes their launcher, and is started again as
    each of them.
    """
    try:
        engine = load_engine(name)
        if engine.num_ranks > 1 and not rank:
            _become_launcher(engine.num_ranks, name, socket_path)
        who = f"rank {rank}" if rank else "host"
        heartbeats.begin(who, os.environ, engine.identity.load_timeout_s)
        heartbeats.phase("loading", "load")
        engine.load()
    except NightshootError as error:
        _log.error("%s", error)
        heartbeats.refuse(str(error))
        heartbeats.end()
        sys.exit(REFUSED_EXIT_CODE)
    return engine


def launcher_options(num_ranks: int, folder: Path) -> list[str]:
    """How accelerate is to start the ranks, with a config of ours, written into ``folder``.

    Without one it reads the user's own, whose ``gpu_ids`` and precision would go before the GPUs
    that were leased and the engine's settings.
    """
    config = folder / "launcher.json"
    config.write_text(json.dumps({"distributed_type": "MULTI_GPU", "gpu_ids": "all"}))
    return [
        f"--config_file={config}",
        "--multi_gpu",
        "--gpu_ids=all",
        f"--num_processes={num_ranks}",
        "--num_machines=1",
        "--mixed_precision=no",
        "--dynamo_backend=no",
        "--main_process_port=0",
    ]


def _become_launcher(num_ranks: int, name: str, socket_path: Path) -> None:
    """Never returns. The guard ends all ranks when one ends, when the launcher or owner does."""
    launcher = ["accelerate.commands.launch", *launcher_options(num_ranks, socket_path.parent)]
    rank = ["--module", "model.host", name, "--socket", str(socket_path)]
    is_guarded = bool(os.environ.get(heartbeats.HEARTBEATS_VARIABLE))
    guard = [] if is_guarded else ["model.host.guard"]
    os.execv(sys.executable, [sys.executable, "-m", *guard, *launcher, *rank])
