// A server of hub that knows a dozen people and lets nobody else in: node accounts.js [PORT]
//
// Their tokens are fixed; accounts.toml has them.

import { createServer } from "node:http";
import { Server } from "socket.io";

import { hub } from "./hub.js";

const NAMES = ["ara", "bom", "dain", "eun", "gaon", "hana", "haru", "iseul", "jiho", "jun", "mina", "sora"];
const users = new Map(NAMES.map((nickname) => [`token-of-${nickname}`, { id: `user-${nickname}`, nickname }]));

const http = createServer((request, response) => response.writeHead(404).end());
const io = new Server(http);

io.use((socket, next) => {
  const { token } = socket.handshake.auth;
  if (token === undefined) return next(new Error("Authentication required"));
  socket.data.user = users.get(token);
  next(socket.data.user ? undefined : new Error("Invalid token"));
});

hub(io.of("/"), (socket, code) => socket.emit("error", { code, message: "this cannot be done" }));

http.listen(Number(process.argv[2] ?? 0), "127.0.0.1", () => {
  console.log(`listening on http://127.0.0.1:${http.address().port}`);
});
