// Vite, newest to 5.
import { rename, symlink } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { makeApp, PRELOADED, page } from "./app.js";
import { blocksOf } from "./documents.js";
import { POLICY } from "./serve.js";

const FILES = {
  "index.html": page('<script type="module" src="/src/index.js"></script>'),
  "src/index.js": 'import { start } from "./main.js";\n\nstart();\n',
};

for (const name of ["vite", "vite7", "vite6", "vite5"]) {
  test(`${name}: what it builds`, async (t) => {
    const app = await makeApp(t, FILES);
    await app.run(`${name}/bin/vite.js`, "build");
    await app.serveAndLogIn(t, "dist");
  });
}

/** Starts a development server in this process. */
async function develop(t, app, name) {
  const { createServer } = await import(`./node_modules/${name}/dist/node/index.js`);
  const server = await createServer({
    root: app.folder,
    logLevel: "error",
    server: { headers: { "Content-Security-Policy": POLICY } },
  });
  t.after(() => server.close());
  await server.listen();
  return new URL(server.resolvedUrls.local[0]).origin;
}

test("vite: its development server", async (t) => {
  const app = await makeApp(t, FILES);
  await app.logIn(await develop(t, app, "vite"));
});

test("vite7: its development server, with the line that it needs", async (t) => {
  const [config] = await blocksOf("Vite 7 and older, development server");
  const app = await makeApp(t, { ...FILES, "vite.config.js": config });
  await app.logIn(await develop(t, app, "vite7"));
});

test("vite7: its development server without that line, and what the error says", async (t) => {
  const app = await makeApp(t, FILES);
  const [config] = await blocksOf("Vite 7 and older, development server");
  const [line] = config.match(/optimizeDeps: .*(?=,\n)/);
  await app.failsToLoad(await develop(t, app, "vite7"), line);
});

test("vite: a package that is linked by its folder, and what the error says", async (t) => {
  const app = await makeApp(t, FILES);
  const installed = join(app.folder, "node_modules/esi-security");
  const elsewhere = join(app.folder, "../linked");
  await rename(installed, elsewhere);
  await symlink(elsewhere, installed);
  await app.failsToLoad(await develop(t, app, "vite"), "server.fs.allow");
});

test("vite: the module is asked for by the page's head", async (t) => {
  const [link] = await blocksOf("Ask for the module early");
  const app = await makeApp(t, { ...FILES, "index.html": FILES["index.html"].replace("</head>", `${link}</head>`) });
  await app.run("vite/bin/vite.js", "build");
  await app.serveAndLogIn(t, "dist", PRELOADED);
});
