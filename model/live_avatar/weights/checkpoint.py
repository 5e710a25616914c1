"""Files of weights, as far as they can be read without torch: what they hold, and their identity.

Two formats: safetensors, alone or in shards that an ``.index.json`` names, and torch's ``.pth``.
"""

import hashlib
import json
import math
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model.errors import WeightsError

#: bytes of a number; what a checkpoint may be stored in
DTYPE_BYTES: Mapping[str, int] = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}
INDEX_ENDING = ".index.json"
SAFETENSORS_ENDING = ".safetensors"
PICKLE_ENDINGS = (".pth", ".bin")

_LENGTH_BYTES = 8
_MAX_HEADER_BYTES = 100_000_000  # what the format allows
_LFS_POINTER = b"version https://git-lfs"
_SAMPLE_BYTES = 64
_ADVICE = "`nightshoot doctor --engine live-avatar` says where each file is published"


@dataclass(frozen=True)
class StoredTensor:
    """Where a tensor lies.

    Attributes:
        path: file.
        dtype: as safetensors names it.
        shape: of the tensor.
        start: its first byte in the file.
        num_bytes: how many there are.
    """

    path: Path
    dtype: str
    shape: tuple[int, ...]
    start: int
    num_bytes: int


@dataclass(frozen=True)
class Lora:
    """Low-rank changes of a checkpoint's linear layers: ``W + alpha / rank * B @ A``.

    Attributes:
        path: safetensors file.
        rank: columns of every B; 128 in the published file.
        alpha: 64 for the published file, which does not say it.
    """

    path: Path
    rank: int = 128
    alpha: float = 64.0

    @property
    def scale(self) -> float:
        """Of ``B @ A``."""
        return self.alpha / self.rank


# --- safetensors --------------------------------------------------------------------------------


def stored_tensors(path: Path) -> dict[str, StoredTensor]:
    """All tensors of a safetensors file, or of the shards of an index, in the files' order.

    Raises:
        WeightsError: a file is missing, cut short, or not what its name says.
    """
    if path.name.endswith(INDEX_ENDING):
        return _sharded(path)
    return _single(path)


def shard_names(index: Path) -> list[str]:
    """Names of the files that an index names, each once.

    Raises:
        WeightsError: it is missing or no index.
    """
    return list(dict.fromkeys(_weight_map(index).values()))


def _weight_map(index: Path) -> dict[str, str]:
    try:
        entries = json.loads(_small_file(index))["weight_map"]
        if not entries or not all(isinstance(name, str) for name in entries.values()):
            raise TypeError("weight_map must give a file for each tensor")
        outside = [name for name in entries.values() if Path(name).name != name]
        if outside:
            raise ValueError(f"{outside[0]!r} is not the name of a file beside it")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WeightsError(
            f"{index}: is not an index of safetensors shards ({error}); download it again"
        ) from error
    return entries


def _sharded(index: Path) -> dict[str, StoredTensor]:
    weight_map = _weight_map(index)
    found: dict[str, StoredTensor] = {}
    faults: list[str] = []
    for name in dict.fromkeys(weight_map.values()):
        try:
            shard = _single(index.parent / name)
        except WeightsError as error:
            faults.append(str(error))
            continue
        promised = {tensor for tensor, file in weight_map.items() if file == name}
        faults += [
            f"{index}: names {tensor} in {name}, which does not hold it"
            for tensor in sorted(promised - shard.keys())
        ]
        faults += [
            f"{index}: does not name {tensor}, which is in {name}"
            for tensor in sorted(shard.keys() - promised)
        ]
        found.update(shard)
    if faults:
        raise WeightsError("\n".join(faults))
    return found


def _single(path: Path) -> dict[str, StoredTensor]:
    header, data_start = _header(path)
    found: dict[str, StoredTensor] = {}
    try:
        for name, entry in header.items():
            if name == "__metadata__":
                continue
            start, end = entry["data_offsets"]
            shape = tuple(int(size) for size in entry["shape"])
            found[name] = StoredTensor(path, entry["dtype"], shape, data_start + start, end - start)
    except (KeyError, TypeError, ValueError) as error:
        raise WeightsError(
            f"{path}: the header of this safetensors file is damaged ({error!r}); "
            "download the file again"
        ) from error
    _check_extents(path, found, data_start)
    return found


def _header(path: Path) -> tuple[dict[str, Any], int]:
    """The header, and where the data begins."""
    size = _size(path)
    with path.open("rb") as file:
        head = file.read(_LENGTH_BYTES)
        length = int.from_bytes(head, "little")
        if len(head) < _LENGTH_BYTES or not 2 <= length <= _MAX_HEADER_BYTES:
            raise WeightsError(_not_a(path, "safetensors file", head + file.read(64)))
        header = file.read(length)
    if len(header) < length:
        raise WeightsError(_cut_short(path, size, f"but its header alone takes {length}"))
    try:
        parsed = json.loads(header)
    except ValueError as error:
        raise WeightsError(_not_a(path, "safetensors file", header)) from error
    if not isinstance(parsed, dict):
        raise WeightsError(_not_a(path, "safetensors file", header))
    return parsed, _LENGTH_BYTES + length


def _check_extents(path: Path, found: Mapping[str, StoredTensor], data_start: int) -> None:
    """Every tensor as long as it says, one after the other, to the file's last byte."""
    faults: list[str] = []
    for name, stored in found.items():
        number_bytes = DTYPE_BYTES.get(stored.dtype)
        if number_bytes is None:
            faults.append(
                f"{path}: {name} is stored as {stored.dtype}; "
                f"weights must be one of {', '.join(DTYPE_BYTES)}"
            )
        elif math.prod(stored.shape) * number_bytes != stored.num_bytes:
            faults.append(
                f"{path}: {name} {stored.shape} {stored.dtype} cannot take {stored.num_bytes} "
                "bytes; the header is damaged, download the file again"
            )
    if faults:
        raise WeightsError("\n".join(faults))
    end = data_start
    for stored in sorted(found.values(), key=lambda stored: stored.start):
        if stored.start != end:
            raise WeightsError(
                f"{path}: bytes {end} to {stored.start} belong to no tensor, or to two; "
                "the header is damaged, download the file again"
            )
        end += stored.num_bytes
    size = _size(path)
    if size < end:
        raise WeightsError(_cut_short(path, size, f"but its header promises {end}"))
    if size > end:
        raise WeightsError(
            f"{path}: has {size} bytes, {size - end} more than its header promises; "
            "download the file again"
        )


# --- .pth ---------------------------------------------------------------------------------------


def check_pickle(path: Path) -> None:
    """Whether a ``.pth`` file is there to its end, without reading it.

    Raises:
        WeightsError: it is not.
    """
    _pickle_records(path)


def _pickle_records(path: Path) -> list[zipfile.ZipInfo]:
    size = _size(path)
    try:
        with zipfile.ZipFile(path) as archive:
            records = archive.infolist()
    except (zipfile.BadZipFile, zipfile.LargeZipFile, ValueError, NotImplementedError) as error:
        with path.open("rb") as file:
            head = file.read(64)
        if head.startswith(b"PK"):
            raise WeightsError(_cut_short(path, size, "but not the list at its end")) from error
        raise WeightsError(_not_a(path, "file of torch.save (1.6 or newer)", head)) from error
    return records


# --- identity -----------------------------------------------------------------------------------


def weights_id(files: Iterable[Path], lora: Lora | None = None) -> str:
    """Hash that tells sets of weights apart, in a second or so for tens of gigabytes.

    Of safetensors: every tensor's name, dtype, shape and 64 bytes of its middle, whatever shard
    it lies in. A model that was trained on differs in every tensor that was trained, so the same
    id means the same weights. Of ``.pth``: the list of its records with their sizes and the
    checksums that torch stored. Of other files: all bytes. Of the LoRA: as safetensors, and its
    rank and alpha. Not found this way is damage to a few bytes of a safetensors file: compare the
    published sha256 if in doubt.

    Args:
        files: in an order that is always the same; of shards, their index.
        lora: merged into them.

    Raises:
        WeightsError: names every file that is missing, cut short, or not what its name says.
    """
    parts: list[str] = []
    faults: list[str] = []
    for path in [*files, *([lora.path] if lora else [])]:
        try:
            parts.append(_fingerprint(path))
        except WeightsError as error:
            faults.append(str(error))
    if faults:
        raise WeightsError("\n".join([*faults, _ADVICE]))
    if lora is not None:
        parts.append(f"rank={lora.rank} alpha={float(lora.alpha)!r}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _fingerprint(path: Path) -> str:
    if path.name.endswith((INDEX_ENDING, SAFETENSORS_ENDING)):
        return _tensors_fingerprint(stored_tensors(path))
    if path.name.endswith(PICKLE_ENDINGS):
        # the first folder is the name under which the file was once saved
        names = [(info.filename.partition("/")[2], info) for info in _pickle_records(path)]
        lines = [f"{name} {info.file_size} {info.CRC:08x}" for name, info in names]
        return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()
    return hashlib.sha256(_small_file(path)).hexdigest()


def _tensors_fingerprint(found: Mapping[str, StoredTensor]) -> str:
    by_file: dict[Path, list[str]] = {}
    for name, stored in found.items():
        by_file.setdefault(stored.path, []).append(name)
    samples: dict[str, str] = {}
    for path, names in by_file.items():
        with path.open("rb") as file:
            for name in sorted(names, key=lambda name: found[name].start):
                samples[name] = _sample(file, found[name])
    lines = [
        f"{name} {stored.dtype} {stored.shape} {samples[name]}" for name, stored in found.items()
    ]
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


def _sample(file: Any, stored: StoredTensor) -> str:
    wanted = min(_SAMPLE_BYTES, stored.num_bytes)
    file.seek(stored.start + (stored.num_bytes - wanted) // 2)
    return file.read(wanted).hex()


# --- words --------------------------------------------------------------------------------------


def _size(path: Path) -> int:
    if not path.is_file():
        raise WeightsError(f"{path}: there is no such file; download it, or name its folder")
    return path.stat().st_size


def _small_file(path: Path) -> bytes:
    _size(path)
    return path.read_bytes()


def _cut_short(path: Path, size: int, rule: str) -> str:
    return f"{path}: has {size} bytes, {rule}: it is cut short; download the file again"


def _not_a(path: Path, kind: str, head: bytes) -> str:
    if head.startswith(_LFS_POINTER):
        return f"{path}: is only a Git LFS pointer to the file; run `git lfs pull`"
    return f"{path}: is not a {kind}, it begins with {head[:16]!r}; download the file again"
