#!/usr/bin/env node
// Starts the local SSO and its ESI from a terminal: `npm run sso`. Ends with Ctrl-C.
import { parseArgs } from "node:util";
import { startSso } from "./index.js";

const HELP = `Usage: npm run sso -- [options]
  --port <n>        of the SSO; 0 takes a free one (default 8765)
  --esi-port <n>    of the ESI (default 8766)
  --ttl <seconds>   lifetime of access tokens (default 1200)
  --client <id>     a public client, or <id>:<secret> a confidential one; may be repeated
  --help
`;

function fail(message) {
  console.error(message);
  process.exit(1);
}

function readArguments() {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: "string", default: "8765" },
        "esi-port": { type: "string", default: "8766" },
        ttl: { type: "string", default: "1200" },
        client: { type: "string", multiple: true },
        help: { type: "boolean" },
      },
    });
    return values;
  } catch (error) {
    return fail(`${error.message}\n\n${HELP}`);
  }
}

const values = readArguments();
if (values.help) {
  console.log(HELP);
  process.exit(0);
}

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
