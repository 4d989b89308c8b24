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

/** @returns {Promise<number[]>} milliseconds, one for each client */
async function visit(stage, clients, visits, cold) {
  const times = clients.map(() => []);
  for (let round = 0; round < visits; round += 1) {
    for (const [index, client] of turns(clients, round)) {
      await stage.openBlank();
      if (cold) await stage.clearCache();
      times[index].push(await stage.open(client));
    }
  }
  return times.map(median);
}

export async function ready(stage) {
  const clients = stage.among(OURS, withJose(RIVAL));
  const { effort } = stage;
  const rows = [];
  for (const [network, conditions] of Object.entries(NETWORKS)) {
    const measure = async (cache) => {
      const [ours, theirs] = await visit(stage, clients, effort.visits, cache === "cold");
      rows.push({ what: `${cache} cache, ${network}`, unit: "ms", ours, theirs, beside: clients[1] });
    };
    await throttle(stage, conditions);
    await measure("cold");
    // After some visits Chromium has compiled code in its cache too.
    await visit(stage, clients, effort.primings, false);
    await measure("warm");
  }
  await throttle(stage, null);
  return rows;
}
