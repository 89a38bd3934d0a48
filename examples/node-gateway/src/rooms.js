// Rooms, their members, and what was said in them.

import { randomUUID } from "node:crypto";

import { Ulids } from "./ulid.js";

export class Rooms {
  #byId = new Map();

  make(name, makerId) {
    const room = new Room(name);
    room.join(makerId);
    this.#byId.set(room.id, room);
    return room;
  }

  find(id) {
    return this.#byId.get(id);
  }

  /** Return the rooms that somebody is a member of. */
  of(userId) {
    return [...this.#byId.values()].filter((room) => room.has(userId));
  }
}

class Room {
  id = randomUUID();
  #lastRead = new Map(); // userId -> messageId or null; its keys are the members
  #accepted = new Set(); // "clientMsgId userId" of every message that was ever accepted
  #messages = []; // rising by messageId
  #ulids = new Ulids();

  constructor(name) {
    this.name = name;
  }

  // ---- members

  join(userId) {
    if (!this.has(userId)) this.#lastRead.set(userId, null);
  }

  has(userId) {
    return this.#lastRead.has(userId);
  }

  get members() {
    return [...this.#lastRead.keys()];
  }

  // ---- messages

  /** Say whether this is the first time that somebody says it; from then on it is not. */
  accept(senderId, clientMsgId) {
    const key = `${clientMsgId} ${senderId}`;
    const isNew = !this.#accepted.has(key);
    this.#accepted.add(key);
    return isNew;
  }

  /** Store what was accepted, under an id above all before it. */
  store({ senderId, clientMsgId, type, content }) {
    const now = new Date();
    const messageId = this.#ulids.next(now.getTime());
    const createdAt = now.toISOString();
    const message = { messageId, roomId: this.id, senderId, clientMsgId, type, content, createdAt };
    this.#messages.push(message);
    return message;
  }

  /** Return the messages next behind `after`, or else next in front of `before`, or else the last ones. */
  page({ before, after, limit }) {
    if (after !== undefined) return this.#messages.filter(({ messageId }) => messageId > after).slice(0, limit);
    const earlier = this.#messages.filter(({ messageId }) => before === undefined || messageId < before);
    return earlier.slice(-limit);
  }

  // ---- how far they have read

  /** Record how far somebody has read, which never goes back. */
  read(userId, messageId) {
    if (messageId > (this.#lastRead.get(userId) ?? "")) this.#lastRead.set(userId, messageId);
  }

  lastRead(userId) {
    return this.#lastRead.get(userId);
  }
}
