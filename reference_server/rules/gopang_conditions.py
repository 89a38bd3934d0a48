"""What the conditions of the contract's `x-errors` mean, asked of what the rules of gopang remember."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

from pydantic import MISSING

from protocols import gopang
from reference_server.rules.gopang_bank import MAX_OPEN, Bank
from reference_server.rules.gopang_consents import Consents
from reference_server.rules.gopang_conversations import MAX_MEMBERSHIPS, Conversations
from reference_server.rules.gopang_messages import Messages
from reference_server.rules.gopang_vaults import LARGEST, Vaults, is_oversized
from reference_server.rules.refusals import Refusals


@dataclass(frozen=True, slots=True)
class Memory:
    """All that the rules remember beyond who is connected."""

    conversations: Conversations
    messages: Messages
    bank: Bank
    consents: Consents
    vaults: Vaults


@dataclass(frozen=True, slots=True)
class Situation:
    """Who says what, and when."""

    memory: Memory
    user_id: str
    event: gopang.Inbound
    now_ms: int

    @property
    def conversation_id(self) -> str:
        """The conversation that the event names."""
        match self.event:
            case gopang.ConversationJoin(value=named) | gopang.MessageSend(conversationId=named):
                return named
            case _:
                return ""

    @property
    def access(self) -> gopang.VaultAccess:
        """The event, of which only those conditions ask that stand with `vault:access`."""
        return cast("gopang.VaultAccess", self.event)

    @property
    def named(self) -> str:
        """The id that is all an event says."""
        match self.event:
            case gopang.MessageRead(value=named) | gopang.TransactionCancel(value=named):
                return named
            case gopang.ConsentRespond(consentId=named):
                return named
            case _:
                return ""


def _knows_message(situation: Situation) -> bool:
    message = situation.memory.messages.get(situation.named)
    return message is not None and situation.memory.conversations.is_member(situation.user_id, message.conversation_id)


CONDITIONS: Mapping[str, Callable[[Situation], bool]] = {
    "admissible": lambda it: it.memory.conversations.is_admissible(it.user_id, it.conversation_id),
    "in-too-many": lambda it: it.memory.conversations.has_too_many(it.user_id, it.conversation_id),
    "member": lambda it: it.memory.conversations.is_member(it.user_id, it.conversation_id),
    "known-message": _knows_message,
    "asked-of-sender": lambda it: it.memory.consents.is_asked(it.user_id, it.named),
    "consent-pending": lambda it: it.memory.consents.is_open(it.named, it.now_ms),
    "overloaded": lambda it: not it.memory.bank.takes_more(it.user_id),
    "own-transaction": lambda it: it.memory.bank.is_own(it.user_id, it.named),
    "transaction-pending": lambda it: it.memory.bank.is_pending(it.named),
    "vault-owner": lambda it: it.memory.vaults.is_owner(it.user_id, it.access),
    "drawer-known": lambda it: it.memory.vaults.knows_drawer(it.access),
    "consented": lambda it: it.memory.vaults.is_consented(it.user_id, it.access, it.now_ms),
    "reading": lambda it: it.access.action == "read",
    "writing": lambda it: it.access.action == "write",
    "listing": lambda it: it.access.action == "list",
    "with-content": lambda it: it.access.content is not MISSING,
    "oversized": lambda it: is_oversized(it.access),
}

REASONS: Mapping[str, str] = {
    "not admissible": "you are no participant of that conversation",
    "in-too-many": f"you are in {MAX_MEMBERSHIPS} conversations; leave one of them first",
    "not member": "join that conversation first",
    "not known-message": "there is no such message in your conversations",
    "not asked-of-sender": "nobody asks you for such a consent",
    "not consent-pending": "that consent has been answered, or has expired",
    "overloaded": f"{MAX_OPEN} of your transactions are under way; wait for one to end",
    "not own-transaction": "you have created no such transaction",
    "not transaction-pending": "that transaction is over",
    "not reading": "only its owner may write or list a vault",
    "not consented": "you hold no consent for that; ask its owner for one",
    "not drawer-known": "that vault has no such drawer",
    "not with-content": "say in `content` what the drawer is to hold",
    "oversized": f"a drawer holds {LARGEST} bytes of canonical JSON",
}

REFUSALS = Refusals(gopang.PROTOCOL, CONDITIONS, REASONS)
