/**
 * The address of the WebAssembly module, for {@link init} of `esi-security`, where the bundler makes one of the file:
 * Vite with `?url` behind the name, webpack and Rsbuild as `asset/resource`, esbuild with the loader `file`.
 */
declare const url: string;
export default url;
