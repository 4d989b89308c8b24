// No bundler: an import map leads to the files of the package.
import { test } from "node:test";
import { makeApp, page } from "./app.js";
import { blocksOf } from "./documents.js";

test("an import map", async (t) => {
  const [map] = await blocksOf("No bundler");
  const start = '<script type="module" src="/src/index.js"></script>';
  const app = await makeApp(t, {
    "index.html": page(map + start),
    "src/index.js": 'import { start } from "./main.js";\n\nstart();\n',
  });
  await app.serveAndLogIn(t, ".");
});
