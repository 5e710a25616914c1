"""The tree of errors a caller can act on; tasks extend it where they raise.

    NightshootError
      RowError           this row's input is at fault: never retried, the other rows go on
        ManifestError      tasks/manifest/manifest.py
        InputError         tasks/inputs/source.py: an address that gives no usable file
        PortraitError      no usable face, an unreadable picture
        SpeechError        a script or a recording that cannot be spoken
      ResourceError      the settings do not fit this machine: offers rungs to try next
        DiskFullError      tasks/processes/ffmpeg.py
        MemoryFullError    model/live_avatar/devices/memory_ladder.py
      MachineError       this machine or process is at fault: the same work may succeed elsewhere
        EngineLostError    tasks/engines/host_process.py
        ProgramError       tasks/processes/ffmpeg.py, and FfmpegError under it
        StoreError         tasks/store/campaign_folder.py; DamagedError, NewerRecordError under it
      UnforeseenError    tasks/errors.py: what nobody foresaw while a row was prepared
      EngineFailedError  an engine broke a rule of its own or of Python: nobody's fault is known
      CampaignError      a campaign that is refused before work (locked, wrong option)
        WeightsError       files of weights that are missing, damaged, or another model's
      StoppedError       the user asked to stop
        WindowClosedError  the night window is over: the rest is carried over to the next night

Every error survives pickling: all its fields go to ``super().__init__``.
"""

from dataclasses import dataclass
from typing import Literal

Fault = Literal["row", "resource", "machine", "unknown"]


@dataclass(frozen=True)
class Rung:
    """One way down after a resource fault: settings to try next.

    Attributes:
        settings: engine settings to change, name -> value.
        changes_pixels: the video is planned anew with other keys; never mixed into a chain.
    """

    settings: tuple[tuple[str, str | int | float | bool], ...]
    changes_pixels: bool

    def __str__(self) -> str:
        return ", ".join(f"{name}={value}" for name, value in self.settings)


SMALLER_SIZE = Rung(settings=(("size", "smaller"),), changes_pixels=True)
"""To the row's ``smaller_size``, where it has one: an engine offers it, the campaign knows it."""


class NightshootError(Exception):
    """Root of the tree."""

    fault: Fault = "unknown"


class RowError(NightshootError):
    """The input of one row is at fault."""

    fault: Fault = "row"


class PortraitError(RowError):
    """A portrait that cannot be animated or read."""


class SpeechError(RowError):
    """A script or recording that cannot be turned into speech."""


class ResourceError(NightshootError):
    """The settings do not fit this machine; ``rungs`` are the settings to try next."""

    fault: Fault = "resource"

    def __init__(self, message: str, rungs: tuple[Rung, ...] = ()) -> None:
        super().__init__(message, rungs)
        self.message, self.rungs = message, rungs

    def __str__(self) -> str:
        return self.message


class MachineError(NightshootError):
    """This machine or process is at fault."""

    fault: Fault = "machine"


class EngineFailedError(NightshootError):
    """The engine raised something that is not in the tree, a broken rule of a job for example."""


class CampaignError(NightshootError):
    """A campaign refused before any work."""


class WeightsError(CampaignError):
    """Files of weights are missing, damaged, or another model's: only a person can help here.

    Where a campaign is planned, it is refused. Where a worker meets it, the fault is like that of
    a resource without rungs: no row is blamed, waiting in this place cannot help, and the run
    moves to another slot, whose files may be whole.
    """

    fault: Fault = "resource"


class StoppedError(NightshootError):
    """The user asked to stop; nothing finished is lost."""


class WindowClosedError(StoppedError):
    """The night window is over; nothing finished is lost."""
