// What was asked of the servers, for tests and for the demo's panel: paths without queries, because
// codes and tokens travel in those.

const KEPT = 1000;

/** @typedef {{ time: string, method: string, path: string, grantType?: string, status: number | null }} Entry */

/** @returns {Entry[] & { clear(): void }} oldest first */
export function createRequests() {
  const requests = [];
  return Object.defineProperty(requests, "clear", { value: () => requests.splice(0) });
}

/** A `status` of null: still under way, or the connection was closed without an answer. */
export function recordRequests(requests) {
  return async (ctx, next) => {
    const entry = { time: new Date().toISOString(), method: ctx.method, path: ctx.path, status: null };
    requests.push(entry);
    if (requests.length > KEPT) requests.shift();
    try {
      await next();
      if (ctx.respond !== false) entry.status = ctx.status;
    } catch (error) {
      entry.status = 500;
      throw error;
    } finally {
      if (ctx.state.grantType) entry.grantType = ctx.state.grantType;
    }
  };
}
