// Rooms, messages and presence of hub, for sockets that carry their user {id, nickname} in `data.user`.

import { randomUUID } from "node:crypto";

const MOST_ROOMS = 100;

const isText = (value, longest) => typeof value === "string" && value !== "" && [...value].length <= longest;
const isId = (value) => isText(value, 64);
const isBoolean = (value) => typeof value === "boolean";
const isContent = (value) => isText(value, 5000);
const isType = (value) => [undefined, "text", "image"].includes(value);

/** A check for an object with these fields and no others. */
const object = (fields) => (value) =>
  typeof value === "object" &&
  value !== null &&
  Object.keys(value).every((name) => Object.hasOwn(fields, name)) &&
  Object.entries(fields).every(([name, fits]) => fits(value[name]));

/** What each event has to carry. */
export const FITS = {
  join_room: object({ roomId: isId }),
  leave_room: object({ roomId: isId }),
  send_message: object({ roomId: isId, content: isContent, type: isType }),
  typing: object({ roomId: isId, isTyping: isBoolean }),
  read_message: object({ roomId: isId, messageId: isId }),
  update_presence: (value) => value === "online" || value === "away",
};

/** Whether a token says who its bearer is. */
export const isUser = ({ id, nickname, email, iat, exp }) =>
  isId(id) && isText(nickname, 50) && isText(email, 254) && email.includes("@") && [iat, exp].every(isMoment);

const isMoment = (value) => value === undefined || (Number.isInteger(value) && value >= 0);

/** Serve hub in a namespace; `refuse(socket, code)` tells a sender that something cannot be done. */
export function hub(namespace, refuse, fits = FITS) {
  const others = ({ id, data }) =>
    [...namespace.sockets.values()].filter((one) => one.id !== id && one.data.user.id === data.user.id);
  const isElsewhereIn = (socket, room) => others(socket).some(({ rooms }) => rooms.has(room));
  const roomsOf = (socket) => [...socket.rooms].filter((name) => name.startsWith("room:"));
  const member = ({ data }) => ({ userId: data.user.id, nickname: data.user.nickname });
  const tell = ({ data }, news) =>
    namespace.except(`user:${data.user.id}`).emit("presence_update", { userId: data.user.id, ...news });

  const does = {
    join_room(socket, room) {
      if (socket.rooms.has(room)) return;
      if (roomsOf(socket).length >= MOST_ROOMS) return refuse(socket, "TOO_MANY_ROOMS");
      if (!isElsewhereIn(socket, room)) socket.to(room).emit("user_joined", member(socket));
      socket.join(room);
    },
    leave_room(socket, room) {
      socket.leave(room);
      if (!isElsewhereIn(socket, room)) socket.to(room).emit("user_left", member(socket));
    },
    send_message(socket, room, { roomId, content, type = "text" }) {
      const [id, { userId: senderId, nickname: senderNickname }] = [randomUUID(), member(socket)];
      const createdAt = new Date().toISOString();
      namespace.to(room).emit("message", { id, roomId, senderId, senderNickname, content, type, createdAt });
      socket.emit("message_sent", { success: true, messageId: id });
    },
    typing: (socket, room, { isTyping }) => socket.to(room).emit("typing", { ...member(socket), isTyping }),
    read_message: (socket, room, { messageId }) =>
      socket.to(room).emit("message_read", { userId: socket.data.user.id, messageId }),
    update_presence: (socket, room, status) => tell(socket, { status }),
  };
  const anywhere = ["join_room", "update_presence"];

  namespace.on("connection", (socket) => {
    if (!socket.data.user) return; // whom nobody knows has been sent away
    socket.join(`user:${socket.data.user.id}`);
    if (!others(socket).length) tell(socket, { status: "online" });

    socket.onAny((name, ...said) => {
      if (typeof said.at(-1) === "function") said.pop(); // hub has no acks
      const [payload] = said;
      if (!Object.hasOwn(does, name) || said.length > 1 || !fits[name](payload)) return refuse(socket, "INVALID_EVENT");
      const room = `room:${payload.roomId}`;
      if (!anywhere.includes(name) && !socket.rooms.has(room)) return refuse(socket, "NOT_IN_ROOM");
      does[name](socket, room, payload);
    });

    socket.on("disconnecting", () => {
      for (const room of roomsOf(socket)) {
        if (!isElsewhereIn(socket, room)) socket.to(room).emit("user_left", member(socket));
      }
    });
    socket.on("disconnect", () => {
      if (!others(socket).length) tell(socket, { status: "offline", lastSeen: new Date().toISOString() });
    });
  });
}
