// zone.js, which Angular loads, counts timers and listeners that are set inside a zone as the app's pending work.

export const outsideZone = (work) => (globalThis.Zone?.root ? globalThis.Zone.root.run(work) : work());
