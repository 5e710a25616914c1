"""Messages between an engine host and its client, over a local stream socket. No pickle.

A message is: header length (u32, network order), payload length (u64), header (JSON, UTF-8),
payload (the raw bytes of the arrays that the header lists under ``arrays``, in order).

    host -> client   hello      {protocol, identity, pid of the host, patience_s: how long it may
                                say nothing, log: path of its log or empty}
    client -> host   render     the job's fields, its arrays
    host -> client   frames     one array (F, H, W, 3) uint8; as often as the engine yields
    host -> client   handoff    {engine_seconds, cpu_seconds, peak_rss_bytes}, last_frame and state
                                arrays
    host -> client   error      {class, message, fault, rungs}
    client -> host   ping       answered by pong
    client -> host   cancel     the rendering under way ends with error StoppedError
    client -> host   bye        the host ends
"""

import json
import os
import socket
import struct
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model import errors
from model.engine import EngineIdentity, Handoff, Phoneme, SegmentJob
from model.errors import MachineError, NightshootError, ResourceError, Rung

PROTOCOL_VERSION = 2

_PREFIX = struct.Struct("!IQ")
_MAX_HEADER_BYTES = 16 << 20
_MAX_PAYLOAD_BYTES = 8 << 30
_DTYPES = frozenset({"|u1", "|i1", "|b1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8"}) | frozenset(
    {"<f2", "<f4", "<f8"}
)

Array = NDArray[Any]


class ConnectionLostError(MachineError):
    """The other side closed the socket in the middle of a conversation."""


@dataclass(frozen=True)
class Message:
    """One message: its kind, its header's other fields, its arrays by name."""

    kind: str
    fields: Mapping[str, Any]
    arrays: Mapping[str, Array]


def send(
    connection: socket.socket,
    kind: str,
    fields: Mapping[str, Any] | None = None,
    arrays: Mapping[str, Array] | None = None,
) -> None:
    """Send one message.

    Raises:
        ConnectionLostError: the other side is gone.
    """
    contiguous = {name: np.ascontiguousarray(array) for name, array in (arrays or {}).items()}
    described = [
        {"name": name, "dtype": array.dtype.str, "shape": list(array.shape)}
        for name, array in contiguous.items()
    ]
    header = json.dumps({"kind": kind, "fields": dict(fields or {}), "arrays": described}).encode()
    num_bytes = sum(array.nbytes for array in contiguous.values())
    try:
        connection.sendall(_PREFIX.pack(len(header), num_bytes) + header)
        for array in contiguous.values():
            if array.nbytes:
                connection.sendall(array.tobytes() if array.ndim == 0 else array.data.cast("B"))
    except (BrokenPipeError, ConnectionResetError) as error:
        raise ConnectionLostError(f"the other side went away while {kind} was sent") from error


def receive(connection: socket.socket) -> Message:
    """Wait for one message.

    Raises:
        ConnectionLostError: the other side is gone.
        ValueError: the bytes are no message of this protocol.
    """
    header_size, payload_size = _PREFIX.unpack(_read(connection, _PREFIX.size))
    if header_size > _MAX_HEADER_BYTES or payload_size > _MAX_PAYLOAD_BYTES:
        raise ValueError(f"a message cannot have {header_size} + {payload_size} bytes")
    header = json.loads(bytes(_read(connection, header_size)))
    payload = _read(connection, payload_size)
    arrays: dict[str, Array] = {}
    offset = 0
    for described in header["arrays"]:
        if described["dtype"] not in _DTYPES:
            raise ValueError(
                f'array {described["name"]} has the unknown dtype "{described["dtype"]}"'
            )
        dtype, shape = np.dtype(described["dtype"]), tuple(described["shape"])
        count = int(np.prod(shape, dtype=np.int64))
        flat = np.frombuffer(payload, dtype, count, offset)
        arrays[described["name"]] = flat.reshape(shape)
        offset += flat.nbytes
    if offset != payload_size:
        raise ValueError(f"the arrays take {offset} bytes, but the payload has {payload_size}")
    return Message(header["kind"], header["fields"], arrays)


def _read(connection: socket.socket, num_bytes: int) -> bytearray:
    buffer = bytearray(num_bytes)
    view, done = memoryview(buffer), 0
    while done < num_bytes:
        try:
            count = connection.recv_into(view[done:], num_bytes - done)
        except ConnectionResetError as error:
            raise ConnectionLostError("the other side went away") from error
        if not count:
            raise ConnectionLostError("the other side closed the connection")
        done += count
    return buffer


# --- what the messages carry --------------------------------------------------------------------


def identity_fields(identity: EngineIdentity) -> dict[str, Any]:
    """Fields of ``hello``."""
    return {"protocol": PROTOCOL_VERSION, "identity": asdict(identity), "pid": os.getpid()}


def pid_of(message: Message) -> int:
    """The host's process id, from its ``hello``."""
    return int(message.fields["pid"])


def identity_of(message: Message) -> EngineIdentity:
    """Read a ``hello``.

    Raises:
        ValueError: the host speaks another protocol.
    """
    if message.kind != "hello" or message.fields.get("protocol") != PROTOCOL_VERSION:
        raise ValueError(
            f"expected hello of protocol {PROTOCOL_VERSION}, got {message.kind} "
            f"of {message.fields.get('protocol')}"
        )
    return EngineIdentity(**message.fields["identity"])


def send_job(connection: socket.socket, job: SegmentJob) -> None:
    """Send a ``render``."""
    fields = {
        name: getattr(job, name)
        for name in ("key", "left_context", "right_context", "prompt", "seed")
    }
    fields |= {name: getattr(job, name) for name in ("width", "height", "num_frames")}
    fields["rig"] = None if job.rig is None else dict(job.rig)
    fields["settings"] = dict(job.settings)
    fields["phonemes"] = None
    if job.phonemes is not None:
        fields["phonemes"] = [[phone.symbol, phone.start, phone.end] for phone in job.phonemes]
    arrays: dict[str, Array] = {"portrait": job.portrait, "pcm": job.pcm}
    send(connection, "render", fields, arrays | _handoff_arrays(job.handoff))


def job_of(message: Message) -> SegmentJob:
    """Read a ``render``."""
    fields = dict(message.fields)
    phonemes = fields.pop("phonemes")
    return SegmentJob(
        **fields,
        portrait=message.arrays["portrait"],
        pcm=message.arrays["pcm"],
        handoff=_handoff_of(message.arrays) if "last_frame" in message.arrays else None,
        phonemes=None if phonemes is None else tuple(Phoneme(*phone) for phone in phonemes),
    )


def send_handoff(connection: socket.socket, handoff: Handoff, fields: Mapping[str, Any]) -> None:
    """Send a ``handoff``."""
    send(connection, "handoff", fields, _handoff_arrays(handoff))


def handoff_of(message: Message) -> Handoff:
    """Read a ``handoff``."""
    return _handoff_of(message.arrays)


def _handoff_arrays(handoff: Handoff | None) -> dict[str, Array]:
    if handoff is None:
        return {}
    state = {f"state.{name}": array for name, array in sorted(handoff.state.items())}
    return {"last_frame": handoff.last_frame} | state


def _handoff_of(arrays: Mapping[str, Array]) -> Handoff:
    state = {
        name.removeprefix("state."): array
        for name, array in arrays.items()
        if name.startswith("state.")
    }
    return Handoff(arrays["last_frame"], state)


def send_error(connection: socket.socket, error: NightshootError) -> None:
    """Send an ``error``."""
    send(connection, "error", error_fields(error))


def error_fields(error: NightshootError) -> dict[str, Any]:
    """Fields of ``error``."""
    rungs = error.rungs if isinstance(error, ResourceError) else ()
    fields: dict[str, Any] = {"class": type(error).__name__, "message": str(error)}
    fields["fault"] = error.fault
    fields["rungs"] = [[list(rung.settings), rung.changes_pixels] for rung in rungs]
    return fields


def error_of(message: Message) -> NightshootError:
    """Read an ``error``."""
    return error_in(message.fields)


def error_in(fields: Mapping[str, Any]) -> NightshootError:
    """The same class where this side knows it, else the class of its fault."""
    text, fault = fields["message"], fields["fault"]
    known = getattr(errors, fields["class"], None)
    if (
        isinstance(known, type)
        and issubclass(known, NightshootError)
        and not issubclass(known, ResourceError)
    ):
        return known(text)
    if fault == "resource":
        rungs = tuple(
            Rung(tuple((name, value) for name, value in settings), changes)
            for settings, changes in fields["rungs"]
        )
        return ResourceError(text, rungs)
    by_fault = {"row": errors.RowError, "machine": MachineError}
    return by_fault.get(fault, NightshootError)(text)
