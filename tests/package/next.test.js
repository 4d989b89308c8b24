// Next, by Turbopack and by webpack: pages that are exported as files, and a server that uses the package itself.
import assert from "node:assert/strict";
import { test } from "node:test";
import { BODY, CHARACTER, makeApp } from "./app.js";
import { blocksOf } from "./documents.js";
import { login, startUser } from "./login.js";

const page = (main) => `
"use client";
import { useEffect } from "react";
import { start } from "${main}";

export default function Page() {
  useEffect(() => void start(), []);
  return <>${BODY}</>;
}
`;

const LAYOUT = `
export const metadata = { icons: "data:," };

export default function Layout({ children }) {
  return <html lang="en"><body>{children}</body></html>;
}
`;

const ROUTE = `
import { logIn } from "../../src/login.js";

export const dynamic = "force-dynamic";

export const GET = async () => new Response(await logIn().catch((error) => error.message));
`;

for (const [bundler, heading] of [["turbopack"], ["webpack", "Next with webpack, on its server"]]) {
  test(`Next with ${bundler}: what it exports`, async (t) => {
    const app = await makeApp(t, {
      "app/layout.jsx": LAYOUT,
      "app/page.jsx": page("../src/main.js"),
      "app/callback/page.jsx": page("../../src/main.js"),
      "next.config.js": 'export default { output: "export" };\n',
    });
    await app.run("next/dist/bin/next", "build", `--${bundler}`);
    await app.serveAndLogIn(t, "out");
  });

  test(`Next with ${bundler}: its server`, async (t) => {
    const [config] = heading ? await blocksOf(heading) : [];
    const app = await makeApp(t, {
      "app/layout.jsx": LAYOUT,
      "app/page.jsx": page("../src/main.js"),
      "app/name/route.js": ROUTE,
      "src/login.js": login(await startUser(t)),
      ...(config && { "next.config.js": config }),
    });
    await app.run("next/dist/bin/next", "build", `--${bundler}`);
    const origin = await app.start(t, "next/dist/bin/next", "start", "--port", "0");
    assert.equal(await (await fetch(`${origin}/name`)).text(), CHARACTER.name);
  });
}
