// ULIDs that rise, however many are made within a millisecond and wherever the clock jumps.

import { randomBytes } from "node:crypto";

const DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

export class Ulids {
  #last = 0n;

  next(now = Date.now()) {
    const fresh = (BigInt(now) << 80n) | BigInt(`0x${randomBytes(10).toString("hex")}`);
    this.#last = fresh > this.#last ? fresh : this.#last + 1n;
    return encode(this.#last);
  }
}

function encode(number) {
  let text = "";
  for (let place = 125n; place >= 0n; place -= 5n) text += DIGITS[Number((number >> place) & 31n)];
  return text;
}
