// A login without a browser, in Node.
import { createServer } from "node:http";
import { authorizeByForm } from "../helpers/login.js";
import { CHARACTER } from "./app.js";

/** Answers the login page for an app: the environments of Vitest have a `fetch` that obeys CORS. */
export async function startUser(t) {
  const server = createServer(async ({ url }, response) => {
    const authorizeUrl = new URL(url, "http://localhost").searchParams.get("address");
    const address = await authorizeByForm({ authorizeUrl, characterId: CHARACTER.id });
    response.writeHead(200, { "Access-Control-Allow-Origin": "*", "Content-Type": "text/plain" }).end(address);
  });
  await new Promise((resolve) => server.listen(0, "localhost", resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://localhost:${server.address().port}/?address=`;
}

/** In Node the session is in memory, so the object from before the login is the one that is logged in. */
export const login = (user) => `
import { EsiSecurity } from "esi-security";
import { options } from "./options.js";

export async function logIn() {
  const security = await EsiSecurity.create({ ...options, redirectUri: "http://localhost:3000/callback" });
  const user = await fetch("${user}" + encodeURIComponent(await security.getAuthUri()));
  await security.handleRedirect(await user.text());
  const { name } = await security.verify();
  await security.refresh();
  await security.revoke();
  security.free();
  return name;
}
`;
