"""Messages between host and client, over a real socket pair."""

import json
import socket
import struct
import threading

import numpy as np
import pytest

from model.engine import EngineIdentity, Handoff, Phoneme, SegmentJob
from model.errors import MachineError, PortraitError, ResourceError, RowError, Rung
from model.host import protocol


@pytest.fixture
def pair():
    left, right = socket.socketpair()
    with left, right:
        yield left, right


def job(**changes):
    fields = {
        "key": "k",
        "portrait": np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3),
        "rig": {"chin": [1.5, 2]},
        "handoff": Handoff(np.ones((16, 32, 3), np.uint8), {"frame": np.array(7)}),
        "pcm": np.arange(10, dtype=np.int16),
        "left_context": 2,
        "right_context": 3,
        "phonemes": (Phoneme("ʃ", 0, 4),),
        "prompt": "街",
        "seed": 2**32 - 1,
        "width": 32,
        "height": 16,
        "num_frames": 12,
        "settings": {"a": 1, "b": "x"},
    }
    return SegmentJob(**(fields | changes))


def through(pair, send):
    threading.Thread(target=send, args=(pair[0],)).start()
    return protocol.receive(pair[1])


@pytest.mark.parametrize("changes", [{}, {"handoff": None}, {"phonemes": None}, {"phonemes": ()}])
def test_a_job_arrives_as_it_was_sent(pair, changes):
    sent = job(**changes)

    got = protocol.job_of(through(pair, lambda sock: protocol.send_job(sock, sent)))

    for name in ("portrait", "pcm"):
        assert np.array_equal(getattr(got, name), getattr(sent, name))
        assert getattr(got, name).dtype == getattr(sent, name).dtype
    for name in ("key", "rig", "phonemes", "prompt", "seed", "num_frames", "settings"):
        assert getattr(got, name) == getattr(sent, name)
    assert (got.handoff is None) == (sent.handoff is None)
    if sent.handoff and got.handoff:
        assert np.array_equal(got.handoff.last_frame, sent.handoff.last_frame)
        assert got.handoff.state["frame"] == 7


def test_an_identity_arrives_as_it_was_sent(pair):
    identity = EngineIdentity("e", 3, "w", 25, 12, 5, 6, {"s": True}, needs_face=True)

    message = through(
        pair, lambda sock: protocol.send(sock, "hello", protocol.identity_fields(identity))
    )

    assert protocol.identity_of(message) == identity


def test_another_protocol_is_refused(pair):
    message = through(pair, lambda sock: protocol.send(sock, "hello", {"protocol": 99}))

    with pytest.raises(ValueError, match="99"):
        protocol.identity_of(message)


@pytest.mark.parametrize(
    "error",
    [
        PortraitError("no face"),
        ResourceError("out of memory", (Rung((("offload", True),), changes_pixels=False),)),
        MachineError("lost"),
    ],
)
def test_an_error_keeps_its_class_its_fault_and_its_rungs(pair, error):
    got = protocol.error_of(through(pair, lambda sock: protocol.send_error(sock, error)))

    assert type(got) is type(error)
    assert str(got) == str(error)
    assert got.fault == error.fault
    assert getattr(got, "rungs", ()) == getattr(error, "rungs", ())


def test_an_unknown_class_of_error_becomes_the_class_of_its_fault(pair):
    class OddError(RowError):
        pass

    got = protocol.error_of(through(pair, lambda sock: protocol.send_error(sock, OddError("odd"))))

    assert type(got) is RowError


def test_a_closed_connection_is_told_at_once(pair):
    pair[0].close()

    with pytest.raises(protocol.ConnectionLostError):
        protocol.receive(pair[1])


@pytest.mark.parametrize(
    ("arrays", "payload", "words"),
    [
        ([{"name": "a", "dtype": "|O", "shape": [1]}], b"12345678", "dtype"),
        ([{"name": "a", "dtype": "|u1", "shape": [4]}], b"12345678", "payload"),
        ([{"name": "a", "dtype": "|u1", "shape": [40]}], b"12345678", "buffer"),
    ],
)
def test_a_message_that_does_not_add_up_is_refused(pair, arrays, payload, words):
    header = json.dumps({"kind": "frames", "fields": {}, "arrays": arrays}).encode()
    pair[0].sendall(struct.pack("!IQ", len(header), len(payload)) + header + payload)

    with pytest.raises(ValueError, match=words):
        protocol.receive(pair[1])


def test_a_message_of_absurd_size_is_refused_before_it_is_read(pair):
    pair[0].sendall(struct.pack("!IQ", 10, 1 << 60))

    with pytest.raises(ValueError, match="bytes"):
        protocol.receive(pair[1])
