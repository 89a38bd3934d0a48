// A server of hub that thinks twice: node belated.js PORT [slow]
//
// It refuses null as it should, and dies of it a little later, as of a promise that nobody waits for. With `slow` it
// takes six seconds over every handshake. It believes every token.

import { createServer } from "node:http";
import { Server } from "socket.io";

import { hub } from "../../examples/targets/hub.js";

const [port, manner] = process.argv.slice(2);
const allowRequest = (request, allow) => setTimeout(() => allow(null, true), manner === "slow" ? 6000 : 0);

const http = createServer((request, response) => response.writeHead(404).end());
const io = new Server(http, { allowRequest });

io.use((socket, next) => {
  const { token } = socket.handshake.auth;
  if (token === undefined) return next(new Error("Authentication required"));
  const { id, nickname } = JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
  socket.data.user = { id, nickname };
  next();
});

hub(io.of("/"), (socket, code) => socket.emit("error", { code, message: "this cannot be done" }));

io.on("connection", (socket) =>
  socket.onAny((name, payload) => {
    if (payload === null) setTimeout(() => Promise.reject(new TypeError("null is no object")), 5);
  }),
);

http.listen(Number(port), "127.0.0.1", () => console.log(`listening on http://127.0.0.1:${http.address().port}`));
