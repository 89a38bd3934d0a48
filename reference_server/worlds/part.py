"""What every part of a world file is: closed, checked once, never changed."""

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """A mapping of a world file; a key that it does not have is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")
