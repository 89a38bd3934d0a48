"""Which faulty server shows which kind of check: each kind has one, here or in the test that is named."""

from collections.abc import Mapping
from typing import Final

from conformance.checks import Check

SHOWN_BY: Final[Mapping[Check, str]] = {
    Check.ACK_GIVEN: "gateway/Unacknowledged",
    Check.ACK_ONCE: "gateway/AcknowledgedTwice",
    Check.ACK_IN_TIME: "gateway/AcknowledgedLate",
    Check.ACK_SCHEMA: "gateway/AcksOfItsOwn",
    Check.ACK_FIELDS: "gateway/AcknowledgedForAnother",
    Check.ACK_FOR_NOBODY: "gateway/AcknowledgedUnasked",
    Check.AUTH_REQUIRED: "hub/NoTokenNeeded",
    Check.NOTHING_BEFORE_AUTH: "hub/MessagesToTheRefused",
    Check.ACCEPTED_VALID: "gopang/ReadOnly",
    Check.REFUSED_INVALID: "space/InvalidSwallowed",
    Check.REFUSED_UNKNOWN: "hub/NamesInAnyCase",
    Check.STATE_REQUIRED: "space/TooEarlyUnanswered",
    Check.RATE_LIMIT: "space/AsOftenAsTheyLike",
    Check.PAYLOAD_SCHEMA: "hub/FieldsOfItsOwn",
    Check.UNDOCUMENTED_EVENT: "hub/NamesOfItsOwn",
    Check.MISSING_DELIVERY: "hub/PollersMissIt",
    Check.DUPLICATE_DELIVERY: "hub/PollersHearTwice",
    Check.UNCAUSED_EVENT: "dongne/UpdatesForAll",
    Check.ROOM_ISOLATION: "space/EverybodyOverhears",
    Check.ORDER_PER_SENDER: "space/OutOfOrder",
    Check.ORDER_PER_ROOM: "gateway/SenderHearsFirst",
    Check.WRONG_FIELDS: "hub/JoinToldUnderNickname",
    Check.SERVER_DERIVED_IDENTITY: "space/ClientIdTrusted",
    Check.PRESENCE_CONVERGES: "space/StaleRoster",
    Check.USE_AFTER_LEAVE: "hub/LeftAndHears",
    Check.SESSION_REPLACED: "space/TwoSocketsOneSession",
    Check.HISTORY_KEPT: "dongne/LastTenAnswers",
    Check.TIMER_IN_TIME: "dongne/TypingNeverEnds",
    Check.CONNECTION_KEPT: "hub/UnknownDisconnects",
    Check.CONNECTION_CLOSED: "hub/AnythingFits",
    Check.NO_SECRETS_IN_ERRORS: "hub/StackTraceShown",
    Check.NO_OTHERS_DATA_IN_ERRORS: "hub/OthersNamed",
    Check.HTTP_STATUS: "hub/NeverReady",
    Check.HTTP_BODY: "hub/HealthInWords",
    Check.HTTP_HEADERS: "hub/OpenToAll",
    Check.LAW: "hub/TheDeadLive",
}
"""A fault by its name; whoever looks for it finds it by a check of this kind."""
SHOWN_IN: Final[Mapping[Check, str]] = {
    Check.WRONG_DIRECTION: "tests/conformance/test_judge.py",
    Check.LATE_DELIVERY: "tests/conformance/test_judge.py",
    Check.SENDER_EXCLUSION: "tests/conformance/test_judge.py",
    Check.STILL_SERVED: "tests/conformance/test_stage.py",
    Check.SERVER_SURVIVES: "tests/conformance/test_revival.py",
    Check.HTTP_ANSWERED: "tests/conformance/test_http.py",
    Check.CRASH_RECOVERY: "tests/faults/test_crashes.py",
    Check.WIRE_PROMISE: "tests/conformance/wire/test_lies.py",
    Check.WIRE_CLOSED: "tests/conformance/wire/test_lies.py",
    Check.OPEN_AND_DEAD: "tests/conformance/wire/test_lies.py",
    Check.MEMORY_FLAT: "tests/conformance/wire/test_run.py",
}
"""What is shown by a server that a test makes for that."""
KIND_OF: Final = {name: check for check, name in SHOWN_BY.items()}
