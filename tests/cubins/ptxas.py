"""What the assembler says of a kernel while it makes its cubin."""

import re
from typing import NamedTuple

_USED = re.compile(r"Used (\d+) registers")
_SPILLED = re.compile(r"(\d+) bytes spill stores, (\d+) bytes spill loads")
_FOR = re.compile(r"Compiling entry function '\w+' for '(\w+)'")


class Assembled(NamedTuple):
    """Of one kernel.

    Attributes:
        architecture: for which it was made, such as ``sm_90a``.
        registers: of a thread.
        spilled_bytes: that a thread writes to memory and reads back, for want of registers.
    """

    architecture: str
    registers: int
    spilled_bytes: int


def read_log(text: str) -> Assembled:
    """The figures of a log of ``ptxas -v`` over one kernel.

    Raises:
        ValueError: a figure is not there exactly once; quotes the log.
    """
    found = [pattern.findall(text) for pattern in (_FOR, _USED, _SPILLED)]
    if any(len(each) != 1 for each in found):
        raise ValueError(f"not what ptxas says of one kernel: {text!r}")
    (architecture,), (registers,), ((stored, loaded),) = found
    return Assembled(architecture, int(registers), int(stored) + int(loaded))
