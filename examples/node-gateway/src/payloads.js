// What a payload has to look like; whatever is not said here is refused.

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const ULID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;
const ATOM = "[\\w!#$%&'*+/=?^`{|}~-]+";
const LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";
const EMAIL = new RegExp(`^(?=.{1,64}@)${ATOM}(\\.${ATOM})*@${LABEL}(\\.${LABEL})*$`, "i");

/** A text of so many characters; an emoji counts as one, though it takes two of JavaScript's. */
export const isText = (value, least, most) => typeof value === "string" && within([...value].length, least, most);
export const isUuid = (value) => typeof value === "string" && UUID.test(value);
export const isUlid = (value) => typeof value === "string" && ULID.test(value);
export const isEmail = (value) => isText(value, 3, 254) && EMAIL.test(value);
export const isPassword = (value) => isText(value, 6, 100);

const within = (number, least, most) => number >= least && number <= most;
const isMoment = (value) => value === undefined || Number.isInteger(value);

/** A JSON object with these fields, and with no others. */
export function isObject(value, fields = {}) {
  if (typeof value !== "object" || value === null || Array.isArray(value) || Buffer.isBuffer(value)) return false;
  return (
    Object.keys(value).every((name) => Object.hasOwn(fields, name)) &&
    Object.entries(fields).every(([name, fits]) => fits(Object.hasOwn(value, name) ? value[name] : undefined))
  );
}

export const isHeartbeat = (payload) => isObject(payload);
export const isJoinRoom = (payload) => isObject(payload, { roomId: isUuid });
export const isSendMessage = (payload) =>
  isObject(payload, {
    roomId: isUuid,
    clientMsgId: isUuid,
    type: (type) => type === undefined || type === "TEXT" || type === "IMAGE",
    content: (content) => isText(content, 1, 5000),
  });

/** What a token has to say; it may say more. */
export const isClaims = ({ sub, email, iat, exp }) =>
  isText(sub, 1, 64) && isEmail(email) && isMoment(iat) && isMoment(exp);
