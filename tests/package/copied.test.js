// esbuild and Rollup, which copy neither the module nor the worker: docs/bundlers.md says how.
import { test } from "node:test";
import { makeApp, page } from "./app.js";
import { blocksOf } from "./documents.js";

const FILES = {
  "dist/index.html": page('<script type="module" src="/app.js"></script>'),
  "src/app.js": 'import { start } from "./main.js";\n\nstart();\n',
};

for (const name of ["esbuild", "Rollup"]) {
  test(`${name}: what it builds`, async (t) => {
    const app = await makeApp(t, FILES);
    const [commands] = await blocksOf(name);
    await app.runCommands(commands);
    await app.serveAndLogIn(t, "dist");
  });
}
