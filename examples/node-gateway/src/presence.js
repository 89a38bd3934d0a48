// Who is online, in Redis for others to read, or for want of one in this process.

import { randomUUID } from "node:crypto";
import { createClient } from "@redis/client";

const TTL_S = 60;
const key = (userId) => `presence:user:${userId}`;

export class Presence {
  #store;
  #serverId = randomUUID();
  #since = new Map(); // socketId -> when it connected, ISO 8601

  static async open(redisUrl) {
    if (redisUrl === undefined) return new Presence(new Memory());
    const redis = createClient({ url: redisUrl, disableOfflineQueue: true });
    redis.on("error", (error) => console.error(`redis: ${error.message}`));
    await redis.connect();
    return new Presence(redis);
  }

  constructor(store) {
    this.#store = store;
  }

  begin(userId, socketId) {
    this.#since.set(socketId, new Date().toISOString());
    this.renew(userId, socketId);
  }

  renew(userId, socketId) {
    const value = { serverId: this.#serverId, connectedAt: this.#since.get(socketId) };
    this.#do((store) => store.hSet(key(userId), socketId, JSON.stringify(value)));
    this.#do((store) => store.expire(key(userId), TTL_S));
  }

  end(userId, socketId) {
    this.#since.delete(socketId);
    this.#do((store) => store.hDel(key(userId), socketId)); // the last field takes the key with it
  }

  async isReady() {
    return this.#store.ping().then(() => true, () => false);
  }

  async close() {
    await this.#store.close();
  }

  /** Redis keeps the order of commands; nobody waits for it, and nobody suffers when it is away. */
  #do(command) {
    command(this.#store).catch((error) => console.error(`presence: ${error.message}`));
  }
}

/** As much of Redis as presence needs. */
class Memory {
  #hashes = new Map();
  #ends = new Map();

  async hSet(name, field, value) {
    this.#hashes.set(name, { ...this.#hashes.get(name), [field]: value });
  }

  async hDel(name, field) {
    const { [field]: gone, ...left } = this.#hashes.get(name) ?? {};
    if (Object.keys(left).length) this.#hashes.set(name, left);
    else this.#drop(name);
  }

  async expire(name, seconds) {
    clearTimeout(this.#ends.get(name));
    this.#ends.set(name, setTimeout(() => this.#drop(name), seconds * 1000).unref());
  }

  async ping() {}

  async close() {}

  #drop(name) {
    clearTimeout(this.#ends.get(name));
    this.#ends.delete(name);
    this.#hashes.delete(name);
  }
}
