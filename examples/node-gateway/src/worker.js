// Stores what was accepted, then has it told: the part that would be a queue and a database elsewhere.
//
// The sender's ack never waits for it. Messages are stored one after the other, so everybody hears one order.

export class Worker {
  #queue = [];

  constructor(rooms, storeMs, tell) {
    this.rooms = rooms;
    this.storeMs = storeMs;
    this.tell = tell;
  }

  publish(said) {
    this.#queue.push(said);
    setTimeout(() => this.#work(), this.storeMs);
  }

  #work() {
    const said = this.#queue.shift();
    this.tell(this.rooms.find(said.roomId).store(said));
  }
}
