"""Manifests, portraits, recordings and scripts from S3 or https -> whole, checked local files.

Each address is fetched once in a run, and not again in the next if its server says that it is
unchanged; a manifest is read anew each time. What may be a secret in an address (user, query) is
in no message, log or receipt.
"""

import errno
import hashlib
import json
import logging
import os
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Self

from pydantic import Field, ValidationError

from model.errors import CampaignError, NightshootError, StoppedError
from tasks.errors import (
    DiskFullError,
)
from tasks.inputs.addresses import is_url, name_in, rig_url_of
from tasks.inputs.file_types import picture_fault, sound_fault
from tasks.inputs.https_source import HttpsSource
from tasks.inputs.s3_source import S3Source
from tasks.inputs.source import (
    InputError,
    InputLimits,
    InputMissingError,
    InputUnreachableError,
    Kind,
    Sink,
    Source,
    Version,
)
from tasks.inputs.text_files import (
    script_fault,
)
from tasks.records import Record
from tasks.redaction import shown_url
from tasks.store.files import commit_file, part_path, sha256_of_file, write_file

__all__ = [
    "InputError",
    "InputLimits",
    "InputMissingError",
    "InputUnreachableError",
    "Inputs",
    "is_url",
    "sweep_inputs",
]

_log = logging.getLogger("nightshoot.inputs")
_TALKATIVE = ("httpcore", "botocore")  # their debug lines hold signatures and redirect targets
_RECEIPT = ".input.json"
_FOLDER_CHARS = 32
_WEB_PAGE_STARTS = (b"<!doctype html", b"<html")


class FetchedInput(Record):
    """The receipt of a fetched file, beside it and written last."""

    address: str = Field(description="Without user and query.")
    kind: Kind
    name: str = Field(description="Of the file.")
    sha256: str
    num_bytes: int
    etag: str = ""
    last_modified: str = ""


class Inputs:
    """Fetches what a manifest names, once each; to be closed."""

    def __init__(
        self, scratch: Path, limits: InputLimits | None = None, allow_private: bool = False
    ) -> None:
        """Nothing is fetched yet.

        Args:
            scratch: a folder for the copies; kept, it saves the next run the same work.
            limits: of sizes, times and tries.
            allow_private: let http:// and addresses of private networks be read.
        """
        self._scratch, self.limits = scratch, limits or InputLimits()
        self._https: Source = HttpsSource(self.limits, allow_private)
        self._s3: Source = S3Source(self.limits)
        self._lock = threading.Lock()
        self._fetched: dict[tuple[str, Kind], Future[Path]] = {}
        self._strikes: Counter[str] = Counter()
        self._names: dict[Path, str] = {}
        self._ending = threading.Event()
        for name in _TALKATIVE:
            logging.getLogger(name).setLevel(logging.INFO)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of every connection, what still comes included; the files stay."""
        self._ending.set()
        self._https.close()
        self._s3.close()

    def fetch(self, url: str, kind: Kind) -> Path:
        """The local copy of ``url``, whole and of its kind.

        Raises:
            InputError: it cannot be had, or is not what it should be.
            DiskFullError: there is no room for it.
            CampaignError: the scratch cannot be written.
            StoppedError: the inputs were closed meanwhile.
        """
        with self._lock:
            future = self._fetched.get((url, kind))
            is_mine = future is None
            if future is None:
                future = self._fetched[url, kind] = Future()
        if is_mine:
            try:
                future.set_result(self._fetch(url, kind))
            except NightshootError as error:
                future.set_exception(error)
            finally:
                if not future.done():  # something unforeseen flies: nobody waits for ever
                    future.cancel()
        return future.result()

    def read_once(self, url: str, kind: Kind) -> bytes:
        """The content of ``url``; no copy stays: a manifest names addresses with their secrets.

        Raises as :meth:`fetch`.
        """
        path = self.fetch(url, kind)
        try:
            return path.read_bytes()
        finally:
            with self._lock:
                del self._fetched[url, kind]
            shutil.rmtree(path.parent)

    def fetch_all(self, wanted: Iterable[tuple[str, Kind]]) -> None:
        """Fetch many side by side, portraits with their rigs; faults are told by :meth:`fetch`."""
        started = time.perf_counter()
        distinct = list(dict.fromkeys(wanted))
        pool = ThreadPoolExecutor(self.limits.side_by_side, "inputs")
        try:
            futures = [pool.submit(self._try, url, kind) for url, kind in distinct]
            num_good = sum(future.result() for future in futures)
        except BaseException as error:  # an interrupt, a full disk: nobody waits for the rest
            self.close()
            is_ours = isinstance(error, NightshootError)  # a person does not wait for a server
            pool.shutdown(wait=is_ours, cancel_futures=True)
            raise
        pool.shutdown()
        if distinct:
            seconds = time.perf_counter() - started
            _log.info("%d of %d inputs fetched, %.1f s", num_good, len(distinct), seconds)

    def rig_of(self, portrait_url: str) -> tuple[Path | None, str]:
        """The copy of the rig beside a portrait, where there is one, and what is worth telling.

        Raises:
            InputError: there is one that cannot be used, or its server cannot be reached.
        """
        url = rig_url_of(portrait_url)
        if url is None:
            return None, ""
        try:
            return self.fetch(url, "rig"), ""
        except InputMissingError as error:
            notice = f"{error.name}: {error.rule}; continuing without a rig"
            return None, "" if error.is_certain else notice

    def shown(self, path: Path) -> str:
        """The name a person knows a file by: its address, where it was fetched."""
        return self._names.get(path, str(path))

    def _try(self, url: str, kind: Kind) -> bool:
        try:
            self.fetch(url, kind)
            if kind == "portrait":
                self.rig_of(url)
        except InputError:
            return False  # remembered: told again, with its row, when the row is read
        return True

    # --- one file ---------------------------------------------------------------------------------

    def _fetch(self, url: str, kind: Kind) -> Path:
        name = shown_url(url)
        digest = hashlib.sha256(f"{kind}\n{url}".encode()).hexdigest()
        final = self._scratch / digest[:_FOLDER_CHARS] / name_in(url)
        try:
            final.parent.mkdir(parents=True, exist_ok=True)
            self._bring(url, kind, final)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                free = shutil.disk_usage(final.parent).free
                raise DiskFullError(final, free) from error
            raise CampaignError(
                f"{final.parent}: the copy of {name} cannot be written "
                f"({error.strerror or error}); let it be, or choose another folder"
            ) from error
        with self._lock:
            self._names[final] = name
        return final

    def _bring(self, url: str, kind: Kind, final: Path) -> None:
        name = shown_url(url)
        receipt_path = final.with_name(_RECEIPT)
        receipt = _receipt_of(receipt_path, final)
        known = Version(receipt.etag, receipt.last_modified) if receipt else Version()
        part = part_path(final)
        try:
            version, sink = self._tried(url, kind, part, known)
            if version is None:
                os.utime(receipt_path)
                return
            fault = _content_fault(part, kind)
            if fault:
                raise InputError(name, fault, "check the address, or store the file again")
            commit_file(part, final)
        finally:
            part.unlink(missing_ok=True)
        receipt = FetchedInput(
            address=name,
            kind=kind,
            name=final.name,
            sha256=sink.sha256,
            num_bytes=sink.num_bytes,
            etag=version.etag,
            last_modified=version.last_modified,
        )
        write_file(receipt_path, receipt.model_dump_json(indent=1).encode())

    def _tried(
        self, url: str, kind: Kind, part: Path, known: Version
    ) -> tuple[Version | None, Sink]:
        """What came, after a few tries; a host that gave nothing several times is left alone."""
        source = self._s3 if url.lower().startswith("s3://") else self._https
        host, name = _host_of(url), shown_url(url)
        if self._strikes[host] >= self.limits.host_strikes:
            rule = f"{self._strikes[host]} files in a row could not be fetched from {host}"
            raise InputUnreachableError(
                name, rule, "check that its server is working, and try again later"
            )
        for attempt in range(source.num_attempts):
            try:
                with part.open("wb") as file:
                    sink = Sink(file, name, self.limits.max_bytes(kind), self.limits)
                    version = source.download(url, sink, known)
            except InputUnreachableError as error:
                doubled_s = min(self.limits.first_wait_s * 2**attempt, self.limits.longest_wait_s)
                wait_s = max(doubled_s, error.asked_wait_s)
                if attempt + 1 == source.num_attempts:
                    self._strike(host)
                    rule = f"{error.rule}, in {source.num_attempts} tries"
                    raise InputUnreachableError(name, rule, error.way_out) from error
                _log.info("%s; waiting %.1f s", error, wait_s)
                if self._ending.wait(wait_s):
                    raise StoppedError(f"{name} is no longer wanted") from error
            else:
                self._pardon(host)
                return version, sink
        raise AssertionError("num_attempts is at least 1")

    def _strike(self, host: str) -> None:
        with self._lock:
            self._strikes[host] += 1

    def _pardon(self, host: str) -> None:
        with self._lock:
            self._strikes[host] = 0


def sweep_inputs(scratch: Path, older_than_s: float) -> int:
    """Remove copies that no run has used for so long, and what killed runs left; how many."""
    now, num_removed = time.time(), 0
    for folder in scratch.iterdir() if scratch.is_dir() else ():
        if not folder.is_dir() or len(folder.name) != _FOLDER_CHARS:
            continue
        receipt = folder / _RECEIPT
        used = receipt if receipt.exists() else folder
        if now - used.stat().st_mtime > older_than_s:
            shutil.rmtree(folder)
            num_removed += 1
    return num_removed


def _host_of(url: str) -> str:
    return "/".join(shown_url(url).split("/")[:3])


def _receipt_of(path: Path, final: Path) -> FetchedInput | None:
    """The receipt of a copy that is still what it was; None if there is no such copy."""
    try:
        receipt = FetchedInput.model_validate_json(path.read_bytes())
        is_whole = final.name == receipt.name and sha256_of_file(final) == receipt.sha256
    except (FileNotFoundError, ValidationError):
        return None
    return receipt if is_whole else None


# --- what came ----------------------------------------------------------------------------------


def _content_fault(path: Path, kind: Kind) -> str:
    """Why these bytes are no file of this kind, whatever their server calls them."""
    with path.open("rb") as file:
        start = file.read(256).lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(_WEB_PAGE_STARTS):
        return f"the server sent a web page, not a {kind}"
    return _FAULTS[kind](path)


def _table_fault(path: Path) -> str:
    return "" if path.stat().st_size else "the file is empty"


def _rig_fault(path: Path) -> str:
    try:
        content = json.loads(path.read_text("utf-8"))
    except RecursionError:
        return "the rig's brackets are nested too deeply"
    except ValueError as error:
        return f"the rig is not valid JSON ({error})"
    return "" if isinstance(content, dict) else "the rig is not a JSON object"


_FAULTS: dict[Kind, Callable[[Path], str]] = {
    "manifest": _table_fault,
    "portrait": picture_fault,
    "recording": sound_fault,
    "script": script_fault,
    "rig": _rig_fault,
    "lexicon": _table_fault,
}
