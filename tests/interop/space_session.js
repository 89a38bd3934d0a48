// A full session of space by JavaScript's stock client: `node space_session.js URL TRANSPORT[,TRANSPORT]`.

import assert from "node:assert/strict";
import { io } from "socket.io-client";
import { Ear } from "./heard.js";

const [url, transports] = process.argv.slice(2);
const SPACE = "plaza";
const STAFF_TOKEN = "auth-jun-test";

async function guest(nickname) {
  const response = await fetch(`${url}/api/guest`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ spaceId: SPACE, nickname }),
  });
  assert.equal(response.status, 201);
  return response.json();
}

async function connect(name) {
  const socket = io(url, { transports: transports.split(","), reconnection: false, forceNew: true });
  const ear = new Ear(socket, name);
  await new Promise((resolve, reject) => {
    socket.on("connect", resolve);
    socket.on("connect_error", reject);
  });
  return ear;
}

async function join(name, sessionToken, spaceId = SPACE) {
  const ear = await connect(name);
  ear.emit("join:space", { spaceId, playerId: "whoever", nickname: name, avatarColor: "blue", sessionToken });
  const joined = await ear.expect("room:joined", { spaceId });
  ear.id = joined.yourPlayerId;
  ear.roster = joined.players.map((player) => player.id).sort();
  await ear.expect("proximity:changed", { spaceId });
  return ear;
}

// --- in ---

const annsSession = await guest("ann");
const ann = await join("ann", annsSession.sessionToken);
assert.equal(ann.id, annsSession.participantId, "identity comes from the session");
assert.deepEqual(ann.roster, [ann.id]);

await ann.expect("chat:system", { type: "system" });

const ben = await join("ben", (await guest("ben")).sessionToken);
assert.deepEqual(ben.roster, [ann.id, ben.id].sort());
await ann.expect("player:joined", { id: ben.id, nickname: "ben", avatarColor: "blue" });

const jun = await join("jun", STAFF_TOKEN);
for (const ear of [ann, ben]) await ear.expect("player:joined", { id: jun.id });
const outsider = await join("outsider", "auth-sora-test", "studio");

// --- moving ---

ann.emit("player:move", { id: "somebody-else", x: 12.5, y: -3, direction: "left", isMoving: true });
ann.emit("player:jump", { x: 12.5, y: -3 });
for (const ear of [ben, jun]) {
  const moved = await ear.expect("player:moved", { id: ann.id });
  assert.deepEqual([moved.nickname, moved.x, moved.y, moved.direction, moved.isMoving], ["ann", 12.5, -3, "left", true]);
  await ear.expect("player:jumped", { id: ann.id, x: 12.5, y: -3 });
}

// --- talking ---

ben.emit("chat:message", { content: "  안녕하세요 😊  " });
const messages = [];
for (const ear of [ann, ben, jun]) {
  messages.push(await ear.expect("chat:message", { senderId: ben.id, content: "안녕하세요 😊", type: "message" }));
}
assert.equal(new Set(messages.map((message) => message.id)).size, 1);
assert.ok(Math.abs(messages[0].timestamp - Date.now()) < 60_000);

ann.emit("whisper:send", { targetId: ben.id, content: "psst" });
await ben.expect("whisper:received", { senderId: ann.id, senderName: "ann", content: "psst" });

// --- a party ---

ann.emit("party:create", { name: "Night owls" });
const { partyId } = await ann.expect("party:joined");
ann.emit("party:invite", { partyId, targetId: ben.id });
await ben.expect("party:invited", { partyId, partyName: "Night owls", inviterId: ann.id });
ben.emit("party:accept", { partyId });
for (const ear of [ann, ben]) {
  const { members } = await ear.expect("party:joined", { partyId });
  assert.equal(members.length, 2);
}
ben.emit("party:message", { partyId, content: "among us" });
for (const ear of [ann, ben]) await ear.expect("party:message", { partyId, senderId: ben.id, content: "among us" });
ann.emit("party:invite", { partyId, targetId: jun.id });
await jun.expect("party:invited", { partyId });
jun.emit("party:decline", { partyId });
jun.emit("party:accept", { partyId });
await jun.expect("error");
ben.emit("party:leave", { partyId });
await ann.expect("party:member_left", { partyId, memberId: ben.id });

// --- a zone ---

ann.emit("joinParty", { partyId: "zone-stage", partyName: "Stage" });
await ann.expect("party:joined", { partyId: "zone-stage" });
jun.emit("joinParty", { partyId: "zone-stage", partyName: "Stage" });
for (const ear of [ann, jun]) await ear.expect("party:joined", { partyId: "zone-stage" });
jun.emit("chat:message", { content: "only here", type: "party" });
for (const ear of [ann, jun]) await ear.expect("chat:message", { senderId: jun.id, content: "only here", type: "party" });
ann.emit("leaveParty");
await jun.expect("party:member_left", { partyId: "zone-stage", memberId: ann.id });

// --- staff ---

ben.emit("proximity:set", { enabled: true });
await ben.expect("proximity:error");
jun.emit("proximity:set", { enabled: true });
for (const ear of [ann, ben, jun]) await ear.expect("proximity:changed", { spaceId: SPACE, enabled: true });

// --- what is refused ---

for (const wrong of [
  ["player:move", { x: "1", y: 2, direction: "up", isMoving: true }],
  ["chat:message"],
  ["chat:message", { content: Buffer.from("binary") }],
  ["no:such:event", {}],
  ["whisper:send", { targetId: "nobody", content: "hello?" }],
]) {
  ann.emit(...wrong);
  const { message } = await ann.expect("error");
  assert.ok(message.length > 0);
}
const stranger = await connect("stranger");
stranger.emit("chat:message", { content: "let me in" });
await stranger.expect("error");
stranger.emit("join:space", {
  spaceId: SPACE,
  playerId: "me",
  nickname: "stranger",
  avatarColor: "red",
  sessionToken: "guest-forged",
});
await stranger.expect("error");
await stranger.expect("disconnect");

// --- out ---

ben.emit("leave:space");
for (const ear of [ann, jun]) await ear.expect("player:left", { id: ben.id });
ben.emit("chat:message", { content: "still here?" });
await ben.expect("error");

jun.socket.disconnect();
await ann.expect("player:left", { id: jun.id });

const again = await join("ann", annsSession.sessionToken);
assert.equal(again.id, ann.id);
await ann.expect("error");
await ann.expect("disconnect");

// --- and nobody heard what was not for them ---

await again.nothingElse("chat:message", "whisper:received", "error");
await ann.nothingElse("whisper:received", "error", "disconnect");
await ben.nothingElse("party:message", "error", "player:jumped");
await jun.nothingElse("whisper:received", "party:message", "error");
await outsider.nothingElse("chat:message", "player:moved", "player:jumped", "player:joined", "player:left", "proximity:changed");
for (const ear of [again, ben, outsider]) ear.socket.disconnect();
console.log("= the session was as promised");
