/**
 * The compiled library on a local web server, as a page sees it: the repository at /, a page with page.js that maps the
 * bare name of jax-js, and, where asked for, the headers that let threads share memory.
 */
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { ROOT } from "../cli/command-line.ts";

const TYPES: Readonly<Record<string, string>> = { ".js": "text/javascript", ".wasm": "application/wasm" };
const PAGE = `<!doctype html><title>equimol</title><script type="importmap">
  { "imports": { "@jax-js/jax": "/node_modules/@jax-js/jax/dist/index.js" } }</script>
  <script type="module" src="/test/browser/page.js"></script>`;

export interface Site {
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** @param isolated whether pages are cross-origin isolated */
export async function serveLibrary(isolated: boolean): Promise<Site> {
  const server: Server = createServer(async ({ url = "/" }, response) => {
    if (isolated) {
      response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
      response.setHeader("Cross-Origin-Embedder-Policy", "require-corp");
    }
    const path = normalize(decodeURIComponent(new URL(url, "http://localhost").pathname));
    if (path === "/") return response.setHeader("Content-Type", "text/html").end(PAGE);
    const type = TYPES[extname(path)];
    const content = type === undefined ? undefined : await readFile(join(ROOT, path)).catch(() => undefined);
    if (content === undefined) return response.writeHead(404).end();
    response.setHeader("Content-Type", type).end(content);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}/`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
