// The provider's store: what is found, what runs out, and what goes with its grant.
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { memoryStore } from "../../sso/store.js";

const token = (jti, grantId) => ({ jti, kind: "RefreshToken", grantId, uid: `uid of ${jti}` });

test("kinds do not mix, and stores neither", async () => {
  const [one, other] = [memoryStore(), memoryStore()];
  await one("RefreshToken").upsert("a", token("a", "g"), 10);
  assert.deepEqual(await one("RefreshToken").find("a"), token("a", "g"));
  assert.deepEqual(await one("RefreshToken").findByUid("uid of a"), token("a", "g"));
  for (const adapter of [one("AccessToken"), other("RefreshToken")]) {
    assert.equal(await adapter.find("a"), undefined);
    assert.equal(await adapter.findByUid("uid of a"), undefined);
  }
  await one("RefreshToken").destroy("a");
  assert.equal(await one("RefreshToken").find("a"), undefined);
});

test("a grant's tokens go with it, and only those", async () => {
  const adapter = memoryStore()("RefreshToken");
  await adapter.upsert("a", token("a", "mine"), 10);
  await adapter.upsert("b", token("b", "mine"), 10);
  await adapter.upsert("c", token("c", "another"), 10);
  await adapter.revokeByGrantId("mine");
  assert.equal(await adapter.find("a"), undefined);
  assert.equal(await adapter.find("b"), undefined);
  assert.ok(await adapter.find("c"));
});

test("what ran out leaves the store when something comes in, so it cannot grow for ever", async () => {
  mock.timers.enable({ apis: ["Date"], now: 1_000_000 });
  try {
    const adapter = memoryStore()("RefreshToken");
    await adapter.upsert("short", token("short", "g"), 10);
    await adapter.upsert("long", token("long", "g"), 20);
    mock.timers.tick(10_000);
    await adapter.upsert("new", token("new", "g"), 10);
    assert.equal(await adapter.find("short"), undefined);
    assert.ok(await adapter.find("long"));
  } finally {
    mock.timers.reset();
  }
});
