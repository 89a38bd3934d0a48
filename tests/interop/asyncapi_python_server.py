"""A server of a part of gopang on the codecs and the kernel of asyncapi-python, as its makers mean it to be used.

Models are what its generator makes of our contract, and events are handled by its endpoints. Only what it has no words
for is done beside it: the handshake, and who is in which room. From `POST /mend` on acks keep the names of their
fields, which it lets others see to. It prints its URL, and serves until it is killed.
"""

import asyncio
import contextlib
import io
import json
import sys
import tempfile
import time
import types
import uuid
from collections.abc import AsyncGenerator
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import jwt
import socketio
import yaml
from aiohttp import web
from asyncapi_python.contrib.codec.json import JsonCodec, JsonCodecFactory
from asyncapi_python.contrib.codec.registry import CodecRegistry
from asyncapi_python.kernel.application import BaseApplication
from asyncapi_python.kernel.wire import AbstractWireFactory
from asyncapi_python_codegen.generators.messages import MessageGenerator
from asyncapi_python_codegen.parser import extract_all_operations

from tests.interop.derived import alone

SPEC = Path(__file__).parents[2] / "spec" / "asyncapi.yaml"
SERVED = ("onConversationJoin", "onConversationLeave", "onMessageSend")
SECRET = "rehearsal-development-secret-known-to-everybody"

sender: ContextVar[str] = ContextVar("sender")
"""The socket whose event is being handled: handlers are given the payload alone."""


def generated() -> tuple[dict[str, Any], types.ModuleType]:
    """Return the operations as it reads them, and a module with the models that it generates for them."""
    document = alone(yaml.load(SPEC.read_text("utf-8"), yaml.CSafeLoader), "gopang", SERVED)
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        path = Path(folder) / "asyncapi.yaml"
        path.write_text(yaml.dump(document, Dumper=yaml.CSafeDumper), "utf-8")
        operations = dict(extract_all_operations(path))
        code = MessageGenerator().generate_message_models(operations, path)
    # Its codecs look for classes in `messages.json` of the application.
    models = sys.modules["theirs"] = types.ModuleType("theirs")
    models.__dict__["messages"] = types.SimpleNamespace(json=models)
    exec(compile(code, "theirs", "exec"), models.__dict__)  # it was generated a moment ago
    return operations, models


class MendableCodec(JsonCodec):
    """Once mended it writes fields under the names that the contract gives them, and leaves out what is not there."""

    is_mended = False

    def encode(self, payload: Any) -> bytes:
        """Return the JSON of a model."""
        if not self.is_mended:
            return bytes(super().encode(payload))
        return bytes(payload.model_dump_json(by_alias=True, exclude_none=True).encode())


class MendableFactory(JsonCodecFactory):
    """Makes codecs that can be mended."""

    def create(self, message: Any) -> MendableCodec:
        """Return the codec of a message."""
        return MendableCodec(self._resolve_model_class(message))


async def mend(request: web.Request) -> web.Response:
    """Mend all codecs."""
    MendableCodec.is_mended = True
    return web.Response()


# ---- its wire, over Socket.IO ------------------------------------------------------------------------------------


@dataclass
class Incoming:
    """An event that somebody emitted."""

    sid: str
    payload: bytes
    answered: asyncio.Future[Any]
    headers: dict[str, Any] = field(default_factory=dict)
    correlation_id: str = ""
    reply_to: str = "the ack"

    async def ack(self) -> None:
        """Do no more: the reply has gone out."""

    async def nack(self) -> None:
        """Leave whoever asked without an answer: there are no words for why."""

    async def reject(self) -> None:
        """Leave whoever asked without an answer: there are no words for why."""


class Wire(AbstractWireFactory[Any, Any]):
    """Carries events to endpoints, and their replies back as acks."""

    def __init__(self) -> None:
        self.queues: dict[str, asyncio.Queue[Incoming]] = {}
        self.asked: dict[str, asyncio.Future[Any]] = {}

    async def create_consumer(self, **parameters: Any) -> "Consumer":
        """Return what an endpoint hears of: one event."""
        return Consumer(self.queues.setdefault(parameters["channel"].address, asyncio.Queue()))

    async def create_producer(self, **parameters: Any) -> "Producer":
        """Return what an endpoint replies by."""
        return Producer(self.asked)

    async def hear(self, name: str, sid: str, *arguments: object) -> Any:
        """Hand an event to its endpoint, and return the ack."""
        payload = json.dumps(arguments[0] if arguments else None).encode()
        incoming = Incoming(sid, payload, asyncio.get_running_loop().create_future(), correlation_id=uuid.uuid4().hex)
        self.asked[incoming.correlation_id] = incoming.answered
        self.queues[name].put_nowait(incoming)
        return await incoming.answered


@dataclass
class Consumer:
    """The events of one name, from everybody."""

    queue: asyncio.Queue[Incoming]

    async def start(self) -> None:
        """Begin at once."""

    async def stop(self) -> None:
        """End with the process."""

    async def recv(self) -> AsyncGenerator[Incoming, None]:
        """Yield one event after the other."""
        while True:
            incoming = await self.queue.get()
            sender.set(incoming.sid)
            yield incoming


@dataclass
class Producer:
    """Replies, each to whoever asked."""

    asked: dict[str, asyncio.Future[Any]]

    async def start(self) -> None:
        """Begin at once."""

    async def stop(self) -> None:
        """End with the process."""

    async def send_batch(self, messages: list[Any], *, address_override: str | None = None) -> None:
        """Hand over what the codecs have made."""
        for message in messages:
            self.asked.pop(message.correlation_id).set_result(json.loads(message.payload))


# ---- the server --------------------------------------------------------------------------------------------------


async def serve() -> None:
    """Serve gopang in `/`, as much of it as stands in SERVED."""
    operations, models = generated()
    CodecRegistry.register(None, MendableFactory)
    sio = socketio.AsyncServer(async_mode="aiohttp", always_connect=True, namespaces=["/"])
    wire = Wire()
    application = BaseApplication(wire_factory=wire, codec_factory=CodecRegistry(models))
    endpoints: dict[str, Any] = {name: application._register_endpoint(one) for name, one in operations.items()}

    async def connect(sid: str, environ: dict[str, Any], auth: Any) -> None:
        try:
            claims = jwt.decode(auth["token"], SECRET, algorithms=["HS256"])
        except (TypeError, KeyError, jwt.InvalidTokenError):
            raise socketio.exceptions.ConnectionRefusedError("Invalid token") from None
        await sio.save_session(sid, claims)
        await sio.enter_room(sid, f"user {claims['userId']}")
        user = {name: claims[name] for name in ("userId", "email", "userType")}
        await sio.emit("connected", {"socketId": sid, "user": user, "serverTime": now_ms()}, to=sid)

    async def join(conversation: Any) -> None:
        await sio.enter_room(sender.get(), conversation.root)

    async def leave(conversation: Any) -> None:
        await sio.leave_room(sender.get(), conversation.root)

    async def send(said: Any) -> Any:
        sid, room, message_id = sender.get(), said.conversation_id, uuid.uuid4().hex
        if room not in sio.rooms(sid):
            return models.MessageSendAck(models.MessageSendOutcome(success=False, error="you are no member"))
        who = await sio.get_session(sid)
        await sio.emit("gopang:status", {"status": "processing", "conversationId": room}, to=sid)
        status = {"messageId": message_id, "status": "sent", "timestamp": now_ms()}
        await sio.emit("message:status", status, to=sid)
        await sio.emit("gopang:status", {"status": "completed", "conversationId": room}, to=sid)
        message = {
            "messageId": message_id,
            "conversationId": room,
            "senderId": who["userId"],
            "senderEmail": who["email"],
            "content": said.content,
            "messageType": said.message_type.value if said.message_type else "text",
            "timestamp": now_ms(),
        }
        await sio.emit("message:new", message, room=room, skip_sid=sid)
        if len(list(sio.manager.get_participants("/", room))) > 1:
            await sio.emit("message:status", {**status, "status": "delivered"}, room=f"user {who['userId']}")
        return models.MessageSendAck(models.MessageSendOutcome(success=True, message_id=message_id, status="sent"))

    for name, handle in zip(SERVED, (join, leave, send), strict=True):
        endpoints[name](handle)
        event = operations[name].channel.address
        sio.on(event, partial(wire.hear, event))
    sio.on("connect", connect)
    await application.start()
    web_application = web.Application()
    web_application.router.add_post("/mend", mend)
    sio.attach(web_application)
    runner = web.AppRunner(web_application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(f"listening on http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


def now_ms() -> int:
    """Return the time as gopang tells it."""
    return int(time.time() * 1000)


if __name__ == "__main__":
    asyncio.run(serve())
