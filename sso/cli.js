#!/usr/bin/env node
// Starts the local SSO and its ESI from a terminal: `npm run sso`. Ends with Ctrl-C.
import { fail, readArguments } from "./arguments.js";
import { startSso } from "./index.js";

const values = readArguments();
const options = { port: Number(values.port), esiPort: Number(values["esi-port"]), accessTokenTtl: Number(values.ttl) };
if (values.client) {
  options.clients = values.client.map((client) => {
    const [clientId, ...secret] = client.split(":");
    return { clientId, clientSecret: secret.join(":") || undefined };
  });
}

const sso = await startSso(options).catch((error) => {
  if (error.code === "EADDRINUSE")
    fail(`Port ${error.port} is taken. Name another with --port or --esi-port; 0 takes a free one.`);
  fail(error.message);
});

console.log(`Local EVE SSO  ${sso.issuer}
  discovery    ${sso.discoveryUrl}
  ESI          ${sso.esiUrl}
  faults       ${sso.issuer}/_admin/faults
Ctrl-C ends it.`);

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, sso.close);
}
