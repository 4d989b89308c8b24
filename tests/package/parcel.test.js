// Parcel.
import { test } from "node:test";
import { makeApp, page } from "./app.js";

test("Parcel: what it builds", async (t) => {
  const app = await makeApp(t, {
    "index.html": page('<script type="module" src="./src/index.js"></script>'),
    "src/index.js": 'import { start } from "./main.js";\n\nstart();\n',
  });
  await app.run("parcel/lib/bin.js", "build", "index.html", "--cache-dir", "parcel-cache");
  await app.serveAndLogIn(t, "dist");
});
