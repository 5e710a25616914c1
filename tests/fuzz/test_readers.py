"""Damaged files of every kind are read or refused: no crash, no hang, no flood of memory.

A few seconds each here; `make fuzz` gives them ten minutes. What it found has a test of its own
beside the reader.
"""

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.examples import examples
from tests.fuzz.formats import Format, all_formats, harmed, harms

NAMES = ("wav", "flac", "mp3", "ogg", "m4a", "aac", "jpeg", "png", "webp", "avif", "heic")
NAMES = (*NAMES, "tiff", "bmp", "csv", "xlsx")
ROOT = Path(__file__).parents[2]
LIMIT_S = 60.0  # of one file, on a machine that does other things too
EXAMPLES = examples(20)
SECONDS = float(os.environ.get("NIGHTSHOOT_FUZZ_S", "0")) / len(NAMES)


class Reader:
    """The process that reads; started anew where a file has ended it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._process: subprocess.Popen[str] | None = None

    def read(self, kind: Format, data: bytes) -> str:
        """What the product says of a file.

        Raises:
            AssertionError: it crashed, hung, wrote on the terminal or raised what is not its own.
        """
        path = self.folder / f"a{kind.suffix}"
        path.write_bytes(data)
        process = self._process or self._started()
        assert process.stdin is not None
        print(kind.name, path, file=process.stdin, flush=True)
        try:
            found = self._answer(process)
        except AssertionError:
            self.end()
            raise
        assert "trouble" not in found, found["trouble"]
        return found["said"]

    def _started(self) -> subprocess.Popen[str]:
        self._process = process = subprocess.Popen(
            [sys.executable, "-m", "tests.fuzz.reader_process"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process

    def _answer(self, process: subprocess.Popen[str]) -> dict[str, str]:
        assert process.stdout is not None
        is_there = select.select([process.stdout], [], [], LIMIT_S)[0]
        assert is_there, f"no answer within {LIMIT_S:.0f} s"
        line = process.stdout.readline()
        assert line, f"the process that read it has ended with {process.wait(60)}"
        return json.loads(line)

    def end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "a.png").write_bytes(all_formats(folder)["png"].seeds[0])
    made = Reader(folder)
    yield made
    made.end()


@pytest.fixture(scope="module")
def formats(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Format]:
    return all_formats(tmp_path_factory.mktemp("seeds"))


def test_every_seed_is_read(reader: Reader, formats: dict[str, Format]) -> None:
    assert tuple(formats) == NAMES
    for kind in formats.values():
        for data in kind.seeds:
            said = reader.read(kind, data)
            is_csv = kind.name == "csv"  # one of its rows names a portrait that is not there
            assert said.startswith("refused") == is_csv, (kind.name, said)
            assert kind.join(kind.split(data)), kind.name


@pytest.mark.parametrize("name", NAMES)
def test_a_damaged_file_is_read_or_refused(
    name: str, reader: Reader, formats: dict[str, Format]
) -> None:
    kind = formats[name]
    end, number = time.monotonic() + SECONDS, 0
    while number == 0 or time.monotonic() < end:
        number += 1
        _look_for_trouble(reader, kind, number if SECONDS else 0)


def _look_for_trouble(reader: Reader, kind: Format, number: int) -> None:
    """A round of examples: the same ones where the number is 0."""

    @settings(
        max_examples=200 if number else EXAMPLES,
        derandomize=not number,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
    )
    @given(harms(kind))
    def check(case: tuple) -> None:
        data = harmed(kind, *case)
        try:
            reader.read(kind, data)
        except AssertionError:
            if kept := os.environ.get("NIGHTSHOOT_FUZZ_KEPT"):
                (Path(kept) / f"{kind.name}{kind.suffix}").write_bytes(data)
            raise

    (seed(time.time_ns())(check) if number else check)()
