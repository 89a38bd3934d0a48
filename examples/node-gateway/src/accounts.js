// Who there is: accounts with passwords, and the tokens that prove who somebody is.

import { randomBytes, randomUUID, scrypt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { jwtVerify, SignJWT } from "jose";

import { isClaims } from "./payloads.js";

const hash = promisify(scrypt);
const HASH_BYTES = 32;
const TOKEN_LASTS = "1h";

export class Accounts {
  #secret;
  #byEmail = new Map();

  constructor(secret) {
    this.#secret = new TextEncoder().encode(secret);
  }

  /** Make an account; null where the email is taken. */
  async register(email, password) {
    const salt = randomBytes(16);
    const hashed = await hash(password, salt, HASH_BYTES);
    const key = email.toLowerCase();
    if (this.#byEmail.has(key)) return null; // asked after the wait: two may register at once
    const account = { id: randomUUID(), email, salt, hashed };
    this.#byEmail.set(key, account);
    return account;
  }

  /** Return a token; null for a wrong password and for an email that nobody has. */
  async login(email, password) {
    const account = this.#byEmail.get(email.toLowerCase());
    const given = await hash(password, account?.salt ?? "nobody", HASH_BYTES); // takes as long for nobody
    if (!account || !timingSafeEqual(given, account.hashed)) return null;
    const token = new SignJWT({ sub: account.id, email: account.email }).setProtectedHeader({ alg: "HS256" });
    return token.setIssuedAt().setExpirationTime(TOKEN_LASTS).sign(this.#secret);
  }

  /** Return whom a token speaks of; null for one that is not valid. */
  async verify(token) {
    try {
      const { payload: claims } = await jwtVerify(token, this.#secret, { algorithms: ["HS256"] });
      return isClaims(claims) ? { id: claims.sub, email: claims.email } : null;
    } catch {
      return null;
    }
  }
}

/** Return the token of an Authorization header; undefined where there is none. */
export function bearer(headers) {
  return /^Bearer (\S+)$/i.exec(headers.authorization ?? "")?.[1];
}
