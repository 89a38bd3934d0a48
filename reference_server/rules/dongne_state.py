"""What the rules of dongne remember: users and their sockets, questions and the answers to them."""

from collections import deque
from dataclasses import dataclass, field

from pydantic import MISSING

from protocols import dongne
from protocols.contract import Json
from reference_server.rules.dongne_moment import moment
from reference_server.rules.dongne_places import Point
from reference_server.worlds.dongne import DongneUser

ROOMS_PER_SOCKET = 500
"""As the contract's condition `rooms-full` says. One's own questions are bounded by themselves, and counted too."""
ANSWERS_PER_QUESTION = 500
"""As the contract's condition `full` says."""


@dataclass(eq=False, slots=True)
class User:
    """Somebody of the world, with all their sockets."""

    known: DongneUser
    point: Point | None = None
    """Where they were last, also after they have gone."""
    on_island: bool = False
    """Whether that is on Jeju, or where they live if nobody knows where they are."""
    sockets: dict[str, "Socket"] = field(default_factory=dict)  # sid -> socket, in the order of connecting
    questions: dict[str, "Question"] = field(default_factory=dict)  # id -> what they asked, the oldest first
    answered: int = 0
    """How many answers to these are kept."""
    points: int = 0
    cached_ms: int = 0
    """When others were last told of their session."""
    ref: dongne.UserRef = field(init=False)
    """Who they are to others."""

    def __post_init__(self) -> None:
        self.ref = dongne.UserRef(id=self.known.id, nickname=self.known.nickname)

    @property
    def id(self) -> str:
        """The id that their token names."""
        return self.known.id

    @property
    def room(self) -> str:
        """The room that all their sockets are in."""
        return f"user:{self.id}"


@dataclass(eq=False, slots=True)
class Socket:
    """One connection of a user."""

    sid: str
    user: User
    connected_ms: int
    rooms: dict[str, "Question"] = field(default_factory=dict)  # id -> question that is open here
    typing: set[str] = field(default_factory=set)
    """Ids of the questions in which its user is typing, and said so last through this socket."""


@dataclass(eq=False, slots=True)
class Answer:
    """One answer, as it is kept."""

    id: str
    question: "Question"
    author: User
    content: str
    images: tuple[str, ...]
    created_ms: int

    def told(self) -> dongne.Answer:
        """Say all of it."""
        return dongne.Answer(
            id=self.id,
            questionId=self.question.id,
            userId=self.author.id,
            user=self.author.ref,
            content=self.content,
            images=self.images,
            isAccepted=self.question.accepted is self,
            createdAt=moment(self.created_ms),
        )

    def heard(self) -> dongne.HeardAnswer:
        """Say what those in the room hear."""
        return dongne.HeardAnswer(
            id=self.id,
            content=self.content,
            user=self.author.ref,
            createdAt=moment(self.created_ms),
            images=self.images,
        )

    def preview(self) -> dongne.AnswerPreview:
        """Say how it begins."""
        return dongne.AnswerPreview(
            id=self.id, preview=self.content[:100], user=self.author.ref, createdAt=moment(self.created_ms)
        )


@dataclass(eq=False, slots=True)
class Question:
    """One question, as it is kept."""

    id: str
    asker: User
    draft: "Draft"
    region: dongne.RegionCode | None
    created_ms: int
    answers: dict[str, Answer] = field(default_factory=dict)  # id -> answer, in the order in which they were given
    accepted: Answer | None = None
    present: dict[str, Socket] = field(default_factory=dict)  # sid -> socket that has it open, in the order of joining
    stage: int = 0
    """The last stage of its notifications that has begun."""
    named: set[str] = field(default_factory=set)
    """Ids of those who have been notified of it, or are about to be; emptied when all stages are over."""
    unnotified: deque[tuple[int, str]] = field(default_factory=deque)
    """Stage and id of those whose batch is still to come; at most as many as there are users."""

    @property
    def room(self) -> str:
        """The room of those who have it open."""
        return f"question:{self.id}"

    @property
    def urgent(self) -> bool:
        """Whether it cannot wait."""
        return self.draft.urgency == "urgent"

    def users(self) -> list[dongne.UserRef]:
        """Say who has it open, each once, in the order of joining."""
        return [user.ref for user in dict.fromkeys(socket.user for socket in self.present.values())]

    def told(self) -> dongne.Question:
        """Say all of it."""
        draft = self.draft
        return dongne.Question(
            id=self.id,
            userId=self.asker.id,
            title=draft.title,
            content=draft.content,
            location=draft.location,
            regionCode=MISSING if self.region is None else self.region,
            hashtags=draft.hashtags,
            category=draft.category or MISSING,
            urgency=draft.urgency,
            createdAt=moment(self.created_ms),
        )

    def summary(self) -> dongne.QuestionSummary:
        """Say what a notification says of it."""
        draft = self.draft
        return dongne.QuestionSummary(
            id=self.id,
            title=draft.title,
            location=draft.location,
            hashtags=draft.hashtags,
            urgency=draft.urgency,
            createdAt=moment(self.created_ms),
        )

    def cached(self) -> dict[str, Json]:
        """Say what others may read of it in `question:{id}`."""
        accepted = self.accepted.id if self.accepted is not None else None
        return {**self.told().to_json(), "answerCount": len(self.answers), "acceptedAnswerId": accepted}


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wants to ask, without markup."""

    title: str
    content: str
    location: dongne.Location
    hashtags: tuple[str, ...]
    category: str
    """Empty where it has none."""
    urgency: dongne.Urgency

    @property
    def point(self) -> Point:
        """The place it is about."""
        return Point(self.location.lat, self.location.lng)
