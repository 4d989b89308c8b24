// Runs other programs, and knows where this project is.
import { spawn, spawnSync } from "node:child_process";
import { realpathSync } from "node:fs";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";

/** This project's folder. */
export const ROOT = fileURLToPath(new URL("..", import.meta.url));

const SIGNALS = ["SIGINT", "SIGTERM"];

/**
 * Runs a program to its end, with its output in ours. It cannot ask anything: there is no input.
 * A signal that would end us ends it first.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, shown?: boolean }} [options]
 * @returns {Promise<string>} what it printed to its standard output
 */
export async function run(program, args, { cwd = ROOT, env = process.env, shown = true } = {}) {
  const child = spawn(program, args, { cwd, env, stdio: ["ignore", "pipe", "inherit"] });
  let interruption;
  const forward = (signal) => {
    interruption = signal;
    child.kill(signal);
  };
  for (const signal of SIGNALS) process.on(signal, forward);
  const printed = [];
  child.stdout.on("data", (chunk) => {
    if (shown) process.stdout.write(chunk);
    printed.push(chunk);
  });
  try {
    await new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) => {
        if (interruption) process.exit(128 + constants.signals[interruption]);
        else if (code === 0) resolve();
        else reject(new Error(`\`${[program, ...args].join(" ")}\` ended with ${signal ?? `code ${code}`}`));
      });
    });
  } finally {
    for (const signal of SIGNALS) process.off(signal, forward);
  }
  return Buffer.concat(printed).toString();
}

/**
 * What a program prints, without showing it; null if there is no such program or it fails.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} [env]
 */
export function output(program, args, env = process.env) {
  const { status, stdout } = spawnSync(program, args, {
    cwd: ROOT,
    env,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  return status === 0 ? stdout : null;
}

/** Ends a script whose work has failed, with the message alone: the stack would say nothing more. */
export function fail(error) {
  console.error(`\n${error.message}`);
  process.exit(1);
}

/** True for the script that Node was started with, as opposed to one that is imported. */
export function isMain(meta) {
  return process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(meta.url);
}
