// A stock server for the judge of the wire: it echoes, acknowledges and passes on; prints its port, ends with its input.

import { createServer } from "node:http";
import { Server } from "socket.io";

const http = createServer();
const io = new Server(http);

for (const namespace of [io.of("/"), io.of("/other")]) {
  namespace.on("connection", (socket) => {
    socket.on("echo", (...args) => socket.emit("echoed", ...args));
    socket.on("ack", (...args) => typeof args.at(-1) === "function" && args.pop()(...args));
    socket.on("say", (...args) => socket.broadcast.emit("said", ...args));
  });
}

http.listen(Number(process.argv[2] ?? 0), "127.0.0.1", () => console.log(http.address().port));
process.stdin.on("end", () => process.exit()).resume();
