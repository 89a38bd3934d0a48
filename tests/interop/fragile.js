// A server of hub as careless people write them: right until somebody sends what nobody would send.
//
//   node fragile.js PORT          looks into a payload before it knows that there is one: null, or nothing, ends the process
//   node fragile.js PORT hangs    counts the characters of what has none: a content of 7 holds the event loop for good
//   node fragile.js PORT ponders  is right, and thinks about what one user says before it does it, as with a database
//
// All else is refused as hub wants it. Port 0 takes any; the first line that it prints says which.

import { createHmac } from "node:crypto";
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { Server } from "socket.io";

import { FITS, hub, isUser } from "../../examples/targets/hub.js";

const SECRET = "rehearsal-development-secret-known-to-everybody";
const PONDERS_MS = 200;
const [port = "0", manner = "dies"] = process.argv.slice(2);

/** What `null` and nothing are asked for is a TypeError, and nobody catches it. */
const dies = (fits) => (payload) => (payload.roomId ?? payload.valueOf()) !== "" && fits(payload);

/** A number has no length, and no count ever reaches undefined. */
function hangs(fits) {
  return (payload) => {
    const content = payload?.content ?? "";
    for (let count = 0; count !== content.length; ) count += 1;
    return fits(payload);
  };
}

const ponders = (fits) => fits;
const careless = { dies, hangs, ponders }[manner];
const fits = Object.fromEntries(Object.entries(FITS).map(([name, check]) => [name, careless(check)]));

function verified(token) {
  const [header, claims, signature] = token.split(".");
  const due = createHmac("sha256", SECRET).update(`${header}.${claims}`).digest("base64url");
  const [{ alg }, user] = [header, claims].map((part) => JSON.parse(Buffer.from(part, "base64url")));
  if (signature !== due || alg !== "HS256" || !isUser(user) || user.exp < Date.now() / 1000) throw new Error();
  return { id: user.id, nickname: user.nickname };
}

const http = createServer((request, response) => response.writeHead(404).end());
const io = new Server(http);

io.use((socket, next) => {
  const { token } = socket.handshake.auth;
  if (token === undefined) return next(new Error("Authentication required"));
  try {
    socket.data.user = verified(token);
    next();
  } catch {
    next(new Error("Invalid token"));
  }
});

if (manner === "ponders") {
  io.on("connection", (socket) => {
    if (socket.data.user.nickname !== "ana") return;
    const onAny = socket.onAny.bind(socket);
    let thought = Promise.resolve();
    socket.onAny = (handle) =>
      onAny((...event) => {
        thought = thought.then(() => sleep(PONDERS_MS)).then(() => handle(...event));
      });
  });
}

hub(io.of("/"), (socket, code) => socket.emit("error", { code, message: "this cannot be done" }), fits);

http.listen(Number(port), "127.0.0.1", () => console.log(`listening on http://127.0.0.1:${http.address().port}`));
