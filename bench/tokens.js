// Tokens from a local SSO, each another one, with as many scopes as are wanted: more than fit into the address of an
// authorization request, as they do at EVE's.
import { SCOPES } from "../sso/scopes.js";
import { logIn, refresh } from "../tests/helpers/oauth.js";

/** @returns {Promise<string[]>} */
export async function issueTokens(sso, scopes, count) {
  sso.faults.set({ token: { kind: "claims", value: { scp: SCOPES.slice(0, scopes) } } });
  try {
    let answer = await logIn(sso);
    const tokens = [answer.access_token];
    while (tokens.length < count) {
      answer = await (await refresh(sso, answer.refresh_token)).json();
      tokens.push(answer.access_token);
    }
    return tokens;
  } finally {
    sso.faults.clear();
  }
}
