// The headers that every answer carries, Socket.IO's own too.

const ALWAYS = {
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
};
const UNDER_TLS = { "Strict-Transport-Security": "max-age=31536000" };

export function headers(request, response) {
  const all = request.socket.encrypted ? { ...ALWAYS, ...UNDER_TLS } : ALWAYS;
  for (const [name, value] of Object.entries(all)) response.setHeader(name, value);
}
