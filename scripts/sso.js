// `npm run sso`: the local SSO alone, after the npm packages that it needs.
import { fail } from "./run.js";
import { setupPackages } from "./setup.js";

await setupPackages().catch(fail);
// Imported late, because the packages may not have been there before.
await import("../sso/cli.js");
