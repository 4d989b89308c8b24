// The browser engine that the end-to-end tests run in, and what only some engines let a test do. Choose one with
// `npm run test:e2e -- --browser firefox`, or ESI_SECURITY_BROWSER=firefox for a single file; Chromium otherwise.
// A test that needs what not every engine has says so, and is reported as skipped, with the reason, in the others:
//
//   test("a page that was frozen refreshes", needs("freeze"), async (t) => { … });

export const ENGINES = ["chromium", "firefox", "webkit"];

/** @type {"chromium" | "firefox" | "webkit"} */
export const ENGINE = process.env.ESI_SECURITY_BROWSER ?? "chromium";

if (!ENGINES.includes(ENGINE)) {
  throw new Error(`ESI_SECURITY_BROWSER=${ENGINE}: there is no such engine; there are ${ENGINES.join(", ")}`);
}

/** What a test may need, the engines in which it can be had, and why it cannot in the others. */
const CAPABILITIES = {
  freeze: { engines: ["chromium"], reason: "only Chromium's DevTools freeze a page (Page.setWebLifecycleState)" },
  "worker-targets": {
    engines: ["chromium"],
    reason: "only Chromium's DevTools reach into a shared worker, or end it (Target)",
  },
  "garbage-collection": {
    engines: ["chromium"],
    reason: "only Chromium's DevTools collect garbage on demand (HeapProfiler.collectGarbage)",
  },
  "blocked-urls": {
    engines: ["chromium"],
    reason: "only Chromium's DevTools block single addresses (Network.setBlockedURLs)",
  },
  "media-emulation": {
    engines: ["chromium"],
    reason: "only Chromium's DevTools set a user's preferences (Emulation.setEmulatedMedia)",
  },
  prerendering: { engines: ["chromium"], reason: "only Chromium prerenders pages (speculation rules)" },
  "outliving-worker": {
    engines: ["chromium", "webkit"],
    reason: "Firefox ends a shared worker with the last page that is connected to it, and its requests with it",
  },
  "own-timers": {
    engines: ["chromium", "firefox"],
    reason: "WebKit's driver runs its scripts by the page's own `setTimeout` and `clearTimeout`",
  },
  "narrow-window": {
    engines: ["chromium", "firefox"],
    reason: "a window of WebKit's MiniBrowser has 447 pixels of width at least",
  },
  "back-by-load": {
    engines: ["chromium", "firefox"],
    reason: "WebKit's driver answers nothing any more after Back has loaded a page anew, which then works",
  },
  throttling: {
    engines: ["chromium"],
    reason: "only Chromium can be told to hold timers back at once (IntensiveWakeUpThrottling), not after minutes",
  },
};

/**
 * The options of a test that needs a capability.
 *
 * @param {keyof CAPABILITIES} capability
 * @returns {{ skip: string | false }}
 */
export function needs(capability) {
  const { engines, reason } = CAPABILITIES[capability];
  return { skip: engines.includes(ENGINE) ? false : reason };
}
