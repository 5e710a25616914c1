"""A warm engine in a process of its own, behind a Unix socket: ``python -m model.host``.

One client at a time, one rendering at a time. The process ends with its owner, who holds the
write end of its standard input.
"""

import argparse
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

from model import wire
from model.engine import Engine, load_engine
from model.errors import EngineFailedError, MachineError, NightshootError, StoppedError
from model.owner import exit_with_owner

REFUSED_EXIT_CODE = 3
"""Of a host whose engine cannot be loaded on this machine: trying again cannot help."""

_RANK_VARIABLE = "RANK"  # set by the launcher

_log = logging.getLogger("nightshoot.host")


def serve(engine: Engine, listener: socket.socket) -> None:
    """Answer clients one after the other until one says ``bye``."""
    while True:
        connection, _ = listener.accept()
        with connection:
            try:
                wire.send(connection, "hello", wire.identity_fields(engine.identity))
                if not _converse(engine, connection):
                    return
            except wire.ConnectionLostError as error:
                _log.info("client gone: %s", error)


def _converse(engine: Engine, connection: socket.socket) -> bool:
    """Answer one client; False when the host is to end."""
    while True:
        message = wire.receive(connection)
        if message.kind == "bye":
            return False
        if message.kind == "ping":
            wire.send(connection, "pong")
        elif message.kind == "render":
            _render(engine, connection, message)
        elif message.kind != "cancel":  # a cancel that came too late has nothing to end
            raise ValueError(f'no message is called "{message.kind}"')


def _render(engine: Engine, connection: socket.socket, message: wire.Message) -> None:
    started = time.perf_counter()
    try:
        _stream(engine, connection, message, started)
    except wire.ConnectionLostError:
        raise
    except NightshootError as error:
        wire.send_error(connection, error)
    except OSError as error:
        _log.exception("engine failed")
        wire.send_error(connection, MachineError(f"{type(error).__name__}: {error}"))
    except (ValueError, TypeError, KeyError, IndexError, ArithmeticError) as error:
        _log.exception("engine failed")
        wire.send_error(connection, EngineFailedError(f"{type(error).__name__}: {error}"))


def _stream(
    engine: Engine, connection: socket.socket, message: wire.Message, started: float
) -> None:
    job = wire.job_of(message)
    _log.info("segment %s begins: %d frames", job.key, job.num_frames)
    rendering = engine.render(job)
    waited = 0.0
    for frames in rendering:
        sending = time.perf_counter()
        if _is_cancelled(connection):
            raise StoppedError("cancelled")
        wire.send(connection, "frames", arrays={"frames": frames})
        waited += time.perf_counter() - sending
    fields = {
        "engine_seconds": time.perf_counter() - started - waited,
        "peak_rss_bytes": _peak_rss_bytes(),
    }
    wire.send_handoff(connection, rendering.handoff, fields)
    _log.info("segment %s ends: %.3f engine-seconds", job.key, fields["engine_seconds"])


def _is_cancelled(connection: socket.socket) -> bool:
    readable, _, _ = select.select([connection], [], [], 0)
    if not readable:
        return False
    message = wire.receive(connection)
    if message.kind == "ping":
        wire.send(connection, "pong")
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
    socket_path: Path = arguments.socket

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    # Ctrl-C in a terminal reaches the whole process group; the owner decides what it means
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    exit_with_owner(lambda: shutil.rmtree(socket_path.parent, ignore_errors=True))
    engine = _loaded(arguments.engine, socket_path)
    if engine.follow():
        return
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with listener:
        unready = socket_path.with_suffix(".unready")
        listener.bind(str(unready))
        listener.listen()
        unready.rename(socket_path)
        _log.info("engine %s ready", arguments.engine)
        serve(engine, listener)
    engine.close()


def _loaded(name: str, socket_path: Path) -> Engine:
    """The engine, ready to render; ends the process where its own rules forbid that.

    Of an engine with several ranks this process becomes their launcher, and is started again as
    each of them.
    """
    try:
        engine = load_engine(name)
        if engine.num_ranks > 1 and _RANK_VARIABLE not in os.environ:
            _become_launcher(engine.num_ranks, name, socket_path)
        engine.load()
    except NightshootError as error:
        _log.error("%s", error)
        sys.exit(REFUSED_EXIT_CODE)
    return engine


def _become_launcher(num_ranks: int, name: str, socket_path: Path) -> None:
    """Never returns. The guard ends all ranks when one ends, when the launcher or owner does."""
    launcher = ["accelerate.commands.launch", "--multi_gpu", f"--num_processes={num_ranks}"]
    launcher += ["--num_machines=1", "--mixed_precision=no", "--dynamo_backend=no"]
    launcher += ["--main_process_port=0"]
    rank = ["--module", "model.host", name, "--socket", str(socket_path)]
    guard = [sys.executable, "-m", "model.owner", *launcher, *rank]
    os.execv(sys.executable, guard)


if __name__ == "__main__":
    main()
