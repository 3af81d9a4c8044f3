// The style, scripts and pictures of the pages, read once: ours, and two libraries as npm brings them. Each is asked for
// by a name with its checksum, so that a browser keeps it for good and gets a changed one at once.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { FastifyInstance } from 'fastify';
import { shippedFolder } from '../../core/shipped.ts';

const STYLE = 'text/css; charset=utf-8';
const SCRIPT = 'text/javascript; charset=utf-8';
const PICTURE = 'image/svg+xml';

/** Ours in pages/, others by their module's name. */
const FILES = {
  'style.css': { type: STYLE, module: undefined },
  'log.css': { type: STYLE, module: undefined },
  'log.js': { type: SCRIPT, module: undefined },
  'plots.js': { type: SCRIPT, module: undefined },
  'live.js': { type: SCRIPT, module: undefined },
  'icon.svg': { type: PICTURE, module: undefined },
  'idiomorph.js': { type: SCRIPT, module: 'idiomorph/dist/idiomorph.min.js' },
  'uplot.js': { type: SCRIPT, module: 'uplot/dist/uPlot.iife.min.js' },
  'uplot.css': { type: STYLE, module: 'uplot/dist/uPlot.min.css' },
} as const;
type AssetName = keyof typeof FILES;

const YEAR_SECONDS = 365 * 24 * 3600;

export interface Assets {
  /** Where the file is to be asked for. */
  url: (name: AssetName) => string;
  addTo: (app: FastifyInstance) => void;
}

/** Reads the files. Throws if one is missing: then the installation is broken. */
export function loadAssets(): Assets {
  const { resolve } = createRequire(import.meta.url);
  const files = new Map(
    Object.entries(FILES).map(([name, { type, module }]) => {
      const content = readFileSync(
        module === undefined ? `${shippedFolder('pages')}/${name}` : resolve(module),
      );
      const hash = createHash('sha256').update(content).digest('hex').slice(0, 16);
      return [name, { type, content, hash }];
    }),
  );
  const get = (name: string): { type: string; content: Buffer; hash: string } => {
    const file = files.get(name);
    if (file === undefined) throw new Error(`no file ${name} for the pages`);
    return file;
  };
  return {
    url: (name) => `/pages/${name}?v=${get(name).hash}`,
    addTo(app) {
      for (const [name, { type, content, hash }] of files) {
        app.get<{ Querystring: { v?: string } }>(`/pages/${name}`, async (request, reply) => {
          const isExact = request.query.v === hash;
          reply.headers({
            'content-type': type,
            'x-content-type-options': 'nosniff',
            'cache-control': isExact ? `public, max-age=${YEAR_SECONDS}, immutable` : 'no-cache',
            etag: `"${hash}"`,
          });
          return request.headers['if-none-match'] === `"${hash}"`
            ? reply.code(304).send()
            : reply.send(content);
        });
      }
    },
  };
}
