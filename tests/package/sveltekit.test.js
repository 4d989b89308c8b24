// SvelteKit, with pages that the server renders first, and a `window.fetch` of its own.
import { test } from "node:test";
import { BODY, makeApp } from "./app.js";

const page = (main) => `
<script>
  import { onMount } from "svelte";
  import { start } from "${main}";

  onMount(() => void start());
</script>

${BODY}
`;

const CONFIG = `
import adapter from "@sveltejs/adapter-static";

export default { kit: { adapter: adapter({ fallback: "index.html" }) } };
`;

test("SvelteKit: what it builds", async (t) => {
  const app = await makeApp(t, {
    "src/app.html":
      '<!doctype html><html lang="en"><head><link rel="icon" href="data:,">%sveltekit.head%</head><body>%sveltekit.body%</body></html>',
    "src/routes/+page.svelte": page("../main.js"),
    "src/routes/callback/+page.svelte": page("../../main.js"),
    "svelte.config.js": CONFIG,
    "vite.config.js": 'import { sveltekit } from "@sveltejs/kit/vite";\n\nexport default { plugins: [sveltekit()] };\n',
  });
  await app.run("vite/bin/vite.js", "build");
  await app.serveAndLogIn(t, "build");
});
