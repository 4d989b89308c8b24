import { test } from "node:test";
import { openPage } from "../helpers/page.js";

const connect = async ({ security }) => {
  while (security.tokenWorker !== "connected") await new Promise((resolve) => setTimeout(resolve, 10));
};
for (const how of ["reload", "left", "reload2"])
  test(how, async (t) => {
    for (let round = 0; round < 4; round += 1) {
      const page = await openPage(t);
      await page.logIn();
      await page.run(connect);
      page.sso.faults.set({ token: { kind: "slow", delayMs: 2500, times: 1 } });
      const start = Date.now();
      await page.run(({ security }) => {
        security.refresh();
      });
      await page.waitForTraffic(({ tokenRequests }) => tokenRequests.length > 1);
      if (how === "left") await page.open("/another");
      else await page.driver.navigate().refresh();
      const t1 = Date.now() - start;
      if (how === "reload2") {
        await page.run(connect);
      }
      const t2 = Date.now() - start;
      const out = await page.run(({ security }) =>
        security.refresh().then(
          () => "fine",
          (e) => e.code,
        ),
      );
      console.log(
        "ROUND",
        how,
        round,
        t1,
        t2,
        out,
        JSON.stringify(page.tokenRequests.map(({ status, ended }) => [status, ended])),
      );
    }
  });
