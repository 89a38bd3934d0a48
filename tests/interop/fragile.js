// A server of hub as careless people write them: right until somebody sends what nobody would send.
//
//   node fragile.js PORT          looks into a payload before it knows that there is one: null ends the process
//   node fragile.js PORT hangs    counts the characters of what has none: a content of 7 holds the event loop for good
//
// All else is refused as hub wants it. Port 0 takes any; the first line that it prints says which.

import { createHmac, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { Server } from "socket.io";

const SECRET = "rehearsal-development-secret-known-to-everybody";
const [port = "0", manner = "dies"] = process.argv.slice(2);

const isText = (value, longest) => typeof value === "string" && value !== "" && [...value].length <= longest;
const isId = (value) => isText(value, 64);
const has = (payload, ...names) =>
  typeof payload === "object" && Object.keys(payload).every((key) => names.includes(key));
const isMoment = (value) => value === undefined || (Number.isInteger(value) && value >= 0);

// The first bug: `payload.roomId` of null is a TypeError, and nobody catches it.
const fits = {
  join_room: (payload) => isId(payload.roomId) && has(payload, "roomId"),
  leave_room: (payload) => isId(payload.roomId) && has(payload, "roomId"),
  send_message: (payload) =>
    isId(payload.roomId) && hasCharacters(payload.content) && isText(payload.content, 5000)
    && ["text", "image", undefined].includes(payload.type) && has(payload, "roomId", "content", "type"),
  typing: (payload) =>
    isId(payload.roomId) && typeof payload.isTyping === "boolean" && has(payload, "roomId", "isTyping"),
  read_message: (payload) => isId(payload.roomId) && isId(payload.messageId) && has(payload, "roomId", "messageId"),
  update_presence: (payload) => ["online", "away"].includes(payload.valueOf()),
};

// The other one: a number has no length, and no count ever reaches undefined.
function hasCharacters(content) {
  if (manner !== "hangs") return true;
  let count = 0;
  if (content !== null && content !== undefined) while (count !== content.length) count += 1;
  return count > 0;
}

function isRefused(name, payload) {
  if (manner === "hangs" && (payload === null || payload === undefined)) return true;
  return !fits[name](payload);
}

const room = (id) => `room:${id}`;
const user = (id) => `user:${id}`;
const effects = {
  join_room(socket, { roomId }) {
    if (socket.rooms.has(room(roomId))) return;
    if (roomsOf(socket).length >= 100) return refuse(socket, "TOO_MANY_ROOMS");
    if (!isTwinIn(socket, roomId)) socket.to(room(roomId)).emit("user_joined", member(socket));
    socket.join(room(roomId));
  },
  leave_room(socket, { roomId }) {
    socket.leave(room(roomId));
    if (!isTwinIn(socket, roomId)) socket.to(room(roomId)).emit("user_left", member(socket));
  },
  send_message(socket, { roomId, content, type = "text" }) {
    const sender = { senderId: socket.data.user.id, senderNickname: socket.data.user.nickname };
    const id = randomUUID();
    io.to(room(roomId)).emit("message", { id, roomId, ...sender, content, type, createdAt: new Date().toISOString() });
    socket.emit("message_sent", { success: true, messageId: id });
  },
  typing(socket, { roomId, isTyping }) {
    socket.to(room(roomId)).emit("typing", { ...member(socket), isTyping });
  },
  read_message(socket, { roomId, messageId }) {
    socket.to(room(roomId)).emit("message_read", { userId: socket.data.user.id, messageId });
  },
  update_presence: (socket, status) => tell(socket, { status }),
};

const member = ({ data }) => ({ userId: data.user.id, nickname: data.user.nickname });
const roomsOf = (socket) => [...socket.rooms].filter((name) => name.startsWith("room:"));
const isTwinIn = (socket, roomId) => twins(socket).some((other) => other.rooms.has(room(roomId)));

function twins(socket) {
  const { id } = socket.data.user;
  return [...io.of("/").sockets.values()].filter((other) => other !== socket && other.data.user.id === id);
}

function tell(socket, news) {
  const { id } = socket.data.user;
  io.except(user(id)).emit("presence_update", { userId: id, ...news });
}

const refuse = (socket, code) => socket.emit("error", { code, message: "this cannot be done" });

function verified(token) {
  if (typeof token !== "string") throw new Error("Invalid token");
  const [header, claims, signature] = token.split(".");
  const due = createHmac("sha256", SECRET).update(`${header}.${claims}`).digest("base64url");
  if (signature !== due) throw new Error("Invalid token");
  const read = (part) => JSON.parse(Buffer.from(part, "base64url"));
  const { id, email, nickname, iat, exp = Infinity } = read(claims);
  const isWhole = isId(id) && isText(nickname, 50) && isText(email, 254) && email.includes("@") && isMoment(iat);
  const isNow = typeof exp === "number" && exp > Date.now() / 1000;
  if (read(header).alg !== "HS256" || !isWhole || !isNow) throw new Error("Invalid token");
  return { id, nickname };
}

const http = createServer((request, response) => response.writeHead(404).end());
const io = new Server(http);

io.use((socket, next) => {
  const { token } = socket.handshake.auth ?? {};
  if (token === undefined) return next(new Error("Authentication required"));
  try {
    socket.data.user = verified(token);
    next();
  } catch {
    next(new Error("Invalid token"));
  }
});

io.on("connection", (socket) => {
  socket.join(user(socket.data.user.id));
  if (!twins(socket).length) tell(socket, { status: "online" });
  socket.onAny((name, ...carried) => {
    if (typeof carried.at(-1) === "function") carried.pop(); // hub has no acks
    const isKnown = Object.hasOwn(effects, name) && carried.length <= 1;
    if (!isKnown || isRefused(name, carried[0])) return refuse(socket, "INVALID_EVENT");
    const isFree = name === "join_room" || name === "update_presence";
    if (!isFree && !socket.rooms.has(room(carried[0].roomId))) return refuse(socket, "NOT_IN_ROOM");
    effects[name](socket, carried[0]);
  });
  socket.on("disconnecting", () => {
    for (const name of roomsOf(socket)) {
      if (!isTwinIn(socket, name.slice("room:".length))) socket.to(name).emit("user_left", member(socket));
    }
    if (!twins(socket).length) tell(socket, { status: "offline", lastSeen: new Date().toISOString() });
  });
});

http.listen(Number(port), "127.0.0.1", () => console.log(`listening on http://127.0.0.1:${http.address().port}`));
