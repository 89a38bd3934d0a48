// A stock server for the judge of the wire: it echoes, acknowledges and passes on; PORT says where, any when absent.

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

http.listen(Number(process.env.PORT ?? 0), "127.0.0.1", () => {
  console.log(`listening on http://127.0.0.1:${http.address().port}`);
});
