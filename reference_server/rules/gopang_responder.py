"""How an AI answers in a conversation; another one can be put in its place."""

from typing import Protocol

LONGEST = 4000
"""Characters of an answer, as the contract's Content has it."""


class Responder(Protocol):
    """Says what an AI answers. Pure: the same question always gets the same answer, at once."""

    def respond(self, content: str) -> str:
        """Return the answer to what was said, from 1 to `LONGEST` characters."""
        ...


class Parrot:
    """Repeats what was said, which is enough to see that an answer comes, where it goes, and to what it belongs."""

    def respond(self, content: str) -> str:
        """Return what was said, as a question."""
        return f"{content[: LONGEST - 1]}?"
