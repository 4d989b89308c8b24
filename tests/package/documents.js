// What docs/bundlers.md tells people to write: the tests use exactly that.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ROOT } from "../../scripts/run.js";

/**
 * The files and commands below a heading: each block of code, by the name in its first line's comment if it has one.
 *
 * @param {string} heading
 * @returns {Promise<string[]>}
 */
export async function blocksOf(heading) {
  const text = await readFile(join(ROOT, "docs/bundlers.md"), "utf8");
  const sections = text.split(/^#+ /m);
  const section = sections.find((part) => part.startsWith(`${heading}\n`));
  if (!section) throw new Error(`docs/bundlers.md has no section "${heading}"`);
  return [...section.matchAll(/^```\w+\n([\s\S]*?)^```$/gm)].map(([, code]) => code);
}
