// The calls of a login, and the one that every request to ESI begins with.
import { OURS, RIVAL } from "./clients.js";
import { median } from "./median.js";
import { turns } from "./rounds.js";

/** Runs in a page. @returns {Promise<number[][]>} milliseconds, by client */
async function measureTogether(clients, method, rounds, calls) {
  const { interleave } = await import("/rounds.js");
  // Logins that were begun and never ended would pile up, and oidc-client-ts reads each of them at every new one.
  const prepare = () => {
    for (const key of Object.keys(sessionStorage)) {
      if (/\/logins\/|^oidc\.(?!user:)/.test(key)) sessionStorage.removeItem(key);
    }
  };
  const works = [];
  for (const { module, settings } of clients) {
    const { create } = await import(module);
    const client = await create(settings);
    await client[method]();
    works.push({ prepare, work: () => client[method](), calls });
  }
  return interleave(rounds, works);
}

/** Runs in the page that the pilot has come back to. */
async function finish() {
  const begin = performance.now();
  await globalThis.client.finish(location.href);
  return performance.now() - begin;
}

/** Each round is a login of each client. */
async function measureRedirects(stage, clients) {
  const times = clients.map(() => []);
  for (let round = 0; round < stage.effort.redirects; round += 1) {
    for (const [index, client] of turns(clients, round)) {
      await stage.open(client);
      await stage.open(client, await stage.authorize());
      times[index].push(await stage.run(finish));
    }
  }
  return times;
}

export async function calls(stage) {
  const { effort, server, settings } = stage;
  const clients = stage.among(OURS, RIVAL);
  const pages = clients.map((client) => ({
    module: `/${client}/index.js`,
    settings: { ...settings, redirectUri: server.redirectUri(client) },
  }));
  const row = (what, unit, factor, times) => {
    const [ours, theirs] = times.map((each) => median(each) * factor);
    return { what, unit, ours, theirs, beside: clients[1] };
  };
  const redirects = await measureRedirects(stage, clients);
  await stage.openBlank();
  const together = (method, rounds, calls) => stage.run(measureTogether, pages, method, rounds, calls);
  return [
    row("getAuthUri, metadata known", "µs", 1000, await together("login", effort.tokens, 1)),
    row("handleRedirect, from the page's address to stored tokens", "ms", 1, redirects),
    row("getAccessToken, fresh", "µs", 1000, await together("token", effort.batches, effort.calls)),
  ];
}
