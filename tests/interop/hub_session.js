// A full session of hub by JavaScript's stock client: `node hub_session.js URL TRANSPORT[,TRANSPORT] SECRET SERVICE_TOKEN`.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { io } from "socket.io-client";
import { Ear } from "./heard.js";

const [url, transports, secret, serviceToken] = process.argv.slice(2);
const ROOM = "lounge";

function sign(claims, key = secret) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const head = `${part({ alg: "HS256", typ: "JWT" })}.${part(claims)}`;
  return `${head}.${createHmac("sha256", key).update(head).digest("base64url")}`;
}

function claims(name) {
  const now = Math.floor(Date.now() / 1000);
  return { id: `user-${name}`, email: `${name}@example.org`, nickname: name, iat: now, exp: now + 60 };
}

function open(auth) {
  return io(url, { transports: transports.split(","), reconnection: false, forceNew: true, auth });
}

async function connect(name, device = "") {
  const socket = open({ token: sign(claims(name)) });
  const ear = new Ear(socket, name + device);
  await new Promise((resolve, reject) => {
    socket.on("connect", resolve);
    socket.on("connect_error", reject);
  });
  return ear;
}

async function refusal(auth) {
  const socket = open(auth);
  return new Promise((resolve, reject) => {
    socket.on("connect", () => reject(new Error("was let in")));
    socket.on("connect_error", (error) => resolve(error.message));
  });
}

async function post(body, token = serviceToken) {
  return fetch(`${url}/internal/notifications`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
  });
}

// --- who may come in ---

assert.equal(await refusal({}), "Authentication required");
assert.equal(await refusal({ token: "rubbish" }), "Invalid token");
assert.equal(await refusal({ token: sign(claims("ann"), "another secret") }), "Invalid token");
assert.equal(await refusal({ token: sign({ ...claims("ann"), exp: 1 }) }), "Invalid token");

// --- coming ---

const ann = await connect("ann");
const ben = await connect("ben");
await ann.expect("presence_update", { userId: "user-ben", status: "online" });
const phone = await connect("ben", "'s phone");
const outsider = await connect("cho");
for (const ear of [ann, ben, phone]) await ear.expect("presence_update", { userId: "user-cho", status: "online" });

ann.emit("join_room", { roomId: ROOM });
ann.emit("join_room", { roomId: ROOM });
ann.emit("send_message", { roomId: ROOM, content: "anybody here?" }); // what was said before it has been handled
await ann.expect("message_sent");
await ann.expect("message", { content: "anybody here?" });
for (const ear of [ben, phone]) ear.emit("join_room", { roomId: ROOM });
await ann.expect("user_joined", { userId: "user-ben", nickname: "ben" });

// --- talking ---

await ben.nothingElse("message");
await phone.nothingElse("message");
ben.emit("typing", { roomId: ROOM, isTyping: true });
for (const ear of [ann, phone]) await ear.expect("typing", { userId: "user-ben", nickname: "ben", isTyping: true });
ben.emit("send_message", { roomId: ROOM, content: "안녕하세요 😊", type: "text" });
const { success, messageId } = await ben.expect("message_sent");
assert.equal(success, true);
for (const ear of [ann, ben, phone]) {
  const said = { id: messageId, roomId: ROOM, senderId: "user-ben", senderNickname: "ben", content: "안녕하세요 😊", type: "text" };
  const { createdAt } = await ear.expect("message", said);
  assert.ok(Math.abs(Date.parse(createdAt) - Date.now()) < 60_000);
}
ann.emit("read_message", { roomId: ROOM, messageId });
for (const ear of [ben, phone]) await ear.expect("message_read", { userId: "user-ann", messageId });

// --- presence and notifications ---

phone.emit("update_presence", "away");
for (const ear of [ann, outsider]) await ear.expect("presence_update", { userId: "user-ben", status: "away" });
const notice = { userId: "user-ben", type: "friend_request", title: "친구 요청", content: "from ann" };
const posted = await post(notice);
assert.equal(posted.status, 201);
const { id } = await posted.json();
for (const ear of [ben, phone]) await ear.expect("notification", { id, type: "friend_request", title: "친구 요청", isRead: false });
assert.equal((await post(notice, "let me in")).status, 401);

// --- what is refused ---

for (const [code, ...wrong] of [
  ["INVALID_EVENT", "update_presence", "offline"],
  ["INVALID_EVENT", "update_presence", { status: "away" }],
  ["INVALID_EVENT", "send_message", { roomId: ROOM, content: "obey", type: "system" }],
  ["INVALID_EVENT", "send_message", { roomId: ROOM, content: Buffer.from("binary") }],
  ["INVALID_EVENT", "no_such_event", {}],
  ["NOT_IN_ROOM", "send_message", { roomId: "attic", content: "hello?" }],
  ["NOT_IN_ROOM", "typing", { roomId: "attic", isTyping: true }],
]) {
  ann.emit(...wrong);
  await ann.expect("error", { code });
}

// --- going ---

ben.socket.disconnect();
phone.emit("leave_room", { roomId: ROOM });
await ann.expect("user_left", { userId: "user-ben", nickname: "ben" });
phone.socket.disconnect();
const { lastSeen } = await ann.expect("presence_update", { userId: "user-ben", status: "offline" });
assert.ok(Math.abs(Date.parse(lastSeen) - Date.now()) < 60_000);
assert.equal((await (await post({ ...notice, title: "later" })).json()).delivered, false);
const again = await connect("ben");
await again.expect("notification", { title: "later" });

// --- and nobody heard what was not for them ---

await outsider.expect("presence_update", { userId: "user-ben", status: "offline" });
await outsider.expect("presence_update", { userId: "user-ben", status: "online" });
await outsider.nothingElse("message", "typing", "user_joined", "user_left", "notification", "presence_update");
await ann.nothingElse("message", "message_sent", "typing", "notification", "error", "user_joined", "user_left");
await again.nothingElse("message", "notification", "presence_update");
await phone.nothingElse("message_sent", "presence_update", "error");
for (const ear of [ann, again, outsider]) ear.socket.disconnect();
console.log("= the session was as promised");
