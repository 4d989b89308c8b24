// Shows that the simulation finds mistakes: each rule in `tests/simulation/rules.js` is taken out of a copy of the sources,
// and the simulation must fail there within 10,000 seeds. `npm run test:rules`.
import { spawnSync } from "node:child_process";
import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { RULES } from "../tests/simulation/rules.js";
import { ROOT } from "./run.js";

/** Where the copy is. What was compiled there stays, so the next run begins sooner. */
const FOLDER = join(ROOT, "target", "rules");

const COPIED = ["Cargo.toml", "Cargo.lock", "src", "bindings", "tests/simulation"];

const SEEDS = 10_000;

/** How long one rule may take, in milliseconds. Without it, a page might never come to rest. */
const TIMEOUT_MS = 1_200_000;

/**
 * The text of a file without a rule.
 *
 * @param {string} text
 * @param {import("../tests/simulation/rules.js").Change} change
 */
export function takeOut(text, { file, from, to }) {
  const words = from.split(" ").map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const parts = text.split(new RegExp(words.join("\\s+")));
  if (parts.length !== 2) throw new Error(`${file} must have this once, and has it ${parts.length - 1} times: ${from}`);
  return parts.join(to);
}

/** Runs the simulation in the copy: the first seed that fails, and how; null if none does. */
function simulate(env) {
  const { status, stdout, stderr } = spawnSync("cargo", ["test", "--locked", "--test", "simulation"], {
    cwd: FOLDER,
    env: {
      ...env,
      CARGO_TARGET_DIR: join(FOLDER, "target"),
      CARGO_PROFILE_DEV_DEBUG: "0",
      ESI_SECURITY_CASES: String(SEEDS),
    },
    encoding: "utf8",
    maxBuffer: Number.POSITIVE_INFINITY,
    timeout: TIMEOUT_MS,
  });
  if (status === 0) return null;
  const failure = stdout.match(/^seed (\d+), after \d+ events: (.*)$/m);
  if (!failure) throw new Error(`The simulation has not run to its end:\n${stderr.slice(-4000)}`);
  return { seed: failure[1], broken: failure[2] };
}

/**
 * Takes one rule after the other out, and prints which seed finds that it is missing.
 *
 * @param {NodeJS.ProcessEnv} env
 */
export async function rules(env) {
  for (const path of COPIED) {
    await rm(join(FOLDER, path), { recursive: true, force: true });
    await cp(join(ROOT, path), join(FOLDER, path), { recursive: true });
  }
  const failure = simulate(env);
  if (failure) throw new Error(`With all rules, seed ${failure.seed} fails: ${failure.broken}`);
  const missed = [];
  for (const { rule, changes } of RULES) {
    const whole = new Map();
    for (const change of changes) {
      const path = join(FOLDER, change.file);
      const text = await readFile(path, "utf8");
      if (!whole.has(path)) whole.set(path, text);
      await writeFile(path, takeOut(text, change));
    }
    const found = simulate(env);
    if (!found) missed.push(rule);
    console.log(`${(found?.seed ?? "none").padStart(5)}  ${rule}${found ? ` (${found.broken})` : ""}`);
    for (const [path, text] of whole) await writeFile(path, text);
  }
  if (missed.length > 0) throw new Error(`In ${SEEDS} seeds the simulation misses:\n${missed.join("\n")}`);
}
