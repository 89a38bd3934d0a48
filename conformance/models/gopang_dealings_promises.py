"""What `gopang` promises in words of consents, money, records and vaults: scenes, judged step by step."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from conformance.case import Skipped
from conformance.checks import Check
from conformance.models.gopang import NOBODY
from conformance.models.gopang_cast import NO_HASH, GopangCast
from conformance.models.gopang_vaults import Consent
from conformance.person import Person
from conformance.scene import Scenes, attributed, require
from conformance.symptom import HTTP, Symptom, Test, fields_are
from protocols import gopang
from protocols.contract import Json

SCENES: Final[Scenes[GopangCast]] = Scenes("gopang")
shows = SCENES.shows

SOON_MS: Final = 1000
"""How soon a consent expires that is to expire."""
CANCELS: Final = 5
"""How often one tries to cancel in time."""
PAYMENTS: Final = 13
"""More than one batch for who pays them all; an odd number for one of the others."""
STEPS_MS: Final = 1000
"""Longer than a transaction takes that nobody has cancelled."""
CONTENTS: Final[tuple[Mapping[str, Json], ...]] = (
    {},
    {"z": 1, "a": {"나": [1, 2.5, None, True], "ㄱ": "\u2028 \"'\\ \n 🍊"}, "": ""},
    {"n": [0, -1, 1e21, 1e-7, 0.000001, 123456789012345680000, 1.0, 5e-324, 0.1]},
)


# ---- consents ----------------------------------------------------------------------------------------------------


@shows("consent/1", "consent/8", "all/5")
async def consent__asked(cast: GopangCast) -> None:
    """Who is asked hears of it on each device, and nobody else does; what is no request is refused."""
    await cast.assemble()
    ana, ben, _ = cast.people_here()
    await cast.come("ana-again", like=ana)
    for data_type in gopang.PROTOCOL.schemas["DrawerType"]["enum"]:
        await cast.ask_consent(ben, ana, str(data_type))
    good: dict[str, Json] = {"ownerId": cast.model.user(ana), "dataType": "FINANCE", "purpose": "a loan"}
    good["expiresAt"] = await cast.now_ms(ben) + 60_000
    wrong: list[Json] = [{name: good[name] for name in good if name != missing} for missing in good]
    wrong += [{**good, "dataType": "LOVE"}, {**good, "purpose": ""}, {**good, "expiresAt": "soon"}, [good], "please"]
    for body in wrong:
        reply = await cast.post_consent(ben.identity, body)
        require(
            400 <= reply.status < 500,
            "gopang/consent/1",
            f"POST /consents with {body} is refused",
            reply,
            check=Check.HTTP_STATUS,
        )
    await cast.stage.listen()


@shows("consent/2", "consent/3", "consent/5")
async def consent__answered_once(cast: GopangCast) -> None:
    """Only who is asked answers, and the first answer stands: both sides hear it, on all devices."""
    await cast.assemble()
    ana, ben, cho = cast.people_here()
    await cast.come("ana-again", like=ana)
    for approved in (True, False):
        consent = await cast.ask_consent(ben, ana, "GENERAL")
        with attributed("gopang/consent/2"):
            for who in (ben, cho, cast.person("eve")):
                await _answer(cast, who, consent, approved=True)
        await _answer(cast, ana, consent, approved=approved)
        with attributed("gopang/consent/3"):
            await _answer(cast, ana, consent, approved=not approved)
            await _answer(cast, cast.person("ana-again"), consent, approved=approved)
    await cast.stage.say(ana, gopang.ConsentRespond(consentId=NOBODY, approved=True))


async def _answer(cast: GopangCast, who: Person, consent: Consent, *, approved: bool) -> None:
    await cast.stage.say(who, gopang.ConsentRespond(consentId=consent.id, approved=approved, conditions="be kind"))


@shows("consent/6", "consent/4")
async def consent__expires(cast: GopangCast) -> None:
    """What nobody answers expires by itself, and cannot be answered any more."""
    await cast.assemble()
    ana, ben, _ = cast.people_here()
    consent = await cast.ask_consent(ben, ana, "MEDICAL", SOON_MS)
    await cast.stage.collect()
    with attributed("gopang/consent/4"):
        for approved in (True, False):
            await _answer(cast, ana, consent, approved=approved)


@shows("consent/7", "vault/2")
async def consent__ends(cast: GopangCast) -> None:
    """What was approved opens a drawer until it expires, and not a moment longer."""
    await cast.assemble()
    ovi, ben = await cast.owner(), cast.person("ben")
    vault_id, drawers = _vault(cast)
    drawer_id, data_type = next(iter(drawers.items()))
    read = gopang.VaultAccess(vaultId=vault_id, drawerId=drawer_id, action="read")
    consent = await cast.ask_consent(ben, ovi, data_type, SOON_MS)
    await _answer(cast, ovi, consent, approved=True)
    await cast.stage.say(ben, read)
    await cast.outlive(consent)
    with attributed("gopang/consent/7"):
        await cast.stage.say(ben, read)


# ---- vaults ------------------------------------------------------------------------------------------------------


def _vault(cast: GopangCast) -> tuple[str, dict[str, str]]:
    """Return ovi's vault: its id, and the types of its drawers by their ids."""
    [(vault_id, vault)] = cast.model.vaults.known.items()
    types = {drawer_id: str(drawer["drawerType"]) for drawer_id, drawer in vault.drawers.items()}
    if len(set(types.values())) < 2:
        raise Skipped("a vault with drawers of two types is needed")
    return vault_id, types


@shows("vault/1", "vault/5", "vault/6", "vault/7")
async def vault__own(cast: GopangCast) -> None:
    """The owner lists, writes and reads each drawer; what is written is read on every device, with its proof."""
    await cast.assemble()
    ovi = await cast.owner()
    vault_id, drawers = _vault(cast)
    again = await cast.come("ovi-again", like=ovi)
    for number, drawer_id in enumerate(drawers):
        content = gopang.DrawerContent.model_validate(CONTENTS[number % len(CONTENTS)])
        named: dict[str, Json] = {"vaultId": vault_id, "drawerId": drawer_id}
        before_ms = await cast.now_ms(ovi)
        write = gopang.VaultAccess.model_validate({**named, "action": "write", "content": content.to_json()})
        await cast.stage.say(ovi, write)
        written_ms = cast.model.vaults.known[vault_id].drawers[drawer_id]["updatedAt"]
        after_ms = await cast.now_ms(ovi)
        is_then = isinstance(written_ms, int) and before_ms <= written_ms <= after_ms
        told = fields_are({"drawerId": drawer_id, "updatedAt": written_ms})
        shown = [replace(Symptom.heard(ovi, gopang.VaultContent.event_name, *told, times=1), is_ever=True)]
        require(is_then, "gopang/vault/6", f"updatedAt from {before_ms} to {after_ms}", written_ms, shown=shown)
        for who in (ovi, again):
            await cast.stage.say(who, gopang.VaultAccess.model_validate({**named, "action": "read"}))
    for fields in ({}, {"drawerId": next(iter(drawers))}, {"drawerId": NOBODY}):
        await cast.stage.say(
            again, gopang.VaultAccess.model_validate({"vaultId": vault_id, "action": "list", **fields})
        )


@shows("vault/2", "vault/3", "vault/4", "all/5")
async def vault__strangers(cast: GopangCast) -> None:
    """Without a consent nothing opens; with one, drawers of its type can be read, by its holder, and no more."""
    await cast.assemble()
    ovi = await cast.owner()
    ana, ben, _ = cast.people_here()
    vault_id, _ = _vault(cast)
    await _try_all(cast, ben)
    first = next(iter(cast.model.vaults.known[vault_id].drawers.values()))
    rejected = await cast.ask_consent(ben, ovi, str(first["drawerType"]))
    await _try_all(cast, ben)
    await _answer(cast, ovi, rejected, approved=False)
    await _try_all(cast, ben)
    approved = await cast.ask_consent(ben, ovi, str(first["drawerType"]))
    await _answer(cast, ovi, approved, approved=True)
    await _try_all(cast, ben)
    await _try_all(cast, ana)
    await cast.stage.say(ovi, gopang.VaultAccess(vaultId=vault_id, action="list"))


async def _try_all(cast: GopangCast, who: Person) -> None:
    """Let somebody try everything with ovi's vault; each refusal gives `gopang:error`, and no content."""
    vault_id, drawers = _vault(cast)
    named: dict[str, Json] = {"vaultId": vault_id}
    with attributed("gopang/vault/2"):
        for drawer_id in drawers:
            await cast.stage.say(who, gopang.VaultAccess(vaultId=vault_id, drawerId=drawer_id, action="read"))
    with attributed("gopang/vault/3"):
        for fields in ({"action": "write", "content": {"mine": True}}, {"action": "list"}):
            everything = {**named, "drawerId": next(iter(drawers)), **fields}
            await cast.stage.say(who, gopang.VaultAccess.model_validate(everything))


@shows("vault/4")
async def vault__nothing_there(cast: GopangCast) -> None:
    """A vault or a drawer that is not there, and a write without content, give `gopang:error` and nothing else."""
    await cast.assemble()
    ovi = await cast.owner()
    vault_id, drawers = _vault(cast)
    drawer_id = next(iter(drawers))
    accesses: list[dict[str, Json]] = [
        {"vaultId": vault_id, "drawerId": NOBODY, "action": "read"},
        {"vaultId": vault_id, "action": "read"},
        {"vaultId": vault_id, "drawerId": NOBODY, "action": "write", "content": {}},
        {"vaultId": vault_id, "drawerId": drawer_id, "action": "write"},
        {"vaultId": vault_id, "drawerId": drawer_id, "action": "write", "content": {"a": "a" * 70_000}},
        {"vaultId": NOBODY, "drawerId": drawer_id, "action": "read"},
        {"vaultId": NOBODY, "action": "list"},
    ]
    with attributed("gopang/vault/4"):
        for access in accesses:
            await cast.stage.say(ovi, gopang.VaultAccess.model_validate(access))
    await cast.stage.say(ovi, gopang.VaultAccess(vaultId=vault_id, action="list"))


# ---- transactions ------------------------------------------------------------------------------------------------


@shows("transaction/1", "transaction/2", "transaction/10", "transaction/12", "transaction/14", "transaction/8")
async def transaction__completed(cast: GopangCast) -> None:
    """Three steps, then the end, for both on all devices; the amount has moved once, and cannot be taken back."""
    await cast.assemble()
    ana, ben, cho = cast.people_here()
    await cast.come("ben-again", like=ben)
    deal = await cast.pay(ana, cast.model.user(ben), 5000)
    await cast.pay(ben, cast.model.user(cho), 1)
    await cast.close_deals()
    with attributed("gopang/transaction/8"):
        await cast.stage.say(ana, gopang.TransactionCancel(value=deal.id))
    await cast.check_balances()


@shows("transaction/3", "transaction/2", "transaction/11", "transaction/4", "transaction/8")
async def transaction__failed(cast: GopangCast) -> None:
    """The first step that fails ends it: nobody there, oneself, no amount, more than there is; nothing moves."""
    await cast.assemble()
    ana, ben, _ = cast.people_here()
    await cast.come("ben-again", like=ben)
    me, other = cast.model.user(ana), cast.model.user(ben)
    for receiver in (NOBODY, me):
        for amount in (5.0, -1.0):
            await cast.pay(ana, receiver, amount)
    for amount in (0, -5, 0.5, 1.000001, -1e300, 1e300, 1_000_001, 2**53):
        deal = await cast.pay(ana, other, amount)
    await cast.close_deals()
    with attributed("gopang/transaction/8"):
        for deal_id in (deal.id, NOBODY):
            await cast.stage.say(ana, gopang.TransactionCancel(value=deal_id))
    await cast.check_balances()


@shows("transaction/7", "transaction/4", "transaction/6")
async def transaction__to_the_last(cast: GopangCast) -> None:
    """Who was never there has 1000000, and can pay it all, once; what was received can be paid on."""
    await cast.assemble()
    ana, ben, cho = cast.people_here()
    await cast.check_balances()
    for payments in (
        [(ana, ben, 1_000_000)],
        [(ana, ben, 1), (ben, cho, 2_000_000)],
    ):
        for payer, payee, amount in payments:
            await cast.pay(payer, cast.model.user(payee), amount)
        await cast.close_deals()
    await cast.check_balances()


@shows("transaction/5", "transaction/6", "transaction/4")
async def transaction__at_once(cast: GopangCast) -> None:
    """Everybody pays everybody more than they have, at once: the sum stays the same, and nobody is below zero."""
    await cast.assemble()
    ana, ben, cho = people = cast.people_here()
    before = sum([await cast.balance(who) for who in people])
    wanted = [(ana, ben, 400_000), (ben, cho, 700_000), (cho, ana, 900_000), (ana, cho, 350_000), (ben, ana, 1)] * 3
    await cast.pay_at_once(wanted)
    for who in people:
        await cast.balance(who)
    await cast.close_deals()
    after = [await cast.balance(who) for who in people]
    # Where one has more than all had together, that is enough to show it.
    shown = [Symptom.heard(HTTP, HTTP, Test(("body", "balance"), "is over", before), times=1)]
    expected = f"{before} in all, as before"
    is_shown = max(after) > before
    require(sum(after) == before, "gopang/transaction/5", expected, sum(after), shown=shown if is_shown else ())
    await cast.check_balances()


@shows("transaction/8", "transaction/9")
async def transaction__cancelled(cast: GopangCast) -> None:
    """Its creator takes it back as long as it is pending, nobody else does; both hear so, and nothing more of it."""
    await cast.assemble()
    ana, ben, cho = cast.people_here()
    for _ in range(CANCELS):
        deal = await cast.pay(ana, cast.model.user(ben), 5000)
        with attributed("gopang/transaction/8"):
            for who in (ben, cho):
                await cast.stage.say(who, gopang.TransactionCancel(value=deal.id))
        await cast.stage.say(ana, gopang.TransactionCancel(value=deal.id))
        if deal.end == "cancelled":
            break
    else:
        raise Skipped("transactions of this target are over before anybody can cancel them")
    with attributed("gopang/transaction/8"):
        await cast.stage.say(ana, gopang.TransactionCancel(value=deal.id))
    with attributed("gopang/transaction/9"):
        await cast.stage.listen(STEPS_MS)
        await cast.close_deals()
        await cast.check_balances()


# ---- records -----------------------------------------------------------------------------------------------------


@shows("openhash/1", "openhash/2", "openhash/3", "openhash/4")
async def openhash__recorded(cast: GopangCast) -> None:
    """A completed transaction is recorded with the hash of its document, which everybody can verify from then on."""
    await cast.assemble()
    ana, ben, _ = cast.people_here()
    dee = cast.person("dee")
    for amount in (5, 77, -1):
        await cast.pay(ana, cast.model.user(ben), amount)
    await cast.close_deals()
    await cast.stage.leave(ana)
    for hash_value in (*cast.model.ledger.records, NO_HASH, "no hash at all"):
        with attributed("gopang/openhash/4" if hash_value in cast.model.ledger.records else "gopang/openhash/3"):
            for who in (ben, dee):
                await cast.stage.say(who, gopang.OpenhashVerifyRequest(value=hash_value))


@shows("openhash/5", "openhash/6")
async def openhash__batches(cast: GopangCast) -> None:
    """Records are gathered in batches, for each party in the order it heard of them, under their Merkle root."""
    await cast.assemble()
    ana, ben, cho = cast.people_here()
    await cast.come("ana-again", like=ana)
    for number in range(PAYMENTS):
        await cast.pay(ana, cast.model.user(ben if number % 2 else cho), number + 1)
    await cast.close_deals()
    await cast.close_batches()
