// `npm run sso`: the local SSO alone, after the npm packages that it needs.
import { readArguments } from "../sso/arguments.js";
import { fail } from "./run.js";
import { setupPackages } from "./setup.js";

// Ends here after `--help`, or with an option that there is not: nobody has to wait for packages to be told that.
readArguments();
await setupPackages().catch(fail);
// Imported late, because the packages may not have been there before.
await import("../sso/cli.js");
