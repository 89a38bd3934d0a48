// A plain socket.io server of hub, without its notifications: node plain.js [PORT]
//
// Tokens are JSON Web Tokens, in `auth.token`; plain.toml says how to judge it.

import { createServer } from "node:http";
import { jwtVerify } from "jose";
import { Server } from "socket.io";

import { hub, isUser } from "./hub.js";

const SECRET = new TextEncoder().encode(process.env.JWT_SECRET ?? "plain-development-secret");

const http = createServer((request, response) => response.writeHead(404).end());
const io = new Server(http);

io.use(async (socket, next) => {
  const { token } = socket.handshake.auth;
  if (token === undefined) return next(new Error("Authentication required"));
  try {
    const { payload } = await jwtVerify(token, SECRET, { algorithms: ["HS256"] });
    if (isUser(payload)) socket.data.user = { id: payload.id, nickname: payload.nickname };
    next(socket.data.user ? undefined : new Error("Invalid token"));
  } catch {
    next(new Error("Invalid token"));
  }
});

hub(io.of("/"), (socket, code) => socket.emit("error", { code, message: "this cannot be done" }));

http.listen(Number(process.argv[2] ?? 0), "127.0.0.1", () => {
  console.log(`listening on http://127.0.0.1:${http.address().port}`);
});
