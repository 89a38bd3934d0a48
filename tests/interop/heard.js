// What one stock client hears, to be expected in order; anything unexpected stays for `nothingElse` to find.

import assert from "node:assert/strict";

const WITHIN_MS = 5000;

export class Ear {
  #unheard = [];
  #listeners = [];

  constructor(socket, name) {
    this.name = name;
    this.socket = socket;
    socket.onAny((event, ...args) => this.#hear(event, args));
    for (const state of ["disconnect", "connect_error"]) {
      socket.on(state, (reason) => this.#hear(state, [reason]));
    }
  }

  emit(...message) {
    console.log(`> ${this.name}: ${JSON.stringify(message)}`);
    this.socket.emit(...message);
  }

  /** Return the first argument of the next event with this name whose fields are these, and forget the event. */
  async expect(event, fields = {}) {
    const meant = (heard) => heard.event === event && matches(heard.args[0], fields);
    const index = this.#unheard.findIndex(meant);
    if (index >= 0) return this.#unheard.splice(index, 1)[0].args[0];
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const instead = this.#unheard.map((heard) => `${heard.event} ${JSON.stringify(heard.args)}`).join(", ");
        reject(new Error(`${this.name} did not hear ${event} ${JSON.stringify(fields)}, but ${instead || "nothing"}`));
      }, WITHIN_MS);
      this.#listeners.push({ meant, resolve: (heard) => (clearTimeout(timer), resolve(heard.args[0])) });
    });
  }

  /** Say that nothing of these names was heard that nobody expected, and that nothing more is under way. */
  async nothingElse(...events) {
    if (this.socket.connected) {
      // Every server refuses a namespace that does not exist, in order with all else on this connection.
      const fence = this.socket.io.socket("/no-such-namespace");
      await new Promise((resolve) => fence.connect().once("connect_error", resolve));
    }
    const surplus = this.#unheard.filter((heard) => events.includes(heard.event));
    assert.deepEqual(surplus, [], `${this.name} heard what was not for it`);
  }

  #hear(event, args) {
    console.log(`< ${this.name}: ${event} ${JSON.stringify(args)}`);
    const heard = { event, args };
    const index = this.#listeners.findIndex((listener) => listener.meant(heard));
    if (index >= 0) this.#listeners.splice(index, 1)[0].resolve(heard);
    else this.#unheard.push(heard);
  }
}

function matches(payload, fields) {
  return Object.entries(fields).every(([key, value]) => {
    try {
      assert.deepEqual(payload?.[key], value);
      return true;
    } catch {
      return false;
    }
  });
}
