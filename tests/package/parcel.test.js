// Parcel.
import { test } from "node:test";
import { makeApp, PRELOADED, page } from "./app.js";
import { blocksOf } from "./documents.js";

const FILES = {
  "index.html": page('<script type="module" src="./src/index.js"></script>'),
  "src/index.js": 'import { start } from "./main.js";\n\nstart();\n',
};

test("Parcel: what it builds", async (t) => {
  const app = await makeApp(t, FILES);
  await app.run("parcel/lib/bin.js", "build", "index.html", "--cache-dir", "parcel-cache");
  await app.serveAndLogIn(t, "dist");
});

test("Parcel: the module is asked for by the page's head", async (t) => {
  const [link] = await blocksOf("Ask for the module early");
  const app = await makeApp(t, { ...FILES, "index.html": FILES["index.html"].replace("</head>", `${link}</head>`) });
  await app.run("parcel/lib/bin.js", "build", "index.html", "--cache-dir", "parcel-cache");
  await app.serveAndLogIn(t, "dist", PRELOADED);
});
