"""The base of every record that crosses a boundary."""

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """Base of every boundary record: immutable, and an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")
