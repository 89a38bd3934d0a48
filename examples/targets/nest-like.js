// A server of hub that behaves as NestJS gateways do: node nest-like.js [PORT]
//
// Everybody is admitted, and whoever has no good token is disconnected at once; what goes wrong in an event is told by
// an event `exception` {status, message}. nest-like.toml says how to judge it.

import { createServer } from "node:http";
import { jwtVerify } from "jose";
import { Server } from "socket.io";

import { hub, isUser } from "./hub.js";

const SECRET = new TextEncoder().encode(process.env.JWT_SECRET ?? "nest-like-development-secret");

const http = createServer((request, response) => response.writeHead(404).end());
const io = new Server(http);

async function userOf(token) {
  try {
    const { payload } = await jwtVerify(token, SECRET, { algorithms: ["HS256"] });
    return isUser(payload) ? { id: payload.id, nickname: payload.nickname } : undefined;
  } catch {
    return undefined;
  }
}

io.use(async (socket, next) => {
  socket.data.user = await userOf(socket.handshake.auth.token); // known before anything is heard of the socket
  next();
});

io.on("connection", (socket) => {
  if (!socket.data.user) socket.disconnect();
});

hub(io.of("/"), (socket, code) => socket.emit("exception", { status: "error", message: code }));

http.listen(Number(process.argv[2] ?? 0), "127.0.0.1", () => {
  console.log(`listening on http://127.0.0.1:${http.address().port}`);
});
