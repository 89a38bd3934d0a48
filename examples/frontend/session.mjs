// A guest who enters the plaza, takes a step, and talks until spoken to; `npm install socket.io-client` before.
//
//     rehearsal serve space
//     node session.mjs [URL [NICKNAME]]

import { io } from "socket.io-client";

const [url = "http://127.0.0.1:3001", nickname = "Mina"] = process.argv.slice(2);

const response = await fetch(`${url}/api/guest`, {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify({ spaceId: "plaza", nickname }),
});
const guest = await response.json();

const socket = io(url);

socket.on("connect", () =>
  socket.emit("join:space", {
    spaceId: "plaza",
    playerId: "me",
    nickname,
    avatarColor: "blue",
    sessionToken: guest.sessionToken,
  }),
);

socket.on("room:joined", ({ players, yourPlayerId }) => {
  console.log(`${players.length} here, I am ${yourPlayerId}`);
  socket.emit("player:move", { x: 12.5, y: 3, direction: "left", isMoving: true });
  socket.emit("chat:message", { content: "안녕하세요" });
});

socket.on("chat:message", ({ senderId, senderNickname, content }) => {
  console.log(`${senderNickname}: ${content}`);
  if (senderId !== guest.participantId) socket.disconnect();
});

socket.on("player:joined", ({ nickname }) => console.log(`${nickname} has come`));
socket.on("player:left", ({ id }) => console.log(`${id} has left`));
socket.on("error", ({ message }) => console.log(`refused: ${message}`));
socket.on("connect_error", ({ message }) => console.log(`not connected: ${message}`));
