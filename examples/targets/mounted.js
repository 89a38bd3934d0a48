// A server of hub behind a path of its own, in a namespace of its own: node mounted.js [PORT]
//
// Whoever posts a nickname to /api/login gets a session in a cookie, which the handshake brings along as browsers do.
// mounted.toml says how to judge it.

import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { Server } from "socket.io";

import { hub } from "./hub.js";

const sessions = new Map(); // cookie -> {id, nickname}

async function login(request) {
  const body = JSON.parse(Buffer.concat(await request.toArray()));
  const [sid, user] = [randomUUID(), { id: randomUUID(), nickname: String(body.nickname) }];
  sessions.set(sid, user);
  return [sid, user];
}

const http = createServer(async (request, response) => {
  if (`${request.method} ${request.url}` !== "POST /api/login") return response.writeHead(404).end();
  try {
    const [sid, user] = await login(request);
    response.setHeader("Set-Cookie", `sid=${sid}; Path=/; HttpOnly; SameSite=Lax`);
    response.writeHead(201, { "Content-Type": "application/json" }).end(JSON.stringify({ user }));
  } catch {
    response.writeHead(400).end();
  }
});
const chat = new Server(http, { path: "/api/realtime/" }).of("/chat");

chat.use((socket, next) => {
  const sid = /(?:^|;\s*)sid=([^;]*)/.exec(socket.handshake.headers.cookie ?? "")?.[1];
  if (sid === undefined) return next(new Error("Authentication required"));
  socket.data.user = sessions.get(sid);
  next(socket.data.user ? undefined : new Error("Invalid token"));
});

hub(chat, (socket, code) => socket.emit("error", { code, message: "this cannot be done" }));

http.listen(Number(process.argv[2] ?? 0), "127.0.0.1", () => {
  console.log(`listening on http://127.0.0.1:${http.address().port}`);
});
