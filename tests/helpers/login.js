// A pilot without a browser: walks through the local SSO's login page by plain HTTP, cookies included.

/** The cookies of one browser, as far as RFC 6265 matters here: name, value, path, expiry. */
export class CookieJar {
  #cookies = [];

  store(url, response) {
    for (const line of response.headers.getSetCookie()) {
      const [pair, ...attributes] = line.split(";").map((part) => part.trim());
      const [name, value] = [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)];
      const read = (wanted) => attributes.find((part) => part.toLowerCase().startsWith(`${wanted}=`))?.split("=")[1];
      const cookie = { name, value, path: read("path") ?? "/", host: new URL(url).hostname };
      this.#cookies = this.#cookies.filter((other) => other.name !== name || other.path !== cookie.path);
      const expires = read("expires");
      if (!expires || new Date(expires) > new Date()) this.#cookies.push(cookie);
    }
  }

  header(url) {
    const { hostname, pathname } = new URL(url);
    return this.#cookies
      .filter(
        ({ host, path }) => host === hostname && (pathname === path || pathname.startsWith(path.replace(/\/?$/, "/"))),
      )
      .map(({ name, value }) => `${name}=${value}`)
      .join("; ");
  }
}

async function visit(url, jar, init = {}) {
  const headers = { ...init.headers, cookie: jar.header(url) };
  const response = await fetch(url, { ...init, headers, redirect: "manual" });
  jar.store(url, response);
  return response;
}

/** Follows redirects while they stay on the SSO; gives the page, or the address that leads away. */
async function follow(url, jar, init) {
  const { origin } = new URL(url);
  let response = await visit(url, jar, init);
  let here = url;
  while (response.headers.has("location")) {
    const next = new URL(response.headers.get("location"), here);
    if (next.origin !== origin) return { away: next.href };
    here = next.href;
    response = await visit(here, jar);
  }
  return { here, response };
}

/**
 * Opens the login page that an authorization request leads to.
 *
 * @returns {Promise<{ away?: string, here?: string, response?: Response }>} the page, or where the SSO sent us instead
 */
export function openLogin(authorizeUrl, jar = new CookieJar()) {
  return follow(authorizeUrl, jar);
}

/**
 * Answers the login page.
 *
 * @param {{ here: string }} page from {@link openLogin}, with the same `jar`
 * @param {{ characterId?: number, cancel?: boolean }} answer
 */
export function answerLogin(page, jar, { characterId, cancel = false }) {
  const body = new URLSearchParams({ action: cancel ? "cancel" : "authorize" });
  if (characterId !== undefined) body.set("character", String(characterId));
  return follow(page.here, jar, { method: "POST", body });
}

/**
 * The whole login: the address that the SSO sends the browser back to.
 *
 * @param {{ authorizeUrl: string, characterId?: number, cancel?: boolean, jar?: CookieJar }} login
 * @returns {Promise<string>}
 */
export async function authorizeByForm({ authorizeUrl, characterId, cancel, jar = new CookieJar() }) {
  const page = await openLogin(authorizeUrl, jar);
  if (page.away) return page.away;
  if (!page.response.ok) throw new Error(`the SSO refused the login: ${page.response.status}`);
  const { away, response } = await answerLogin(page, jar, { characterId, cancel });
  if (!away) throw new Error(`the SSO did not send the browser back: ${response.status}`);
  return away;
}
