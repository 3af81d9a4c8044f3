// `lava-bridge check`: the files of this machine - configuration, device types, plans, templates, secrets.
import { formatProblem } from '../core/errors.ts';
import { ignoredFiles } from '../core/overlay.ts';
import { shippedFolder } from '../core/shipped.ts';
import { loadBoards } from '../catalog/boards.ts';
import { loadConfig } from '../config/load.ts';
import type { BridgeConfig } from '../config/schema.ts';
import { loadPlans } from '../catalog/plans.ts';
import { crossCheck } from '../templates/cross-check.ts';
import { unreadParams } from '../templates/unread-params.ts';
import { createRenderer } from '../templates/renderer.ts';
import { checkDaemon } from './check-daemon.ts';
import { attempt, type Add } from './check-lines.ts';
import { checkSecrets } from './check-secrets.ts';
import { unknownSuites } from './check-suites.ts';

/** Everything that is on this machine; the configuration if it could be read. */
export async function checkFiles(file: string, add: Add): Promise<BridgeConfig | undefined> {
  const config = await attempt(
    'configuration',
    () => loadConfig(file),
    () => file,
    add,
  );
  if (!config) return undefined;
  const own = (name: 'device_types' | 'plans' | 'job_templates'): string =>
    config[name] ?? 'none of your own';
  const boards = await attempt(
    'device types',
    () => loadBoards({ shipped: shippedFolder('device-types'), own: config.device_types }),
    (b) => `${b.names().length} boards (${own('device_types')})`,
    add,
  );
  const plans = await attempt(
    'plans',
    () => loadPlans({ shipped: shippedFolder('plans'), own: config.plans }),
    (p) => `${p.names().length} plans (${own('plans')})`,
    add,
  );
  const renderer = await attempt(
    'job templates',
    () => createRenderer({ shipped: shippedFolder('job-templates'), own: config.job_templates }),
    (r) =>
      `${r.names('boot').length} boot methods, ${r.names('test').length} kinds of tests (${own('job_templates')})`,
    add,
  );
  if (boards && plans && renderer) {
    for (const problem of crossCheck({ boards, plans, renderer }))
      add({ what: 'job templates', state: 'failed', text: formatProblem(problem) });
    for (const problem of unreadParams({ boards, plans, renderer }))
      add({ what: 'parameters', state: 'warning', text: formatProblem(problem) });
    for (const problem of unknownSuites(plans, config.plans))
      add({ what: 'suites', state: 'warning', text: formatProblem(problem) });
  }
  // A folder that cannot be read has its line already.
  for (const file of boards && plans && renderer ? await ignored(config) : []) {
    const text = `${file}: is not read: its name must end in .yaml (a template: .yaml.hbs)`;
    add({ what: 'files', state: 'warning', text });
  }
  await checkSecrets(file, config, add);
  await checkDaemon(file, config, add);
  return boards && plans && renderer ? config : undefined;
}

/** Files in the admin's own folders that nothing reads. */
async function ignored(config: BridgeConfig): Promise<string[]> {
  const all = await Promise.all([
    ignoredFiles({ own: config.device_types }, '.yaml'),
    ignoredFiles({ own: config.plans }, '.yaml'),
    ignoredFiles({ own: config.job_templates }, '.yaml.hbs'),
  ]);
  return all.flat();
}
