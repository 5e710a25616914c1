"""Damaged files are told of by us alone: their decoders write nothing on the terminal."""

import io
import os
import struct
import zlib
from pathlib import Path
from threading import Barrier, Thread

import numpy as np
import pytest
import soundfile
from PIL import Image

from model.errors import PortraitError
from tasks.inputs.file_types import sound_fault
from tasks.portrait.picture import read_picture
from tasks.processes.decoder_chatter import decoders_silenced

PIXELS = np.random.default_rng(2).integers(0, 255, (64, 80, 3), np.uint8)


def saved(kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(PIXELS).save(buffer, kind)
    return buffer.getvalue()


def png_with_chunk(kind: bytes, body: bytes) -> bytes:
    data = saved("PNG")
    chunk = struct.pack(">I", len(body)) + kind + body
    return data[:33] + chunk + struct.pack(">I", zlib.crc32(kind + body)) + data[33:]


def test_a_png_with_a_broken_profile_is_read_quietly(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.png").write_bytes(png_with_chunk(b"iCCP", b"ICC Profile\0\0no deflate stream"))
    assert np.array_equal(read_picture(tmp_path / "a.png").pixels, PIXELS)
    assert capfd.readouterr() == ("", "")


def test_a_jpeg_whose_scan_has_no_header_is_refused_quietly(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    data = saved("JPEG")
    start, end = data.index(b"\xff\xda"), data.index(b"\xff\xda") + 14
    (tmp_path / "a.jpg").write_bytes(data[:start] + data[end:])
    with pytest.raises(PortraitError, match="damaged or cut off"):
        read_picture(tmp_path / "a.jpg")
    assert capfd.readouterr() == ("", "")


def test_what_begins_like_an_mpeg_frame_and_is_none_is_refused_quietly(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    soundfile.write(tmp_path / "a.wav", PIXELS[:, :, 0].ravel() / 300, 16_000)
    data = bytearray((tmp_path / "a.wav").read_bytes())
    data[:4] = b"\xff\xff\0\0"
    (tmp_path / "a.wav").write_bytes(data)
    assert sound_fault(tmp_path / "a.wav") == "the recording is damaged or of an unknown type"
    assert capfd.readouterr() == ("", "")


def test_what_others_write_meanwhile_comes_out_once_and_whole(
    capfd: pytest.CaptureFixture[str],
) -> None:
    both = Barrier(2)

    def work(number: int) -> None:
        with decoders_silenced():
            both.wait(10)
            os.write(2, b"libpng warning: iCCP: bad\n")
            os.write(2, f"line of {number}\n".encode())
            both.wait(10)

    threads = [Thread(target=work, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    os.write(2, b"after\n")
    *lines, last = capfd.readouterr().err.splitlines()
    assert sorted(lines) == ["line of 0", "line of 1"]
    assert last == "after"
