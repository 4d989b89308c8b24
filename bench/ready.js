// From the navigation to an object that a login could begin with.
import { OURS, RIVAL, withJose } from "./clients.js";
import { median } from "./median.js";
import { turns } from "./rounds.js";

/** Chromium's own presets, as its DevTools have them: bytes a second, milliseconds. */
const NETWORKS = {
  "no throttling": null,
  "Fast 4G": { download_throughput: (9e6 / 8) * 0.9, upload_throughput: (1.5e6 / 8) * 0.9, latency: 165 },
  "Slow 4G": { download_throughput: (1.6e6 / 8) * 0.9, upload_throughput: (0.75e6 / 8) * 0.9, latency: 562.5 },
};

const throttle = ({ driver }, network) =>
  network ? driver.setNetworkConditions({ offline: false, ...network }) : driver.deleteNetworkConditions();

/** @returns {Promise<number[]>} milliseconds, one for each page */
async function visit(stage, pages, visits, cold) {
  const times = pages.map(() => []);
  for (let round = 0; round < visits; round += 1) {
    for (const [index, [client, address]] of turns(pages, round)) {
      await stage.openBlank();
      if (cold) await stage.clearCache();
      times[index].push(await stage.open(client, address));
    }
  }
  return times.map(median);
}

export async function ready(stage) {
  const clients = stage.among(OURS, withJose(RIVAL));
  const pages = clients.map((client) => [client]);
  // Ours once more, with the module asked for by the page's head.
  pages.push([OURS, stage.server.preloading(OURS)]);
  const { effort } = stage;
  const rows = [];
  for (const [network, conditions] of Object.entries(NETWORKS)) {
    const measure = async (cache) => {
      const times = await visit(stage, pages, effort.visits, cache === "cold");
      const [ours, preloaded] = [times[0], times.at(-1)];
      const theirs = clients[1] && times[1];
      const what = `${cache} cache, ${network}`;
      rows.push({ what, unit: "ms", ours, theirs, beside: clients[1] });
      rows.push({ what: `${what}, preloaded`, unit: "ms", ours: preloaded, theirs, beside: clients[1] });
    };
    await throttle(stage, conditions);
    await measure("cold");
    // After some visits Chromium has compiled code in its cache too.
    await visit(stage, pages, effort.primings, false);
    await measure("warm");
  }
  await throttle(stage, null);
  return rows;
}
