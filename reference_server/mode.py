"""How strictly a server treats its visitors; the only setting that may switch how sessions are verified."""

from enum import StrEnum


class Mode(StrEnum):
    """In production who is not verified is refused; in development it is warned about, and let in."""

    PRODUCTION = "production"
    DEVELOPMENT = "development"
