// What was measured, with what.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { cpus } from "node:os";
import { join } from "node:path";
import { output, ROOT } from "../scripts/run.js";
import { JOSE, OURS, PEERS } from "./clients.js";

/** The version that is bundled: the nearest, as for esbuild. */
async function versionOf(name) {
  const folders = createRequire(import.meta.url).resolve.paths(name);
  for (const folder of folders) {
    const text = await readFile(join(folder, name, "package.json"), "utf8").catch(() => null);
    if (text) return JSON.parse(text).version;
  }
  throw new Error(`${name} is not installed.`);
}

async function ourVersion() {
  const { version } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));
  const commit = output("git", ["rev-parse", "--short", "HEAD"]);
  return commit ? `${version} (${commit.trim()})` : version;
}

/**
 * @param {string[]} peers
 * @returns {Promise<Record<string, string>>} by name
 */
export async function findVersions(peers) {
  const versions = { [OURS]: await ourVersion() };
  for (const name of [JOSE, ...peers.map((peer) => PEERS[peer])]) versions[name] = await versionOf(name);
  versions.esbuild = await versionOf("esbuild");
  versions.Chromium = /[\d.]+/.exec(output(process.env.CHROME_BIN ?? "/usr/bin/chromium", ["--version"]))[0];
  return { ...versions, "Node.js": process.versions.node, on: `${cpus().length} × ${cpus()[0].model.trim()}` };
}
