"""The kinds of check: what a finding is about, whatever the protocol; each has a slug that stays and one sentence."""

from enum import StrEnum
from typing import Final, Self


class Check(StrEnum):
    """One kind of check. Its value stands in reports; `holds` says what is so on a server that passes it."""

    holds: str

    def __new__(cls, slug: str, holds: str) -> Self:
        """Take the slug as the value."""
        check = str.__new__(cls, slug)
        check._value_ = slug
        check.holds = holds
        return check

    # ---- acks
    ACK_GIVEN = "ack-given", "An ack that is promised comes where it is asked for."
    ACK_ONCE = "ack-once", "An ack comes once."
    ACK_IN_TIME = "ack-in-time", "An ack comes within its time."
    ACK_SCHEMA = "ack-schema", "An ack is valid against its schema."
    ACK_FIELDS = "ack-fields", "An ack says what the contract promises of it."
    ACK_FOR_NOBODY = "ack-for-nobody", "Nobody gets an ack who has not asked for one, or where there is none."

    # ---- the gate
    AUTH_REQUIRED = "auth-required", "Who shows good credentials is admitted, and nobody else."
    NOTHING_BEFORE_AUTH = "nothing-before-auth", "Who was not admitted hears nothing, and is not heard."
    ACCEPTED_VALID = "accepted-valid", "What is valid and timely is accepted."
    REFUSED_INVALID = "refused-invalid", "What breaks its schema is refused as the contract says, and has no effect."
    REFUSED_UNKNOWN = "refused-unknown", "An event that clients may not emit is refused as the contract says."
    STATE_REQUIRED = (
        "state-required",
        "What is valid and comes at the wrong time, or from the wrong person, is refused.",
    )
    RATE_LIMIT = "rate-limit", "What comes too often is refused, and nothing else."

    # ---- what is heard
    PAYLOAD_SCHEMA = "payload-schema", "Every event of the server is valid against its schema."
    UNDOCUMENTED_EVENT = "undocumented-event", "The server emits no event that the contract does not know."
    WRONG_DIRECTION = "wrong-direction", "The server emits no event that only clients may emit."
    MISSING_DELIVERY = "missing-delivery", "Whoever is to hear an event hears it."
    LATE_DELIVERY = "late-delivery", "An event is heard within its time."
    DUPLICATE_DELIVERY = "duplicate-delivery", "An event is heard once."
    UNCAUSED_EVENT = "uncaused-event", "Nothing is heard that nothing has caused."
    ROOM_ISOLATION = "room-isolation", "An event is heard by those alone whom the contract names."
    SENDER_EXCLUSION = "sender-exclusion", "Who says something does not hear it where it is for the others."
    ORDER_PER_SENDER = "order-per-sender", "What one person says is heard in the order in which they said it."
    ORDER_PER_ROOM = "order-per-room", "Everybody in a room hears the same in the same order."
    WRONG_FIELDS = "wrong-fields", "An event carries the values that the contract promises."
    SERVER_DERIVED_IDENTITY = "server-derived-identity", "Others hear who somebody is, not who they claim to be."

    # ---- what is remembered
    PRESENCE_CONVERGES = "presence-converges", "Whoever asks is told who is there, no more and no fewer."
    USE_AFTER_LEAVE = "use-after-leave", "Who has left is treated as if they had never been there."
    SESSION_REPLACED = "session-replaced", "A newer session of somebody takes the place of the older one."
    HISTORY_KEPT = "history-kept", "What is kept is what was said: all of it, once, as it was said."
    TIMER_IN_TIME = "timer-in-time", "What comes by itself comes at its time, neither before nor after."
    CRASH_RECOVERY = "crash-recovery", "What was confirmed is still so after a crash."

    # ---- the server itself
    SERVER_SURVIVES = "server-survives", "The server goes on whatever is said to it."
    STILL_SERVED = "still-served", "Everybody is answered on, whatever was said before."
    CONNECTION_KEPT = "connection-kept", "Nobody is disconnected for whom the contract does not say so."
    CONNECTION_CLOSED = "connection-closed", "A connection ends where the contract says so."
    NO_SECRETS_IN_ERRORS = (
        "no-secrets-in-errors",
        "No error shows a secret, a stack trace, or what is inside the server.",
    )
    NO_OTHERS_DATA_IN_ERRORS = "no-others-data-in-errors", "No error shows what only somebody else may know."

    # ---- HTTP beside the socket
    HTTP_ANSWERED = "http-answered", "A request is answered in time."
    HTTP_STATUS = "http-status", "An answer has the status that is promised."
    HTTP_BODY = "http-body", "An answer's body is what is promised."
    HTTP_HEADERS = "http-headers", "An answer carries the headers that are promised."

    # ---- the wire below
    WIRE_PROMISE = "wire-promise", "What the documents of Engine.IO and Socket.IO ask of any server is so."
    WIRE_CLOSED = "wire-closed", "What breaks the grammar of the wire closes its connection."
    OPEN_AND_DEAD = "open-and-dead", "A session is closed, or it answers."
    MEMORY_FLAT = "memory-flat", "What one client says does not make the server grow."

    # ---- what only one protocol knows
    LAW = "law", "What the page of a protocol says in words holds: its sums, steps, hashes and texts."


OF_TIME: Final = frozenset({Check.ACK_IN_TIME, Check.LATE_DELIVERY, Check.TIMER_IN_TIME})
"""What fails on a right server, too, when its machine stops for a moment: such a finding counts when it comes again."""
