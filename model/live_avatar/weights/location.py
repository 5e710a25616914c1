"""Where the weights are: a folder, random ones, or known by their id alone.

The environment names them (``model/live_avatar/environment.py``). Random weights are for trying
everything around the model: their pictures are noise.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from model.errors import WeightsError
from model.live_avatar.environment import WEIGHTS_ID_VARIABLE, WEIGHTS_VARIABLE
from model.live_avatar.planning.sizes import PUBLISHED
from model.live_avatar.weights.checkpoint import Lora, weights_id
from model.live_avatar.weights.published import (
    LORA_NAME,
    LORA_PUBLISHED_AT,
    PUBLISHED_AT,
    ModelFiles,
)

BASE_FOLDER = "Wan2.2-S2V-14B"
LORA_FOLDER = "LiveAvatar"

RandomPreset: TypeAlias = Literal["tiny", "14b"]
_RANDOM: Mapping[str, RandomPreset] = {"random:tiny": "tiny", "random:14b": "14b"}


@dataclass(frozen=True)
class WeightsLocation:
    """Which weights an engine has; exactly one of the three is set.

    Attributes:
        files: the published ones, on this machine.
        random: untrained ones, of this size.
        known_id: the id of files on other machines; nothing can be rendered here.
    """

    files: ModelFiles | None = None
    random: RandomPreset | None = None
    known_id: str = ""

    @property
    def is_tiny(self) -> bool:
        """Whether a CPU will do."""
        return self.random == "tiny"

    @property
    def model(self) -> str:
        """Its name in :data:`model.live_avatar.planning.sizes.MODELS`."""
        return "tiny" if self.is_tiny else PUBLISHED

    def weights_id(self) -> str:
        """What stands for the weights in keys; reads the files' headers, a second or so.

        Raises:
            WeightsError: files are missing, cut short, or not what their names say.
        """
        if self.files is not None:
            return weights_id(self.files.hashed, self.files.lora)
        return f"random-{self.random}" if self.random else self.known_id


def weights_location_of(environ: Mapping[str, str]) -> WeightsLocation:
    """The weights that the environment names.

    Raises:
        WeightsError: it names none.
    """
    named = environ.get(WEIGHTS_VARIABLE, "")
    if named in _RANDOM:
        return WeightsLocation(random=_RANDOM[named])
    if named:
        return WeightsLocation(files=files_in(Path(named)))
    known_id = environ.get(WEIGHTS_ID_VARIABLE, "")
    if known_id:
        return WeightsLocation(known_id=known_id)
    raise WeightsError(
        f"engine live-avatar: {WEIGHTS_VARIABLE} is not set; set it to the folder that holds "
        f"{BASE_FOLDER} (published at {PUBLISHED_AT}) and {LORA_FOLDER}/{LORA_NAME} (at "
        f"{LORA_PUBLISHED_AT}); to ask what GPUs would do, use `nightshoot plan --gpus`, which "
        f"needs no weights; to plan a campaign for other machines, set {WEIGHTS_ID_VARIABLE} to "
        "the id that `nightshoot doctor --engine live-avatar` prints on one that has the weights; "
        f"to try everything but the pictures, set {WEIGHTS_VARIABLE}=random:tiny"
    )


def files_in(folder: Path) -> ModelFiles:
    """The published files below ``folder``; whether they are there is not asked."""
    return ModelFiles(folder / BASE_FOLDER, Lora(folder / LORA_FOLDER / LORA_NAME))
