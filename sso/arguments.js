// What `npm run sso` is asked for on the command line. Needs no packages, so that `--help` installs none.
import { parseArgs } from "node:util";

const HELP = `Usage: npm run sso -- [options]
  --port <n>        of the SSO; 0 takes a free one (default 8765)
  --esi-port <n>    of the ESI (default 8766)
  --ttl <seconds>   lifetime of access tokens (default 1200)
  --client <id>     a public client, or <id>:<secret> a confidential one; may be repeated
  --help
`;

/** Ends the process. @returns {never} */
export function fail(message) {
  console.error(message);
  process.exit(1);
}

/** Prints the usage and ends the process where that is asked for, or an option is unknown. */
export function readArguments() {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: "string", default: "8765" },
        "esi-port": { type: "string", default: "8766" },
        ttl: { type: "string", default: "1200" },
        client: { type: "string", multiple: true },
        help: { type: "boolean" },
      },
    });
    if (!values.help) return values;
    console.log(HELP);
    return process.exit(0);
  } catch (error) {
    return fail(`${error.message}\n\n${HELP}`);
  }
}
