// What sockets say, and what they are answered.

import { bearer } from "./accounts.js";
import { isHeartbeat, isJoinRoom, isSendMessage, isText } from "./payloads.js";

const INVALID = "the payload is not what the contract says";
const NO_MEMBER = "you are not a member of this room";

export function sockets(io, { accounts, rooms, presence, worker }) {
  io.use(async (socket, next) => {
    const token = socket.handshake.auth?.token ?? bearer(socket.handshake.headers);
    if (token === undefined) return next(new Error("Authentication required"));
    socket.data.user = await accounts.verify(token);
    next(socket.data.user ? undefined : new Error("Invalid token"));
  });

  io.on("connection", (socket) => {
    const { user } = socket.data;

    // An event is one payload; its ack is called where the client asked for one.
    const on = (name, answer) =>
      socket.on(name, (...said) => {
        const ack = typeof said.at(-1) === "function" ? said.pop() : () => {};
        ack(answer(said[0], said.length === 1));
      });

    on("joinRoom", (payload, isAlone) => {
      if (!isAlone || !isJoinRoom(payload)) return { success: false, error: INVALID };
      if (!rooms.find(payload.roomId)?.has(user.id)) return { success: false, error: NO_MEMBER };
      socket.join(payload.roomId);
      return { success: true };
    });

    on("sendMessage", (payload, isAlone) => {
      const failed = (error) => ({ clientMsgId: readable(payload?.clientMsgId), status: "FAILED", error });
      if (!isAlone || !isSendMessage(payload)) return failed(INVALID);
      const { roomId, clientMsgId, type = "TEXT", content } = payload;
      const room = rooms.find(roomId);
      if (!room?.has(user.id)) return failed(NO_MEMBER);
      if (room.accept(user.id, clientMsgId)) {
        worker.publish({ roomId, senderId: user.id, clientMsgId, type, content });
      }
      return { clientMsgId, status: "ACCEPTED" };
    });

    on("heartbeat", (payload, isAlone) => {
      if (!isAlone || !isHeartbeat(payload)) return { success: false, error: INVALID };
      presence.renew(user.id, socket.id);
      return { success: true };
    });

    socket.on("disconnect", () => presence.end(user.id, socket.id));
    presence.begin(user.id, socket.id);
  });
}

const readable = (clientMsgId) => (isText(clientMsgId, 0, 64) ? clientMsgId : "");
