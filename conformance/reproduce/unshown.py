"""Failures that leave no script: a list that is as short as it can be, with the reasons; all others leave one."""

from typing import Final

IN_REDIS: Final = "it stands in Redis, which no client of Socket.IO sees"
IN_WORDS: Final = "HTTP refuses in words that no stock client passes on"
IN_PINGS: Final = "it is when pings come, and who answers them, which clients see to by themselves"
IN_SIGNED: Final = "it stands in a token, which only who can read tokens sees"
IN_DIFFERENCES: Final = "it stands in the difference between two answers, each of which may be right"
IN_TIME: Final = "it comes too early by so little that only who waits with a clock can tell"
IN_A_CRASH: Final = "it takes to make the server crash, by a command that the target file names"
IN_BATCHES: Final = "what is gathered together depends on the moment, so that only who reckons with all of it can tell"
IN_MEMORY: Final = "it stands in the memory of the process, which nobody sees from outside"
IN_ACKS: Final = "it takes acks of what the server asks"
IN_A_MOMENT: Final = "it takes what is done in the very moment in which somebody comes"
ELSEWHERE: Final = "it takes another namespace, or another path"

UNSHOWN: Final = (
    IN_REDIS,
    IN_WORDS,
    IN_PINGS,
    IN_SIGNED,
    IN_DIFFERENCES,
    IN_TIME,
    IN_A_CRASH,
    IN_BATCHES,
    IN_MEMORY,
    IN_ACKS,
    IN_A_MOMENT,
    ELSEWHERE,
)
"""Why a failure may leave none."""
NOTHING: Final = "nothing that comes over the wire shows it"
"""What is said where nobody has said what shows a failure, and nothing that came is told as wrong."""
