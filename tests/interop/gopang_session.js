// A full session of gopang by JavaScript's stock client: `node gopang_session.js URL TRANSPORT[,TRANSPORT] SECRET`.

import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { io } from "socket.io-client";
import { Ear } from "./heard.js";

const [url, transports, secret] = process.argv.slice(2);
const HERE = "conversation-7"; // private: mina and jun take part in it, stranger does not

function sign(claims, key = secret) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const head = `${part({ alg: "HS256", typ: "JWT" })}.${part(claims)}`;
  return `${head}.${createHmac("sha256", key).update(head).digest("base64url")}`;
}

function claims(name, lifetime = 3600) {
  const now = Math.floor(Date.now() / 1000);
  return { userId: `user-${name}`, email: `${name}@example.org`, userType: "member", iat: now, exp: now + lifetime };
}

function open(auth) {
  return io(url, { transports: transports.split(","), reconnection: false, forceNew: true, auth });
}

async function connect(name, device = "", lifetime = 3600) {
  const socket = open({ token: sign(claims(name, lifetime)) });
  const ear = new Ear(socket, name + device);
  const { socketId, user, serverTime } = await ear.expect("connected");
  assert.equal(socketId, socket.id);
  assert.deepEqual(user, { userId: `user-${name}`, email: `${name}@example.org`, userType: "member" });
  assert.ok(Math.abs(serverTime - Date.now()) < 60_000);
  return ear;
}

async function refusal(auth) {
  const socket = open(auth);
  return new Promise((resolve, reject) => {
    socket.on("connect", () => reject(new Error("was let in")));
    socket.on("connect_error", (error) => resolve(error.message));
  });
}

function call(ear, ...message) {
  console.log(`> ${ear.name}: ${JSON.stringify(message)}`);
  return ear.socket.timeout(5000).emitWithAck(...message);
}

async function balance(name) {
  const reply = await fetch(`${url}/accounts/me`, { headers: { Authorization: `Bearer ${sign(claims(name))}` } });
  return (await reply.json()).balance;
}

// What this protocol calls canonical: JSON.stringify with sorted keys.
function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(",")}}`;
}

const sha256 = (data) => createHash("sha256").update(data).digest();
const hash = (value) => sha256(canonical(value)).toString("hex");

// --- who may come in ---

assert.equal(await refusal({}), "Authentication required");
assert.equal(await refusal({ token: "rubbish" }), "Invalid token");
assert.equal(await refusal({ token: sign(claims("mina"), "another secret") }), "Invalid token");
assert.equal(await refusal({ token: sign(claims("mina", -1)) }), "Token expired");

const mina = await connect("mina");
const laptop = await connect("mina", "'s laptop");
const jun = await connect("jun");
const stranger = await connect("99", "", 60);
const { expiresIn } = await stranger.expect("token:refresh");
assert.ok(expiresIn > 50 && expiresIn <= 60);
const { pong, time } = await call(mina, "ping");
assert.equal(pong, true);
assert.ok(Math.abs(time - Date.now()) < 60_000);

// --- messages ---

mina.emit("conversation:join", HERE);
jun.emit("conversation:join", HERE);
stranger.emit("conversation:join", HERE);
await stranger.expect("error");
await call(jun, "ping");
const sent = await call(mina, "message:send", { conversationId: HERE, content: "안녕하세요 😊", metadata: { a: [1] } });
assert.deepEqual(sent, { success: true, messageId: sent.messageId, status: "sent" });
const { messageId } = sent;
await mina.expect("gopang:status", { status: "processing", conversationId: HERE });
await mina.expect("message:status", { status: "sent", messageId });
await mina.expect("gopang:status", { status: "completed", conversationId: HERE });
for (const ear of [laptop, jun]) {
  const said = { messageId, conversationId: HERE, senderId: "user-mina", content: "안녕하세요 😊", messageType: "text" };
  await ear.expect("message:new", { ...said, senderEmail: "mina@example.org" });
}
for (const ear of [mina, laptop]) await ear.expect("message:status", { status: "delivered", messageId });
jun.emit("message:read", messageId);
for (const ear of [mina, laptop]) await ear.expect("message:status", { status: "read", messageId });

const refused = await call(stranger, "message:send", { conversationId: HERE, content: "let me in" });
assert.equal(refused.success, false);
jun.socket.disconnect();
const more = [];
for (const content of ["one", "two"]) more.push((await call(mina, "message:send", { conversationId: HERE, content })).messageId);
const again = await connect("jun", " again");
again.emit("sync:request", { lastMessageId: messageId });
const missed = await again.expect("messages:sync", { count: 2 });
assert.deepEqual(missed.messages.map((message) => message.messageId), more);
for (const id of more) await mina.expect("message:status", { status: "delivered", messageId: id });
for (const content of ["one", "two"]) await laptop.expect("message:new", { content });
stranger.emit("sync:request", {});
await stranger.expect("messages:sync", { count: 0, messages: [] });

// --- money and records ---

const paid = await call(mina, "transaction:create", { receiverId: "user-jun", amount: 1200, category: "food" });
assert.equal(paid.success, true);
const { transactionId } = paid;
for (const ear of [mina, laptop, again]) {
  await ear.expect("transaction:status", { transactionId, status: "pending" });
  for (const step of [1, 2, 3]) await ear.expect("transaction:verify", { transactionId, step, result: "pass" });
  await ear.expect("transaction:status", { transactionId, status: "completed" });
  const { blockchainHash, ...document } = await ear.expect("transaction:complete", { transactionId, amount: 1200 });
  assert.equal(blockchainHash, hash(document));
  await ear.expect("openhash:record", { documentId: transactionId, hashValue: blockchainHash });
  const { merkleRoot } = await ear.expect("openhash:sync", { recordCount: 1, status: "completed" });
  assert.equal(merkleRoot, blockchainHash);
}
assert.deepEqual([await balance("mina"), await balance("jun")], [998_800, 1_001_200]);
const hashValue = hash({ a: 1 });
assert.deepEqual(await call(stranger, "openhash:verify", hashValue), { hashValue, verified: false });
await stranger.expect("openhash:verify", { hashValue, verified: false });

const taken = await call(again, "transaction:create", { receiverId: "user-mina", amount: 1 });
mina.emit("transaction:cancel", taken.transactionId);
await mina.expect("gopang:error");
again.emit("transaction:cancel", taken.transactionId);
for (const ear of [mina, laptop, again]) {
  await ear.expect("transaction:status", { transactionId: taken.transactionId, status: "cancelled" });
}

// --- vaults ---

const drawer = { vaultId: "vault-user-mina", drawerId: "finance" };
again.emit("vault:access", { ...drawer, action: "read" });
await again.expect("gopang:error");
mina.emit("vault:access", { ...drawer, action: "write", content: { 은행: "제주", rate: 0.5, big: 1e21, one: 1.0 } });
const written = await mina.expect("vault:content", { ...drawer, drawerType: "FINANCE" });
assert.deepEqual(written.content, { 은행: "제주", rate: 0.5, big: 1e21, one: 1 });
await mina.expect("vault:proof", { ...drawer, proof: hash(written.content) });
const asked = await fetch(`${url}/consents`, {
  method: "POST",
  headers: { "Content-Type": "application/json", Authorization: `Bearer ${sign(claims("jun"))}` },
  body: JSON.stringify({ ownerId: "user-mina", dataType: "FINANCE", purpose: "대출", expiresAt: Date.now() + 60_000 }),
});
assert.equal(asked.status, 201);
const { consentId } = await asked.json();
await laptop.expect("consent:request", { consentId, requesterId: "user-jun", dataType: "FINANCE", purpose: "대출" });
laptop.emit("consent:respond", { consentId, approved: true });
for (const ear of [mina, laptop, again]) await ear.expect("consent:status", { consentId, status: "approved" });
again.emit("vault:access", { ...drawer, action: "read" });
assert.deepEqual((await again.expect("vault:content", drawer)).content, written.content);
await again.expect("vault:proof", { ...drawer, proof: hash(written.content) });
again.emit("vault:access", { ...drawer, action: "write", content: {} });
await again.expect("gopang:error");

// --- what breaks the contract ---

for (const [answer, ...wrong] of [
  ["error", "no:such:event", {}],
  ["error", "conversation:join", { conversationId: HERE }],
  ["error", "message:read", ["a"]],
  ["gopang:error", "vault:access", { ...drawer, action: "burn" }],
  ["gopang:error", "openhash:verify", Buffer.from("binary")],
]) {
  stranger.emit(...wrong);
  await stranger.expect(answer);
}
const garbled = await call(stranger, "message:send", { conversationId: HERE });
assert.equal(garbled.success, false);
assert.equal(typeof garbled.error, "string");

// --- devices, and what nobody else heard ---

const devices = [await connect("mina", " 3"), await connect("mina", " 4")];
await mina.expect("connection:replaced");
await mina.expect("disconnect");
for (const ear of [stranger, laptop, again, ...devices]) {
  await ear.nothingElse("message:new", "messages:sync", "vault:content", "vault:proof", "consent:request", "disconnect");
}
await stranger.nothingElse("message:status", "transaction:status", "transaction:verify", "openhash:record", "consent:status");
for (const ear of [stranger, laptop, again, ...devices]) ear.socket.disconnect();
console.log("= the session was as promised");
