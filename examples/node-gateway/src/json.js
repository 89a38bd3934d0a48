// Reads the JSON object that a request carries.

const LONGEST = 16_384;

/** What whoever asked has to mend. */
export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export async function json(request) {
  const chunks = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length > LONGEST) throw new Refused(413, "the body is too long");
    chunks.push(chunk);
  }
  const value = parsed(Buffer.concat(chunks));
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw new Refused(400, "a JSON object is needed");
}

function parsed(body) {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    throw new Refused(400, "this is no JSON");
  }
}
