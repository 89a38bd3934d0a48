"""How another service of the target's house shows itself: by a token that opens the HTTP which is not for users."""

import os

from pydantic import model_validator
from pydantic.dataclasses import dataclass

from protocols.errors import UsageError
from simulators.tables import TABLE, wrong


@dataclass(frozen=True, kw_only=True, config=TABLE)
class Service:
    """The bearer token of services."""

    token: str = ""
    token_env: str = ""
    """Name of the environment variable that holds the token, for files that are committed."""

    @model_validator(mode="after")
    def _has_one_token(self) -> "Service":
        if bool(self.token) == bool(self.token_env):
            wrong("write either token or token_env")
        return self

    @property
    def key(self) -> str:
        """The token itself; raises UsageError where the environment lacks it."""
        if self.token:
            return self.token
        if not (key := os.environ.get(self.token_env)):
            raise UsageError(f"the environment variable {self.token_env} is not set; it must hold the service token")
        return key
