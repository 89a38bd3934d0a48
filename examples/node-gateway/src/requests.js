// HTTP beside the socket: accounts, rooms, history, and how the server is.

import { bearer } from "./accounts.js";
import { json, Refused } from "./json.js";
import { isEmail, isPassword, isText, isUlid } from "./payloads.js";

const DEFAULT_PAGE = 50;
const LONGEST_PAGE = 100;

export function requests({ accounts, rooms, presence, origins, io }) {
  const credentials = async (request) => {
    const { email, password } = await json(request);
    if (isEmail(email) && isPassword(password)) return [email, password];
    throw new Refused(400, "an email and a password of 6 to 100 characters");
  };

  const open = {
    "GET /health": () => [
      200,
      {
        status: "ok",
        uptime: process.uptime(),
        timestamp: new Date().toISOString(),
        environment: process.env.NODE_ENV ?? "production",
        connections: io.engine.clientsCount,
      },
    ],
    "GET /ready": async () => {
      const failing = (await presence.isReady()) ? [] : ["redis"];
      return [failing.length ? 503 : 200, { ready: !failing.length, failing }];
    },
    "POST /auth/register": async ({ request }) => {
      const account = await accounts.register(...(await credentials(request)));
      if (!account) throw new Refused(409, "this email is taken");
      return [201, { id: account.id, email: account.email }];
    },
    "POST /auth/login": async ({ request }) => {
      const accessToken = await accounts.login(...(await credentials(request)));
      if (!accessToken) throw new Refused(401, "no such account");
      return [200, { accessToken }];
    },
  };

  const forUsers = {
    "GET /rooms": ({ user }) => [
      200,
      rooms.of(user.id).map((room) => ({ id: room.id, name: room.name, lastReadMessageId: room.lastRead(user.id) })),
    ],
    "POST /rooms": async ({ request, user }) => {
      const { name } = await json(request);
      if (!isText(name, 1, 100)) throw new Refused(400, "a name of 1 to 100 characters");
      const room = rooms.make(name, user.id);
      return [201, { id: room.id, name: room.name }];
    },
    "POST /rooms/:id/join": ({ room, user }) => {
      room.join(user.id);
      return [200, { id: room.id, name: room.name }];
    },
  };

  const forMembers = {
    "GET /rooms/:id/members": ({ room }) => [200, room.members.map((id) => ({ id }))],
    "GET /rooms/:id/messages": ({ room, query }) => [200, room.page(cursors(query))],
    "POST /rooms/:id/read": async ({ request, room, user }) => {
      const { lastReadMessageId } = await json(request);
      if (!isUlid(lastReadMessageId)) throw new Refused(400, "a lastReadMessageId");
      room.read(user.id, lastReadMessageId);
      return [200, { lastReadMessageId: room.lastRead(user.id) }];
    },
  };

  /** Find out who asks for what, and answer it as [status, body]; raises Refused. */
  async function answer(request) {
    const { pathname, searchParams } = new URL(request.url, "http://localhost");
    const roomId = /^\/rooms\/([^/]+)\/[^/]+$/.exec(pathname)?.[1];
    const route = `${request.method} ${roomId === undefined ? pathname : pathname.replace(roomId, ":id")}`;
    if (Object.hasOwn(open, route)) return open[route]({ request });
    const handle = forUsers[route] ?? forMembers[route];
    if (!handle) throw new Refused(404, "no such page");
    const user = await accounts.verify(bearer(request.headers));
    if (!user) throw new Refused(401, "a valid token is needed");
    const room = rooms.find(roomId);
    if (roomId !== undefined && !room) throw new Refused(404, "no such room");
    const isOpen = Object.hasOwn(forUsers, route) || room.has(user.id);
    if (!isOpen) throw new Refused(403, "you are not a member of this room");
    return handle({ request, user, room, query: searchParams });
  }

  return async (request, response) => {
    if (origins.includes(request.headers.origin)) allow(request.headers.origin, response);
    if (request.method === "OPTIONS") return response.writeHead(204).end();
    const [status, body] = await answer(request).catch((error) => {
      if (error instanceof Refused) return [error.status, { error: error.message }];
      console.error(error);
      return [500, { error: "something went wrong here" }];
    });
    response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
  };
}

function allow(origin, response) {
  response.setHeader("Access-Control-Allow-Origin", origin);
  response.setHeader("Access-Control-Allow-Credentials", "true");
  response.setHeader("Access-Control-Allow-Headers", "Authorization, Content-Type");
  response.setHeader("Access-Control-Allow-Methods", "GET, POST");
  response.setHeader("Vary", "Origin");
}

function cursors(query) {
  const [before, after] = ["before", "after"].map((name) => query.get(name) ?? undefined);
  const limit = Number(query.get("limit") ?? DEFAULT_PAGE);
  if (!Number.isInteger(limit) || limit < 1 || limit > LONGEST_PAGE) throw new Refused(400, "a limit of 1 to 100");
  if (![before, after].every((cursor) => cursor === undefined || isUlid(cursor))) throw new Refused(400, "a messageId");
  return { before, after, limit };
}
