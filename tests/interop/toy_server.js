// A small stock server for our client to play against; prints the port that it listens on, ends with its input.
// With the word `recovers` it keeps what clients miss.

import { createServer } from "node:http";
import { Server } from "socket.io";

const http = createServer();
const io = new Server(http, process.argv.includes("recovers") ? { connectionStateRecovery: {} } : {});

io.on("connection", (socket) => {
  socket.on("say", (said) => io.emit("said", said));
  socket.on("ask", (asked, answer) => answer({ text: `${asked.text}!` }));
  socket.on("ask:me", async (question) => {
    const answer = await socket.timeout(5000).emitWithAck("asked", question);
    socket.emit("said", { text: `you answered ${answer.text}` });
  });
  socket.on("carry", (...args) => socket.emit("carried", ...args));
  socket.on("mute", () => {});
  socket.on("leave", () => socket.disconnect());
  socket.on("hang:up", () => socket.disconnect(true));
});

io.of("/other").on("connection", (socket) => socket.emit("said", { text: `hello ${socket.handshake.auth.name}` }));

io.of("/closed").use((socket, next) => {
  const refusal = new Error("members only");
  refusal.data = { code: 403 };
  next(socket.handshake.auth.name === "member" ? undefined : refusal);
});

http.listen(0, "127.0.0.1", () => console.log(http.address().port));
process.stdin.on("end", () => process.exit()).resume();
