// Prints what a production installation consists of, as an SBOM in CycloneDX, from package-lock.json (`npm run --silent sbom`).
// `npm sbom --omit dev` also leaves out what production needs as soon as something of development needs it as well, so what
// is for development alone is taken out here. Runs on any Node from 18 on.
'use strict';
const { spawnSync } = require('node:child_process');
const { join } = require('node:path');

const DEVELOPMENT = 'cdx:npm:package:development';

const made = spawnSync(
  'npm',
  ['sbom', '--package-lock-only', '--sbom-type', 'application', '--sbom-format', 'cyclonedx'],
  {
    cwd: join(__dirname, '..'),
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'inherit'],
  },
);
if (made.error) throw made.error;
if (made.status !== 0) process.exit(made.status === null ? 1 : made.status);

const sbom = JSON.parse(made.stdout);
sbom.components = sbom.components.filter(
  ({ properties = [] }) => !properties.some(({ name }) => name === DEVELOPMENT),
);
const kept = new Set([sbom.metadata.component, ...sbom.components].map((component) => component['bom-ref']));
sbom.dependencies = sbom.dependencies
  .filter(({ ref }) => kept.has(ref))
  .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((other) => kept.has(other)) }));
process.stdout.write(JSON.stringify(sbom, null, 2) + '\n');
