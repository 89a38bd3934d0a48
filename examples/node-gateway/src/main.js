// Starts the gateway with what the environment says.

import { createGateway } from "./gateway.js";

const {
  HOST = "127.0.0.1",
  PORT = "3000",
  JWT_SECRET = "node-gateway-development-secret",
  ORIGINS = "http://localhost:3000,http://127.0.0.1:3000",
  REDIS_URL,
  STORE_MS = "0",
} = process.env;

const gateway = await createGateway({
  secret: JWT_SECRET,
  origins: ORIGINS.split(","),
  redisUrl: REDIS_URL,
  storeMs: Number(STORE_MS),
});

gateway.http.listen(Number(PORT), HOST, () => {
  console.log(`listening on http://${HOST}:${gateway.http.address().port}`);
});

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, async () => {
    await gateway.close();
    process.exit();
  });
}
