"""Servers of gopang that are wrong in one thing of money, records, consents or vaults; as in `gopang`."""

import json
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar, cast

from pydantic import MISSING

from protocols import gopang
from protocols.contract import Json
from reference_server.effects import Acknowledge, Effect, Emit, Entry, Later, Reply, Said, Stamp
from reference_server.rules import gopang_records
from reference_server.rules.gopang_bank import Bank, VerifyStep, _Transaction
from reference_server.rules.gopang_canonical import fingerprint
from reference_server.rules.gopang_commands import ReadAccount
from reference_server.rules.gopang_consents import AskConsent, Consents, ExpireConsent
from reference_server.rules.gopang_devices import Device
from reference_server.rules.gopang_records import SealBatch
from reference_server.rules.gopang_rooms import room_of, tell
from reference_server.rules.gopang_vaults import Vaults
from tests.faults.fault import breaks
from tests.faults.gopang import Changed, Faulty, Retold, altered, become


class ToOnePartyOnly(Retold):
    """A server that tells one event to one of two parties: the one whose room it is."""

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        owner = self.owner(emit)
        if owner is None or emit.room == room_of(owner):
            yield emit

    def owner(self, emit: Emit) -> str | None:
        """Return who created the transaction that this is about."""
        about = getattr(emit.event, "transactionId", getattr(emit.event, "documentId", ""))
        transaction = self._bank._open.get(about)
        return transaction.sender if transaction else self._bank._over.owner(about)


# ---- consents ----------------------------------------------------------------------------------------------------


@breaks("gopang/consent/1", "dropped")
class RequestUntold(Retold):
    """Who is asked does not hear of it."""

    event = gopang.ConsentRequest


@breaks("gopang/consent/1", "wrong value")
class AcceptedOnly(Changed):
    """A request is answered by 202 instead of 201."""

    def change(self, effect: Effect, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        yield replace(effect, status=202) if isinstance(effect, Reply) and isinstance(entry, AskConsent) else effect


class Answering(Faulty):
    """A server that takes some answers to consents which it should refuse."""

    def _said(self, said: Said, device: Device, stamp: Stamp) -> Iterator[Effect]:
        event = said.event
        is_there = isinstance(event, gopang.ConsentRespond) and event.consentId in self._consents._consents
        if isinstance(event, gopang.ConsentRespond) and is_there and self.takes(device.user_id, event, stamp):
            yield from self._consents.respond(event, stamp)
        else:
            yield from super()._said(said, device, stamp)

    def takes(self, user_id: str, event: gopang.ConsentRespond, stamp: Stamp) -> bool:
        raise NotImplementedError


@breaks("gopang/consent/2", "unauthorised")
class AnybodyAnswers(Answering):
    """Whoever knows the id of a consent may answer."""

    def takes(self, user_id: str, event: gopang.ConsentRespond, stamp: Stamp) -> bool:
        return self._consents.is_open(event.consentId, stamp.now_ms)


@breaks("gopang/consent/3", "accepted invalid")
class SecondThoughts(Answering):
    """Who was asked may answer again."""

    def takes(self, user_id: str, event: gopang.ConsentRespond, stamp: Stamp) -> bool:
        return self._consents.is_asked(user_id, event.consentId)


@breaks("gopang/consent/4", "accepted invalid")
class LateAnswers(Faulty):
    """What has expired may still be answered."""

    def _said(self, said: Said, device: Device, stamp: Stamp) -> Iterator[Effect]:
        event = said.event
        if isinstance(event, gopang.ConsentRespond) and self._consents._over.owner(event.consentId) == device.user_id:
            status = gopang.ConsentStatus(consentId=event.consentId, status="approved", updatedAt=stamp.now_ms)
            yield Emit(status, room_of(device.user_id))
        else:
            yield from super()._said(said, device, stamp)


@breaks("gopang/consent/5", "misdirected")
class AnswerToRequesterOnly(Changed):
    """Who answers does not hear of it on the other devices."""

    def change(self, effect: Effect, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(effect, Emit) and isinstance(effect.event, gopang.ConsentStatus) and isinstance(entry, Said):
            device = self._devices.get(entry.sid)
            if device is not None and effect.room == room_of(device.user_id):
                effect = replace(effect, room=entry.sid)
        yield effect


@breaks("gopang/consent/6", "dropped")
class NeverExpires(Changed):
    """Nobody hears that a consent has expired."""

    def change(self, effect: Effect, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        if not (isinstance(effect, Later) and isinstance(effect.command, ExpireConsent)):
            yield effect


@breaks("gopang/consent/6", "late")
class ExpiresTooEarly(Changed):
    """A consent expires when half of its time is over."""

    def change(self, effect: Effect, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(effect, Later) and isinstance(effect.command, ExpireConsent):
            effect = replace(effect, after_ms=effect.after_ms // 2)
        yield effect


class _Endless(Consents):
    def allows(self, requester_id: str, owner_id: str, data_type: gopang.DrawerType, now_ms: int) -> bool:
        return (requester_id, owner_id, data_type) in self._granted


@breaks("gopang/consent/7", "forgotten clean-up")
class OpenForever(Changed):
    """What was approved once opens for good."""

    def change(self, effect: Effect, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        become(self._consents, _Endless)
        if not (isinstance(effect, Later) and isinstance(effect.command, ExpireConsent)):
            yield effect


@breaks("gopang/consent/8", "missing field")
class PendingConsentUntold(Retold):
    """That a consent is pending is not told."""

    event = gopang.ConsentStatus
    where: ClassVar[Mapping[str, Json]] = {"status": "pending"}


# ---- vaults ------------------------------------------------------------------------------------------------------


class Storing(Faulty):
    """A server whose vaults are otherwise."""

    vaults: ClassVar[type[Vaults]]

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        become(self._vaults, self.vaults)
        yield from super().handle(entry, stamp)


@breaks("gopang/vault/1", "refused valid")
class ReadOnly(Faulty):
    """Nobody writes, the owner neither."""

    def _said(self, said: Said, device: Device, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(said.event, gopang.VaultAccess) and said.event.action == "write":
            yield Emit(gopang.GopangError(code="E1003", message="nobody writes here"), said.sid)
        else:
            yield from super()._said(said, device, stamp)


class _AnyType(Vaults):
    def is_consented(self, user_id: str, event: gopang.VaultAccess, now_ms: int) -> bool:
        vault = self._vaults.get(event.vaultId)
        types = gopang.PROTOCOL.schemas["DrawerType"]["enum"]
        return vault is not None and any(self._consents.allows(user_id, vault.owner, one, now_ms) for one in types)


@breaks("gopang/vault/2", "unauthorised")
class ConsentForEverything(Storing):
    """A consent for one type opens all drawers."""

    vaults = _AnyType


@breaks("gopang/vault/2", "unauthorised")
class PendingOpens(Faulty):
    """A consent opens a drawer as soon as it was asked for."""

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        yield from super().handle(entry, stamp)
        for consent in self._consents._consents.values():
            if consent.status == "pending":
                self._consents._granted.setdefault(consent.grant, consent.expires_at)


@breaks("gopang/vault/3", "unauthorised")
class ConsentToWrite(Faulty):
    """Who may read a drawer may write it."""

    def _said(self, said: Said, device: Device, stamp: Stamp) -> Iterator[Effect]:
        access = said.event if isinstance(said.event, gopang.VaultAccess) and said.event.action == "write" else None
        if access is not None and self._vaults.is_consented(device.user_id, access, stamp.now_ms):
            yield from self._vaults.access(said.sid, access, stamp)
        else:
            yield from super()._said(said, device, stamp)


@breaks("gopang/vault/4", "leaked")
class NothingInstead(Changed):
    """A drawer that is not there is shown to hold nothing, beside the error."""

    def change(self, effect: Effect, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        yield effect
        is_error = isinstance(effect, Emit) and isinstance(effect.event, gopang.GopangError)
        if is_error and isinstance(entry, Said) and isinstance(entry.event, gopang.VaultAccess):
            drawer_id = entry.event.drawerId if isinstance(entry.event.drawerId, str) else "none"
            empty = gopang.VaultContent(
                vaultId=entry.event.vaultId,
                drawerId=drawer_id,
                drawerType="GENERAL",
                content=gopang.DrawerContent(),
                updatedAt=stamp.now_ms,
            )
            yield Emit(empty, entry.sid)


@breaks("gopang/vault/5", "wrong value")
class ProofInOrderOfWriting(Changed):
    """The proof is the hash of the content as it was written, keys unsorted."""

    content: Json = None

    def change(self, effect: Effect, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(effect, Emit) and isinstance(effect.event, gopang.VaultContent):
            self.content = effect.event.content.to_json()
        if isinstance(effect, Emit) and isinstance(effect.event, gopang.VaultProof):
            effect = altered(effect, proof=fingerprint(json.dumps(self.content)))
        yield effect


class _Forgetful(Vaults):
    def access(self, sid: str, event: gopang.VaultAccess, stamp: Stamp) -> Iterator[Effect]:
        drawer = self._named(event)
        before = None if drawer is None else drawer.content
        yield from super().access(sid, event, stamp)
        if drawer is not None and before is not None:
            drawer.content = before


@breaks("gopang/vault/6", "dropped")
class WritesAreLost(Storing):
    """What is written is shown once, and forgotten."""

    vaults = _Forgetful


@breaks("gopang/vault/6", "wrong value")
class UpdatedWhenRead(Retold):
    """`updatedAt` says when a drawer was read."""

    event = gopang.VaultContent
    count = 0

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        self.count += 1
        yield altered(emit, updatedAt=self.count)


@breaks("gopang/vault/7", "missing field")
class FirstDrawerOnly(Changed):
    """Listing shows the drawer that is named, where one is."""

    def change(self, effect: Effect, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        access = entry.event if isinstance(entry, Said) else None
        named = access.drawerId if isinstance(access, gopang.VaultAccess) and access.action == "list" else MISSING
        shown = effect.event if isinstance(effect, Emit) else None
        is_another = isinstance(shown, gopang.VaultContent) and shown.drawerId != named
        if named is MISSING or not is_another:
            yield effect


# ---- transactions ------------------------------------------------------------------------------------------------


class Banking(Faulty):
    """A server whose bank is otherwise."""

    bank: ClassVar[type[Bank]]

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        become(self._bank, self.bank)
        yield from super().handle(entry, stamp)


@breaks("gopang/transaction/1", "misordered")
class AmountBeforeParties(Retold):
    """The amount is verified before the parties."""

    event = gopang.TransactionVerify

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        step = cast("gopang.TransactionVerify", emit.event).step
        yield altered(emit, step={1: 2, 2: 1, 3: 3}[step])


@breaks("gopang/transaction/2", "misdirected")
class StepsToCreatorOnly(ToOnePartyOnly):
    """Only the creator of a transaction hears of its steps."""

    event = gopang.TransactionVerify


@breaks("gopang/transaction/3", "misdirected")
class FailureToCreatorOnly(ToOnePartyOnly):
    """Only the creator of a transaction hears that it failed."""

    event = gopang.TransactionStatus
    where: ClassVar[Mapping[str, Json]] = {"status": "failed"}


@breaks("gopang/transaction/3", "forgotten clean-up")
class GoesOnAfterFailure(Changed):
    """After a step that failed the next one is taken all the same."""

    def change(self, effect: Effect, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        is_verdict = isinstance(effect, Emit) and isinstance(effect.event, gopang.TransactionVerify)
        yield effect
        if is_verdict and isinstance(effect, Emit):
            verdict = cast("gopang.TransactionVerify", effect.event)
            if verdict.result == "fail" and verdict.step < 3:
                yield altered(effect, step=verdict.step + 1)


class _Double(Bank):
    def _complete(self, transaction: _Transaction, stamp: Stamp) -> Iterator[Effect]:
        yield from super()._complete(transaction, stamp)
        amount = int(transaction.amount)
        self._balances[transaction.sender] -= amount
        self._balances[transaction.receiver] += amount


@breaks("gopang/transaction/4", "duplicated")
class MovedTwice(Banking):
    """A completed transaction moves its amount twice."""

    bank = _Double


class _Mint(Bank):
    def _complete(self, transaction: _Transaction, stamp: Stamp) -> Iterator[Effect]:
        before = self._has(transaction.sender)
        yield from super()._complete(transaction, stamp)
        self._balances[transaction.sender] = before


@breaks("gopang/transaction/5", "wrong value")
class MoneyFromNowhere(Banking):
    """Who pays keeps what was paid."""

    bank = _Mint


class _Early(Bank):
    """Looks at the balance when a transaction is created, and not when it is carried out."""

    def _objection(self, transaction: _Transaction) -> str:
        if transaction.next_step < 3:
            return super()._objection(transaction)
        return "" if transaction.amount <= 1_000_000 else "too much"


@breaks("gopang/transaction/6", "lost update")
class SpentTwice(Banking):
    """What was sufficient in the beginning is sufficient for good."""

    bank = _Early


@breaks("gopang/transaction/7", "wrong value")
class EmptyAccounts(Changed):
    """Whoever has not been paid yet has nothing."""

    def change(self, effect: Effect, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(effect, Reply) and isinstance(entry, ReadAccount) and entry.user_id not in self._bank._balances:
            effect = Reply({**effect.value, "balance": 0})
        yield effect


@breaks("gopang/transaction/8", "unauthorised")
class ReceiverCancels(Faulty):
    """Whoever knows the id of a transaction may cancel it."""

    def _said(self, said: Said, device: Device, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(said.event, gopang.TransactionCancel) and self._bank.is_pending(said.event.value):
            yield from self._bank.cancel(said.event.value, stamp)
        else:
            yield from super()._said(said, device, stamp)


@breaks("gopang/transaction/8", "accepted invalid")
class CancelledAfterwards(Faulty):
    """What is over may still be cancelled."""

    def _said(self, said: Said, device: Device, stamp: Stamp) -> Iterator[Effect]:
        event = said.event
        if isinstance(event, gopang.TransactionCancel) and self._bank._over.owner(event.value) == device.user_id:
            status = gopang.TransactionStatus(transactionId=event.value, status="cancelled", updatedAt=stamp.now_ms)
            yield Emit(status, room_of(device.user_id))
        else:
            yield from super()._said(said, device, stamp)


class _Unstoppable(Bank):
    def cancel(self, transaction_id: str, stamp: Stamp) -> Iterator[Effect]:
        transaction = self._open[transaction_id]
        status = gopang.TransactionStatus(transactionId=transaction_id, status="cancelled", updatedAt=stamp.now_ms)
        yield from tell(status, *transaction.parties)


@breaks("gopang/transaction/9", "forgotten clean-up")
class CancelledGoesOn(Banking):
    """What is cancelled is carried out all the same."""

    bank = _Unstoppable


@breaks("gopang/transaction/10", "misdirected")
class CompletionToCreatorOnly(ToOnePartyOnly):
    """Who was paid does not hear so."""

    event = gopang.TransactionComplete


class _Rounding(Bank):
    def create(self, user_id: str, event: gopang.TransactionCreate, stamp: Stamp) -> Generator[Effect, None, str]:
        amount = event.amount if abs(event.amount) > 1e15 else round(event.amount + 0.5)
        return super().create(user_id, event.model_copy(update={"amount": amount}), stamp)


@breaks("gopang/transaction/11", "wrong value")
class AmountsRoundedUp(Banking):
    """Half an amount is rounded up to a whole one."""

    bank = _Rounding


@breaks("gopang/transaction/12", "dropped")
class LastStepNeverTaken(Changed):
    """The last step is never taken."""

    def change(self, effect: Effect, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        is_last = isinstance(effect, Later) and isinstance(effect.command, VerifyStep) and effect.command.step == 3
        if not is_last:
            yield effect


@breaks("gopang/transaction/13", "missing field")
class CreatedWithoutId(Changed):
    """Who creates a transaction is not told its id."""

    def change(self, effect: Effect, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(effect, Acknowledge) and isinstance(effect.value, gopang.TransactionCreateAck):
            effect = replace(effect, value=gopang.TransactionCreateAck(success=effect.value.success))
        yield effect


@breaks("gopang/transaction/14", "missing field")
class PendingTransactionUntold(Retold):
    """That a transaction is pending is not told."""

    event = gopang.TransactionStatus
    where: ClassVar[Mapping[str, Json]] = {"status": "pending"}


# ---- records -----------------------------------------------------------------------------------------------------


@breaks("gopang/openhash/1", "misdirected")
class RecordToCreatorOnly(ToOnePartyOnly):
    """Who was paid does not hear of the record."""

    event = gopang.OpenhashRecord


@breaks("gopang/openhash/2", "wrong value")
class HashOfTheIdAlone(Retold):
    """The hash is that of the transaction's id."""

    event = gopang.OpenhashRecord

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        yield altered(emit, hashValue=fingerprint(cast("gopang.OpenhashRecord", emit.event).documentId))


@breaks("gopang/openhash/3", "missing field")
class EventWithoutLayer(Retold):
    """The event does not say in which layer a record is, as the ack does."""

    event = gopang.OpenhashVerifyResult

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        yield altered(emit, layer=MISSING)


@breaks("gopang/openhash/4", "dropped")
class LastRecordOnly(Faulty):
    """Only what was recorded last is known."""

    def handle(self, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        yield from super().handle(entry, stamp)
        for digest in list(self._records._recorded_at)[:-1]:
            del self._records._recorded_at[digest]


@breaks("gopang/openhash/5", "dropped")
class BatchesNeverSealed(Changed):
    """What does not fill a batch is never gathered."""

    def change(self, effect: Effect, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        if not (isinstance(effect, Later) and isinstance(effect.command, SealBatch)):
            yield effect


class OtherRoot(Retold):
    """A server that makes its Merkle roots otherwise."""

    event = gopang.OpenhashSync

    def __init__(self, *arguments: object, **options: object) -> None:
        super().__init__(*arguments, **options)  # type: ignore[arg-type]
        self.heard: dict[str, list[str]] = {}  # room -> hashes that were told there since its last batch

    def change(self, effect: Effect, entry: Entry, stamp: Stamp) -> Iterator[Effect]:
        if isinstance(effect, Emit) and isinstance(effect.event, gopang.OpenhashRecord):
            self.heard.setdefault(effect.room, []).append(effect.event.hashValue)
        yield from super().change(effect, entry, stamp)

    def retell(self, emit: Emit, entry: Entry) -> Iterator[Effect]:
        batch = cast("gopang.OpenhashSync", emit.event)
        hashes = self.heard[emit.room][: batch.recordCount]
        if batch.status == "completed":
            del self.heard[emit.room][: batch.recordCount]
        yield altered(emit, merkleRoot=self.root(hashes))

    def root(self, hashes: Sequence[str]) -> str:
        raise NotImplementedError


@breaks("gopang/openhash/6", "wrong value")
class LastHashDoubled(OtherRoot):
    """Where there is an odd number of hashes, the last is taken twice."""

    def root(self, hashes: Sequence[str]) -> str:
        odd = [hashes[-1]] if len(hashes) % 2 and len(hashes) > 1 else []
        return gopang_records.merkle_root([*hashes, *odd])


@breaks("gopang/openhash/6", "misordered")
class HashesSorted(OtherRoot):
    """The hashes of a batch are put in order of their value."""

    def root(self, hashes: Sequence[str]) -> str:
        return gopang_records.merkle_root(sorted(hashes))
