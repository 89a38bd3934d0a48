// Puts the parts together: one HTTP server for requests and for Socket.IO.

import { createServer } from "node:http";
import { Server } from "socket.io";

import { Accounts } from "./accounts.js";
import { Doorman } from "./doorman.js";
import { headers } from "./headers.js";
import { Presence } from "./presence.js";
import { requests } from "./requests.js";
import { Rooms } from "./rooms.js";
import { sockets } from "./sockets.js";
import { Worker } from "./worker.js";

export async function createGateway({ secret, origins, redisUrl, storeMs }) {
  const accounts = new Accounts(secret);
  const rooms = new Rooms();
  const presence = await Presence.open(redisUrl);
  const doorman = new Doorman(origins);

  const io = new Server({
    pingInterval: 25_000,
    pingTimeout: 60_000,
    maxHttpBufferSize: 1e6,
    serveClient: false,
    cors: { origin: origins, credentials: true },
    allowRequest: (request, decide) => doorman.decide(request, decide),
  });
  const worker = new Worker(rooms, storeMs, (message) => io.to(message.roomId).emit("newMessage", message));
  sockets(io, { accounts, rooms, presence, worker });

  const http = createServer(requests({ accounts, rooms, presence, origins, io }));
  io.attach(http); // answers what is under /socket.io/, and leaves the rest to requests
  http.prependListener("request", headers);
  return { http, close: () => Promise.all([io.close(), presence.close()]) };
}
