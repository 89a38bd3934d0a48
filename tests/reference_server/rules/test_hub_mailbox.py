"""What is kept for users who are offline, and how much of it."""

from protocols.hub import Notification
from reference_server.rules.hub_mailbox import KEPT_PER_USER, USERS, Mailbox


def told(title: str) -> Notification:
    return Notification(
        id="n", type="system", title=title, content="c", createdAt="2026-11-21T09:30:00.000Z", isRead=False
    )


def test_the_oldest_of_a_user_go_first() -> None:
    mailbox = Mailbox()
    for n in range(KEPT_PER_USER + 2):
        mailbox.put("mina", told(str(n)))
    assert [one.title for one in mailbox.take("mina")] == [str(n) for n in range(2, KEPT_PER_USER + 2)]
    assert list(mailbox.take("mina")) == []


def test_beyond_so_many_users_the_one_who_waits_longest_is_forgotten() -> None:
    mailbox = Mailbox()
    one = told("hi")
    for n in range(USERS):
        mailbox.put(f"user-{n}", one)
    mailbox.put("user-1", one)  # has a place already, and takes nobody else's
    assert len(mailbox.take("user-0")) == 1
    mailbox.put("user-0", one)
    mailbox.put("one-more", one)
    assert list(mailbox.take("user-1")) == []
    assert [len(mailbox.take(user)) for user in ("user-0", "user-2", "one-more")] == [1, 1, 1]
