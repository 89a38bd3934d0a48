"""What each socket may hear of transactions and of their records: every step in its order, every end once.

Nobody can know when a transaction goes on, so nothing here waits: what was heard is held against what may come next,
and `missing` says what a transaction still owes to a socket.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from conformance.models import gopang_signs as signs
from conformance.models.gopang_proofs import fingerprint, merkle_root
from conformance.person import Person
from conformance.reproduce.unshown import IN_BATCHES
from conformance.symptom import Test
from conformance.verdict import Broken
from protocols import gopang
from protocols.contract import Json

STEPS: Final = 3
OPENING_BALANCE: Final = 1_000_000

LedgerEvent: TypeAlias = (
    gopang.TransactionStatus
    | gopang.TransactionVerify
    | gopang.TransactionComplete
    | gopang.OpenhashRecord
    | gopang.OpenhashSync
)


@dataclass(slots=True)
class Trail:
    """What one socket has heard of one transaction."""

    is_whole: bool = True
    """Whether the socket was there when it was created."""
    step: int = 0
    """The last step that it heard of."""
    heard: set[str] = field(default_factory=set)
    """Statuses, and `complete` and `record`."""


@dataclass(eq=False, slots=True)
class Deal:
    """One transaction, as those who hear of it know it."""

    id: str
    payer: str
    payee: str
    amount: float
    parties: tuple[str, ...]
    """The ids of those who hear of it: both, as far as there are two."""
    ceiling: float | None = None
    """What the payer has at most when the balance is looked at; None where nobody can know."""
    floor: float | None = None
    """And at least, whatever else is under way."""
    results: dict[int, str] = field(default_factory=dict)
    """Step -> pass or fail, as somebody heard it first."""
    end: str = ""
    """completed, failed or cancelled, as soon as anybody heard so."""
    complete: gopang.TransactionComplete | None = None
    record: gopang.OpenhashRecord | None = None
    trails: dict[Person, Trail] = field(default_factory=dict)

    @property
    def is_payable(self) -> bool:
        """Whether its amount is an integer above zero."""
        return self.amount > 0 and float(self.amount).is_integer()

    @property
    def is_decided(self) -> bool:
        """Whether all its steps have passed or one has failed, or it was cancelled: it cannot be cancelled any more."""
        return bool(self.end) or "fail" in self.results.values() or len(self.results) == STEPS


@dataclass(slots=True)
class _Chain:
    """What one socket has heard of its user's records and their batches."""

    is_whole: bool
    """Whether it was there for all of them."""
    waiting: list[str] = field(default_factory=list)
    """Hashes that no batch has gathered yet, in the order in which it heard of them."""
    batches: dict[str, gopang.OpenhashSync] = field(default_factory=dict)
    """Batch id -> what was last heard of it."""


class Ledger:
    """All transactions that the cast has created, and all records that it has heard of."""

    def __init__(self) -> None:
        self.deals: dict[str, Deal] = {}
        self.balances: dict[str, float] = {}
        """User id -> balance, of those whose balance is known."""
        self.records: dict[str, gopang.OpenhashRecord] = {}
        """Hash -> the record of it."""
        self._chains: dict[Person, _Chain] = {}

    # ---- what is done ------------------------------------------------------------------------------------------

    def open_account(self, user_id: str) -> None:
        """Know what a user has who was never there before (`gopang/transaction/7`)."""
        self.balances.setdefault(user_id, OPENING_BALANCE)

    def lose_track(self, user_ids: Iterable[str]) -> None:
        """Note that these users have a transaction of which nobody knows the id, so that anything may become of it."""
        for user_id in user_ids:
            self.balances.pop(user_id, None)
            for deal in self.open():
                if deal.payer == user_id:
                    deal.floor = deal.ceiling = None
        for chain in self._chains.values():
            chain.is_whole = False

    def create(self, deal: Deal, listeners: "list[Person]") -> None:
        """Take in a new transaction, heard of by these sockets from its beginning."""
        if deal.is_payable:
            self._bound(deal)
        for listener in listeners:
            deal.trails[listener] = Trail()
        self.deals[deal.id] = deal

    def _bound(self, new: Deal) -> None:
        """Say what the payer may have when it comes to it: nobody hears in which order transactions are carried out."""
        others = [deal for deal in self.deals.values() if not deal.end and deal.is_payable]
        if (balance := self.balances.get(new.payer)) is not None:
            new.ceiling = balance + sum(deal.amount for deal in others if deal.payee == new.payer)
            new.floor = balance - sum(deal.amount for deal in others if deal.payer == new.payer)
        for deal in others:
            if deal.payer == new.payer and deal.floor is not None:
                deal.floor -= new.amount
            if deal.payer == new.payee and deal.ceiling is not None:
                deal.ceiling += new.amount

    def cancel(self, deal_id: str) -> None:
        """Note that a transaction was cancelled, and that everybody has heard so."""
        deal = self.deals[deal_id]
        deal.end = "cancelled"
        for trail in deal.trails.values():
            trail.heard.add("cancelled")

    def arrive(self, who: Person, user_id: str, *, is_known: bool) -> None:
        """Take in a new socket; `is_known` says that nothing of this user can be under way that nobody here knows."""
        involved = [deal for deal in self.deals.values() if user_id in deal.parties]
        for deal in involved:
            deal.trails[who] = Trail(is_whole=False)
        self._chains[who] = _Chain(is_whole=is_known and not involved)

    def leave(self, who: Person) -> None:
        """Forget a socket."""
        self._chains.pop(who, None)
        for deal in self.deals.values():
            deal.trails.pop(who, None)

    # ---- what is known -----------------------------------------------------------------------------------------

    def open(self) -> list[Deal]:
        """Return the transactions of which nobody has heard the end."""
        return [deal for deal in self.deals.values() if not deal.end]

    def missing(self, deal: Deal) -> Iterator[Broken]:
        """Yield what a transaction still owes, as it is broken if it never comes."""
        for who, trail in deal.trails.items():
            if trail.is_whole and deal.end != "cancelled":
                yield from self._missing(deal, who, trail)

    def _missing(self, deal: Deal, who: Person, trail: Trail) -> Iterator[Broken]:
        failed = next((step for step, result in deal.results.items() if result == "fail"), None)
        came = f"{who} heard nothing more"
        if trail.step < (failed or STEPS):
            expected = f"{who} hears transaction:verify of step {trail.step + 1}"
            due: dict[str, Json] = {"transactionId": deal.id, "step": trail.step + 1}
            broken = Broken("gopang/transaction/2", expected, came)
            yield broken.shown(signs.unheard(who, gopang.TransactionVerify, due))
        if failed is not None:
            if "failed" not in trail.heard:
                broken = Broken("gopang/transaction/3", f"{who} hears transaction:status failed", came)
                yield broken.shown(
                    signs.unheard(who, gopang.TransactionStatus, {"transactionId": deal.id, "status": "failed"})
                )
            return
        named: dict[str, Json] = {"transactionId": deal.id}
        for what, event, where, requirement in (
            ("completed", gopang.TransactionStatus, {**named, "status": "completed"}, "transaction/10"),
            ("complete", gopang.TransactionComplete, named, "transaction/10"),
            ("record", gopang.OpenhashRecord, {"documentId": deal.id}, "openhash/1"),
        ):
            if what not in trail.heard:
                status = f" {what}" if "status" in where else ""
                broken = Broken(f"gopang/{requirement}", f"{who} hears {event.event_name}{status}", came)
                yield broken.shown(signs.unheard(who, event, where))

    def ungathered(self) -> Iterator[Broken]:
        """Yield the records that no batch has gathered yet, as it is broken if none ever does."""
        for who, chain in self._chains.items():
            if chain.waiting:
                expected = f"{who} hears openhash:sync of the batch of {chain.waiting[0][:8]}…"
                broken = Broken("gopang/openhash/5", expected, f"{who} heard nothing more")
                yield broken.hidden(IN_BATCHES)
            for batch in chain.batches.values():
                if batch.status == "syncing":
                    expected = f"{who} hears what becomes of the batch {batch.batchId}"
                    broken = Broken("gopang/openhash/5", expected, f"{who} heard nothing more")
                    yield broken.hidden(IN_BATCHES)

    # ---- what is heard -----------------------------------------------------------------------------------------

    def hear(self, who: Person, event: LedgerEvent) -> bool:
        """Take in what a socket heard, and say whether it is about anything known; raises Broken where it cannot be."""
        if isinstance(event, gopang.OpenhashSync):
            return self._gather(who, event)
        deal_id = event.documentId if isinstance(event, gopang.OpenhashRecord) else event.transactionId
        deal = self.deals.get(deal_id)
        if deal is None or who not in deal.trails:
            return False
        trail = deal.trails[who]
        if "cancelled" in trail.heard:
            told = f"{who} heard {event.event_name}"
            more = Broken("gopang/transaction/9", "nothing more of a transaction after it was cancelled", told)
            raise more.shown(signs.after_cancel(who, event))
        match event:
            case gopang.TransactionVerify():
                self._verify(deal, trail, who, event)
            case gopang.TransactionStatus():
                return self._status(deal, trail, who, event)
            case gopang.TransactionComplete():
                self._complete(deal, trail, who, event)
            case gopang.OpenhashRecord():
                self._record(deal, trail, who, event)
        return True

    def _verify(self, deal: Deal, trail: Trail, who: Person, event: gopang.TransactionVerify) -> None:
        came = f"{who} heard step {event.step}: {event.result}"
        if "fail" in (deal.results.get(step) for step in range(1, event.step)):
            raise Broken("gopang/transaction/3", "the first step that fails is the last", came).shown(
                signs.again(who, event)
            )
        if event.step <= trail.step or (trail.is_whole and event.step > trail.step + 1):
            broken = Broken("gopang/transaction/1", f"step {trail.step + 1} comes next, once", came)
            raise broken.shown(signs.misplaced(who, event, trail.step + 1))
        if (first := deal.results.setdefault(event.step, event.result)) != event.result:
            broken = Broken("gopang/transaction/2", f"both hear of step {event.step} that it came to {first}", came)
            raise broken.shown(signs.again(who, event))
        trail.step = event.step
        wanted, requirement = self._wanted(deal, event.step)
        if wanted not in ("", event.result):
            expected = f"step {event.step} of {deal.amount:g} from {deal.payer} to {deal.payee}: {wanted}"
            raise Broken(f"gopang/{requirement}", expected, came).shown(signs.again(who, event))

    def _wanted(self, deal: Deal, step: int) -> tuple[str, str]:
        """Return what a step must come to, and the requirement; nothing where nobody can know."""
        if step == 1:
            return "pass" if len(deal.parties) == 2 else "fail", "transaction/1"
        if step == 2:
            return "pass" if deal.is_payable else "fail", "transaction/11"
        if deal.ceiling is not None and deal.amount > deal.ceiling:
            return "fail", "transaction/6"
        return ("pass" if deal.floor is not None and deal.amount <= deal.floor else ""), "transaction/1"

    def _status(self, deal: Deal, trail: Trail, who: Person, event: gopang.TransactionStatus) -> bool:
        ended = trail.heard & {"completed", "failed"}
        came = f"{who} heard transaction:status {event.status}"
        if ended or event.status in trail.heard:
            broken = Broken("gopang/transaction/10", "each status is told once, and none after the end", came)
            raise broken.shown(replace(signs.again(who, event), times=1 + (event.status in trail.heard)))
        has_passed = trail.step == STEPS and deal.results.get(STEPS) == "pass"
        if event.status in {"verified", "completed", "failed"}:
            _check_steps(deal, trail, who, came)
        match event.status:
            case "failed":
                if deal.results.get(trail.step) != "fail":
                    broken = Broken("gopang/transaction/3", "a transaction fails with the first step that does", came)
                    raise broken.shown(signs.again(who, event))
                deal.end = "failed"
            case "completed":
                if not has_passed:
                    broken = Broken("gopang/transaction/1", "a transaction is completed after its three steps", came)
                    raise broken.shown(signs.too_soon(who, event, STEPS))
                self._pay(deal)
            case "verified":
                if not has_passed:
                    broken = Broken("gopang/transaction/1", "a transaction is verified after its three steps", came)
                    raise broken.shown(signs.too_soon(who, event, STEPS))
            case "pending":
                if trail.step:
                    return False
            case "cancelled":
                return False  # nobody has cancelled it
        trail.heard.add(event.status)
        return True

    def _pay(self, deal: Deal) -> None:
        """Move the amount, once, as soon as anybody hears that it was moved."""
        if deal.end:
            return
        deal.end = "completed"
        for user_id, amount in ((deal.payer, -deal.amount), (deal.payee, deal.amount)):
            if user_id in self.balances:
                self.balances[user_id] += amount

    def _complete(self, deal: Deal, trail: Trail, who: Person, event: gopang.TransactionComplete) -> None:
        came = f"{who} heard {event.to_json()}"
        if "complete" in trail.heard or trail.step != STEPS or deal.results.get(STEPS) != "pass":
            expected = "transaction:complete once, after three steps that passed"
            raise Broken("gopang/transaction/10", expected, came).shown(signs.too_soon(who, event, STEPS))
        if (event.amount, event.senderId, event.receiverId) != (deal.amount, deal.payer, deal.payee):
            expected = f"{deal.amount:g} from {deal.payer} to {deal.payee}"
            due: dict[str, Json] = {"amount": deal.amount, "senderId": deal.payer, "receiverId": deal.payee}
            raise Broken("gopang/transaction/4", expected, came).shown(signs.otherwise(who, event, due))
        if deal.complete is not None and deal.complete != event:
            broken = Broken("gopang/transaction/10", f"both hear the same: {deal.complete.to_json()}", came)
            raise broken.shown(signs.otherwise(who, event, deal.complete.to_json()))
        trail.heard.add("complete")
        deal.complete = event
        self._pay(deal)
        _check_hash(deal, who)

    def _record(self, deal: Deal, trail: Trail, who: Person, event: gopang.OpenhashRecord) -> None:
        came = f"{who} heard {event.to_json()}"
        if "record" in trail.heard or trail.step != STEPS or deal.results.get(STEPS) != "pass":
            broken = Broken("gopang/openhash/1", "openhash:record once, of a transaction that is completed", came)
            raise broken.shown(signs.too_soon(who, event, STEPS))
        if deal.record is not None and deal.record != event:
            broken = Broken("gopang/openhash/1", f"both hear the same: {deal.record.to_json()}", came)
            raise broken.shown(signs.otherwise(who, event, deal.record.to_json()))
        trail.heard.add("record")
        deal.record = event
        self.records[event.hashValue] = event
        self._chains[who].waiting.append(event.hashValue)
        _check_hash(deal, who)

    def _gather(self, who: Person, event: gopang.OpenhashSync) -> bool:
        """Compare a batch with the hashes that this socket has heard of since the last one."""
        chain = self._chains.get(who)
        if chain is None:
            return False  # it is only coming
        if not chain.is_whole:
            del chain.waiting[: event.recordCount if event.batchId not in chain.batches else 0]
            chain.batches[event.batchId] = event
            return True
        before = chain.batches.get(event.batchId)
        if before is None:
            gathered, chain.waiting = chain.waiting[: event.recordCount], chain.waiting[event.recordCount :]
            if len(gathered) < event.recordCount:
                self._check_records(who)
                expected = f"a batch of those {len(gathered)} records that {who} has heard of"
                broken = Broken("gopang/openhash/5", expected, f"a batch of {event.recordCount}")
                raise broken.hidden(IN_BATCHES)
            if (root := merkle_root(gathered)) != event.merkleRoot:
                expected = f"the root of {', '.join(gathered)}: {root}"
                broken = Broken("gopang/openhash/6", expected, event.merkleRoot)
                raise broken.hidden(IN_BATCHES)
        elif before.status != "syncing" or _batch(before) != _batch(event):
            broken = Broken("gopang/openhash/5", f"a batch ends once, as it began: {before}", str(event))
            raise broken.hidden(IN_BATCHES)
        chain.batches[event.batchId] = event
        return True

    def _check_records(self, who: Person) -> None:
        """Raise Broken for a record that one party has heard of and the other has not (`gopang/openhash/1`)."""
        for deal in self.deals.values():
            if deal.record is not None and who in deal.trails and "record" not in deal.trails[who].heard:
                expected = f"{who} hears openhash:record of {deal.id} before it is gathered"
                broken = Broken("gopang/openhash/1", expected, f"{who} heard openhash:sync")
                raise broken.shown(signs.unheard(who, gopang.OpenhashRecord, {"documentId": deal.id}))


def _batch(event: gopang.OpenhashSync) -> tuple[int, str]:
    return event.recordCount, event.merkleRoot


def _check_steps(deal: Deal, trail: Trail, who: Person, came: str) -> None:
    """Raise Broken for a step that one party has heard of and the other has not (`gopang/transaction/2`)."""
    if trail.is_whole and trail.step < max(deal.results, default=0):
        due: dict[str, Json] = {"transactionId": deal.id, "step": trail.step + 1}
        broken = Broken("gopang/transaction/2", f"{who} hears of step {trail.step + 1} first", came)
        raise broken.shown(signs.unheard(who, gopang.TransactionVerify, due))


def _check_hash(deal: Deal, who: Person) -> None:
    """Compare the hash of a transaction with its document, once both are known (`gopang/openhash/2`)."""
    if deal.complete is None:
        return
    document = deal.complete.to_json()
    fields = ("transactionId", "amount", "senderId", "receiverId", "completedAt")
    hashed: dict[str, Json] = {name: document[name] for name in fields}
    told = {document.get("blockchainHash"), None if deal.record is None else deal.record.hashValue} - {None}
    if told - {fingerprint(hashed)}:
        broken = Broken("gopang/openhash/2", f"the hash of {hashed}: {fingerprint(hashed)}", ", ".join(map(str, told)))
        if deal.complete.blockchainHash != fingerprint(hashed):
            raise broken.shown(
                signs.told(who, deal.complete, Test(("blockchainHash",), "is no hash of its", list(fields)))
            )
        assert deal.record is not None  # or nothing but the document could be wrong
        of_this = Test(("documentId",), "is", deal.id)
        raise broken.shown(
            signs.told(who, deal.record, of_this, Test(("hashValue",), "is not", deal.complete.blockchainHash))
        )
