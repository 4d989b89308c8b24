// Where the provider keeps codes, tokens, grants and logins under way: this process's memory, one
// store per server, so that servers started side by side know nothing of each other.

const BY_GRANT = new Set(["AccessToken", "AuthorizationCode", "RefreshToken"]);

/** @returns an adapter factory, as oidc-provider wants it: one adapter per kind of thing. */
export function memoryStore() {
  /** @type {Map<string, { payload: object, expires: number }>} */
  const rows = new Map();

  function sweep() {
    const now = Date.now();
    for (const [key, { expires }] of rows) if (expires <= now) rows.delete(key);
  }

  return (kind) => ({
    async upsert(id, payload, ttl) {
      sweep();
      rows.set(`${kind}:${id}`, { payload, expires: Date.now() + (ttl ?? Infinity) * 1000 });
    },
    async find(id) {
      return rows.get(`${kind}:${id}`)?.payload;
    },
    async findByUid(uid) {
      for (const [key, { payload }] of rows) if (key.startsWith(`${kind}:`) && payload.uid === uid) return payload;
    },
    async consume(id) {
      rows.get(`${kind}:${id}`).payload.consumed = Math.floor(Date.now() / 1000);
    },
    async destroy(id) {
      rows.delete(`${kind}:${id}`);
    },
    async revokeByGrantId(grantId) {
      for (const [key, { payload }] of rows) {
        if (BY_GRANT.has(payload.kind) && payload.grantId === grantId) rows.delete(key);
      }
    },
  });
}
