"""The base of every record that crosses a boundary, and the file that many of them name."""

from pydantic import BaseModel, ConfigDict, Field


class Record(BaseModel):
    """Base of every boundary record: immutable, and an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class FileEntry(Record):
    """A file a receipt vouches for."""

    name: str
    sha256: str
    num_bytes: int
    etag: str = Field(default="", description="Noted at upload; empty: unknown, read it back.")
