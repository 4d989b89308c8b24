/** The token worker's script, to be served from the page's origin where the bundler does not emit it. It exports nothing. */
export {};
