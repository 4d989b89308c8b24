// webpack 5 and Rsbuild.
import { test } from "node:test";
import { makeApp, page } from "./app.js";

const FILES = {
  "src/index.js": 'import { start } from "./main.js";\n\nstart();\n',
};

test("webpack: what it builds", async (t) => {
  const app = await makeApp(t, { ...FILES, "dist/index.html": page('<script defer src="/main.js"></script>') });
  await app.run("webpack-cli/bin/cli.js", "build", "--mode", "production");
  await app.serveAndLogIn(t, "dist");
});

test("Rsbuild: what it builds", async (t) => {
  const html = 'export default { html: { template: "./index.html" } };\n';
  const app = await makeApp(t, { ...FILES, "index.html": page(""), "rsbuild.config.js": html });
  await app.run("@rsbuild/core/bin/rsbuild.js", "build");
  await app.serveAndLogIn(t, "dist");
});
