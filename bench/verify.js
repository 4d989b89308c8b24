// `verify` beside jose's `jwtVerify`, both with a key set that was fetched before.
import { startSso } from "../sso/index.js";
import { JOSE } from "./clients.js";
import { median } from "./median.js";
import { settingsFor } from "./stage.js";
import { issueTokens } from "./tokens.js";

/** How many scopes a token of that kind has. */
const TOKENS = { "EVE-sized": 13, "70 scopes": 70 };

/** Runs in a page. @returns {Promise<number[][][]>} milliseconds: the first time and again, ours and jose's */
async function measure(settings, tokens, batches, calls) {
  const { create } = await import("/esi-security/index.js");
  const { createVerifier } = await import("/jose/index.js");
  const { interleave } = await import("/rounds.js");
  const client = await create(settings);
  const check = createVerifier(settings);
  const [known, ...fresh] = tokens;
  const bring = (token) => client.security.updateToken({ access_token: token, expires_in: 1199 });
  bring(known);
  await Promise.all([client.verify(), check(known)]);
  const first = await interleave(fresh.length, [
    { prepare: (round) => bring(fresh[round]), work: () => client.verify() },
    { work: (round) => check(fresh[round]) },
  ]);
  const again = await interleave(batches, [
    { work: () => client.verify(), calls },
    { work: () => check(fresh[0]), calls },
  ]);
  return [first, again];
}

export async function verify(stage) {
  const { effort } = stage;
  const rows = [];
  for (const algorithm of ["RS256", "ES256"]) {
    const sso = await startSso({ algorithm });
    try {
      for (const [kind, scopes] of Object.entries(TOKENS)) {
        const tokens = await issueTokens(sso, scopes, effort.tokens + 1);
        await stage.openBlank();
        const settings = { ...settingsFor(sso), redirectUri: `${stage.server.origin}/` };
        const times = await stage.run(measure, settings, tokens, effort.batches, effort.calls);
        for (const [index, when] of ["first time", "again"].entries()) {
          const [ours, theirs] = times[index].map((each) => median(each) * 1000);
          const what = `${algorithm}, ${kind} (${tokens[0].length} bytes), ${when}`;
          rows.push({ what, unit: "µs", ours, theirs, beside: JOSE });
        }
      }
    } finally {
      await sso.close();
    }
  }
  return rows;
}
