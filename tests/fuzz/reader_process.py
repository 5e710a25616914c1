"""Reads one file after another with the product's own readers, in bounded memory.

    test ── "kind path" ──> this process ── what came of it, as JSON ──> test

What a library writes to the terminal is caught, for it would reach a user's.
"""

import json
import os
import resource
import sys
import tempfile
import traceback
from pathlib import Path

from model.errors import NightshootError
from tasks.inputs.file_types import picture_fault, sound_fault
from tasks.manifest.manifest import RowDefaults, read_manifest
from tasks.portrait.picture import read_picture
from tasks.speech.recordings.recording import import_recording

MORE_BYTES = 3 << 30  # than were there at the start; two of them are the budget for pictures
SOUNDS = {"wav", "flac", "mp3", "ogg", "m4a", "aac"}
TABLES = {"csv", "xlsx"}


def read(kind: str, path: Path) -> str:
    """What the product says of a file; raises what its reader raises."""
    if kind in TABLES:
        manifest = read_manifest(path, RowDefaults())
        return f"{len(manifest.rows)} rows"
    if kind in SOUNDS:
        fault = sound_fault(path)
        if fault:
            return f"refused: {fault}"
        copies = [path.with_name(f"{path.name}.{name}.wav") for name in ("viewer", "engine")]
        try:
            return f"{import_recording(path, *copies).num_samples} samples"
        finally:
            for copy in copies:
                copy.unlink(missing_ok=True)
    fault = picture_fault(path)
    if fault:
        return f"refused: {fault}"
    return f"shape {read_picture(path).pixels.shape}"


def outcome(kind: str, path: Path) -> dict[str, str]:
    """``said`` by the product, or the ``trouble``: an error that is none of its own."""
    try:
        return {"said": read(kind, path)}
    except NightshootError as error:
        if error.fault == "row":
            return {"said": f"refused: {error}"}
        return {"trouble": f"{type(error).__name__} is no fault of a row: {error}"}
    except BaseException:  # noqa: BLE001  that is what is looked for
        return {"trouble": traceback.format_exc()}


def bound_memory() -> None:
    """Of this process and of those that it starts."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + MORE_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def main() -> None:
    """Serve until the other side has ended."""
    answers = os.fdopen(os.dup(1), "w")
    with tempfile.TemporaryFile() as said:
        for number in (1, 2):
            os.dup2(said.fileno(), number)
        print("ready", file=answers, flush=True)
        bound_memory()
        for line in sys.stdin:
            kind, _, name = line.rstrip("\n").partition(" ")
            found = outcome(kind, Path(name))
            sys.stdout.flush()
            if said.tell():
                said.seek(0)
                found.setdefault("trouble", f"on the terminal: {said.read()[:2000]!r}")
                said.seek(0)
                said.truncate()
            print(json.dumps(found), file=answers, flush=True)


if __name__ == "__main__":
    main()
