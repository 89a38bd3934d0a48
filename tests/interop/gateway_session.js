// A full session of gateway by JavaScript's stock client: `node gateway_session.js URL TRANSPORT[,TRANSPORT]`.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { io } from "socket.io-client";
import { Ear } from "./heard.js";

const [url, transports] = process.argv.slice(2);
const PASSWORD = "correct horse";

async function http(method, path, { token, body } = {}) {
  const headers = {};
  if (body) headers["Content-Type"] = "application/json";
  if (token) headers.Authorization = `Bearer ${token}`;
  const response = await fetch(url + path, { method, headers, body: body && JSON.stringify(body) });
  return { status: response.status, body: await response.json() };
}

function open(options) {
  return io(url, { transports: transports.split(","), reconnection: false, forceNew: true, ...options });
}

async function connected(socket, name) {
  const ear = new Ear(socket, name);
  await new Promise((resolve, reject) => {
    socket.on("connect", resolve);
    socket.on("connect_error", reject);
  });
  ear.ask = (...message) => socket.timeout(5000).emitWithAck(...message);
  return ear;
}

async function refusal(options) {
  const socket = open(options);
  return new Promise((resolve, reject) => {
    socket.on("connect", () => reject(new Error("was let in")));
    socket.on("connect_error", (error) => resolve(error.message));
  });
}

async function register(name) {
  const email = `${name}@example.com`;
  const made = await http("POST", "/auth/register", { body: { email, password: PASSWORD } });
  assert.equal(made.status, 201);
  assert.equal(made.body.email, email);
  const { status, body } = await http("POST", "/auth/login", { body: { email, password: PASSWORD } });
  assert.equal(status, 200);
  return { id: made.body.id, email, token: body.accessToken };
}

// --- who may come in ---

const ann = await register("ann");
const ben = await register("ben");
const eve = await register("eve");
assert.equal((await http("POST", "/auth/register", { body: { email: ann.email, password: PASSWORD } })).status, 409);
assert.equal((await http("POST", "/auth/login", { body: { email: ann.email, password: "wrong horse" } })).status, 401);
assert.equal((await http("GET", "/rooms")).status, 401);
assert.equal(await refusal({}), "Authentication required");
assert.equal(await refusal({ auth: { token: "rubbish" } }), "Invalid token");
assert.equal(await refusal({ auth: { token: ann.token + "x" } }), "Invalid token");

const phone = await connected(open({ auth: { token: ann.token } }), "ann's phone");
const laptop = await connected(open({ extraHeaders: { Authorization: `Bearer ${ann.token}` } }), "ann's laptop");
const benEar = await connected(open({ auth: { token: ben.token } }), "ben");
const eveEar = await connected(open({ auth: { token: eve.token } }), "eve");

// --- a room ---

const room = (await http("POST", "/rooms", { token: ann.token, body: { name: "Night owls" } })).body;
assert.equal((await http("POST", `/rooms/${room.id}/join`, { token: ben.token })).status, 200);
assert.deepEqual((await http("GET", "/rooms", { token: ben.token })).body.rooms, [room]);
const { members } = (await http("GET", `/rooms/${room.id}/members`, { token: ben.token })).body;
assert.deepEqual(members.map((member) => member.id), [ann.id, ben.id]);
assert.equal((await http("GET", `/rooms/${room.id}/members`, { token: eve.token })).status, 403);

for (const ear of [phone, laptop, benEar, benEar]) {
  assert.deepEqual(await ear.ask("joinRoom", { roomId: room.id }), { success: true });
}
assert.equal((await eveEar.ask("joinRoom", { roomId: room.id })).success, false);

// --- talking ---

function message(content, more = {}) {
  return { roomId: room.id, clientMsgId: randomUUID(), type: "TEXT", content, ...more };
}

const hello = message("안녕하세요 😊");
const accepted = { clientMsgId: hello.clientMsgId, status: "ACCEPTED" };
assert.deepEqual(await phone.ask("sendMessage", hello), accepted);
assert.deepEqual(await laptop.ask("sendMessage", { ...hello, content: "something else" }), accepted);
const told = [];
for (const ear of [phone, laptop, benEar]) {
  told.push(await ear.expect("newMessage", { senderId: ann.id, content: hello.content, type: "TEXT", roomId: room.id }));
}
assert.equal(new Set(told.map((each) => JSON.stringify(each))).size, 1);
assert.ok(Math.abs(Date.parse(told[0].createdAt) - Date.now()) < 60_000);

const image = message("https://example.com/owl.png", { type: "IMAGE" });
benEar.emit("sendMessage", image); // asks for no ack
for (const ear of [phone, laptop, benEar]) await ear.expect("newMessage", { clientMsgId: image.clientMsgId, type: "IMAGE" });
const burst = Array.from({ length: 20 }, (_, number) => message(`message ${number}`));
const acks = await Promise.all(burst.map((each) => benEar.ask("sendMessage", each)));
assert.deepEqual(acks, burst.map(({ clientMsgId }) => ({ clientMsgId, status: "ACCEPTED" })));
for (const { clientMsgId } of burst) told.push(await phone.expect("newMessage", { clientMsgId }));

// --- what is refused ---

for (const [wrong, echo] of [
  [message(""), true],
  [message("x", { type: "VIDEO" }), true],
  [message("x", { clientMsgId: 7 }), false],
  [undefined, false],
  [{ ...message("x"), content: Buffer.from("binary") }, true],
]) {
  const failed = await phone.ask("sendMessage", wrong);
  assert.equal(failed.status, "FAILED");
  assert.equal(failed.clientMsgId, echo ? wrong.clientMsgId : "");
  assert.ok(failed.error.length > 0);
}
assert.equal((await eveEar.ask("sendMessage", message("let me in"))).status, "FAILED");
assert.equal((await eveEar.ask("no:such:event", {})).success, false);
assert.deepEqual(await eveEar.ask("heartbeat", {}), { success: true });

// --- the history ---

async function page(query) {
  const { status, body } = await http("GET", `/rooms/${room.id}/messages?${query}`, { token: ben.token });
  assert.equal(status, 200);
  return body.messages;
}

const all = await page("limit=100");
assert.equal(all.length, 22);
assert.deepEqual(all[0], told[0]);
const ids = all.map((each) => each.messageId);
assert.deepEqual(ids, [...ids].sort());
const paged = [];
for (let after = "0".repeat(26), some; (some = await page(`limit=7&after=${after}`)).length; after = some.at(-1).messageId) {
  paged.push(...some);
}
assert.deepEqual(paged, all);
assert.deepEqual(await page(`limit=5&before=${ids[10]}`), all.slice(5, 10));
assert.equal((await http("GET", `/rooms/${room.id}/messages`, { token: eve.token })).status, 403);
const read = await http("POST", `/rooms/${room.id}/read`, { token: ben.token, body: { lastReadMessageId: ids[3] } });
assert.equal(read.status, 200);

// --- and nobody heard what was not for them ---

await phone.nothingElse("newMessage");
await eveEar.nothingElse("newMessage");
for (const ear of [phone, laptop, benEar, eveEar]) ear.socket.disconnect();
console.log("= the session was as promised");
