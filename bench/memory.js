// What stays in memory after much work. Collected before each look.
import { OURS } from "./clients.js";
import { issueTokens } from "./tokens.js";

/** So many tokens take turns, so that no signature is known from the call before. */
const TOKENS = 30;
const SCOPES = 13;

/**
 * Milliseconds between two refreshes. Without it the second finds the lock of the first not yet let go, takes it for
 * another tab's, and waits a second for what that might have to say.
 */
const PAUSE = 20;

/** Runs in a page. */
async function verifyOften(tokens, count) {
  const { security, verify } = globalThis.client;
  for (let done = 0; done < count; done += 1) {
    security.updateToken({ access_token: tokens[done % tokens.length], expires_in: 1199 });
    await verify();
  }
}

/** Runs in a page. */
async function refreshOften(count, pause) {
  for (let done = 0; done < count; done += 1) {
    await globalThis.client.refresh();
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

/** Runs in a new page, before anything else: notes down the memory of the modules that are loaded. */
function watchModules() {
  const { instantiateStreaming } = WebAssembly;
  WebAssembly.instantiateStreaming = async (...given) => {
    const result = await instantiateStreaming.apply(WebAssembly, given);
    // By its kind: its name is a short one.
    const exported = Object.values(result.instance.exports);
    globalThis.wasmMemory = exported.find((each) => each instanceof WebAssembly.Memory);
    return result;
  };
}

async function look(stage) {
  await stage.driver.sendDevToolsCommand("HeapProfiler.collectGarbage");
  const { usedSize } = await stage.driver.sendAndGetDevToolsCommand("Runtime.getHeapUsage");
  const wasm = await stage.run(() => globalThis.wasmMemory.buffer.byteLength);
  return { "JavaScript heap": usedSize / 1024, "WebAssembly memory": wasm / 1024 };
}

export async function memory(stage) {
  const { driver, effort } = stage;
  const source = `(${watchModules})()`;
  const script = await driver.sendAndGetDevToolsCommand("Page.addScriptToEvaluateOnNewDocument", { source });
  await stage.open(OURS);
  await stage.open(OURS, await stage.authorize());
  await stage.run(() => globalThis.client.finish(location.href));
  const tokens = await issueTokens(stage.sso, SCOPES, TOKENS);

  const rows = [];
  const measure = async (what, work) => {
    // The first calls set things up that stay.
    await work(TOKENS);
    const before = await look(stage);
    await work(effort[what]);
    const after = await look(stage);
    for (const [where, ours] of Object.entries(after)) {
      rows.push({
        what: `${where} after ${effort[what]} ${what}`,
        unit: "KiB",
        ours,
        theirs: before[where],
        beside: "before",
      });
    }
  };
  await measure("refreshes", (count) => stage.run(refreshOften, count, PAUSE));
  await measure("verifies", (count) => stage.run(verifyOften, tokens, count));
  await driver.sendDevToolsCommand("Page.removeScriptToEvaluateOnNewDocument", script);
  return rows;
}
