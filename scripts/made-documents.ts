// The documents in docs/ that are made from the program's own tables, as a whole or in part.
import { alertRules, withAlerts } from './alerts-files.ts';
import { dashboard } from './dashboard.ts';
import { errorsPage } from './errors-page.ts';
import { withFolders } from './folders-list.ts';
import { metricsPage } from './metrics-page.ts';
import { withReasons } from './reasons-table.ts';

/** By file: its text; `old` reads the one that is there. */
export const madeDocuments: Record<string, (old: () => string) => string> = {
  'architecture.md': (old) => withFolders(old()),
  'errors.md': errorsPage,
  'metrics.md': metricsPage,
  'operations.md': (old) => withReasons(withAlerts(old())),
  'alerts/lava-bridge.yaml': alertRules,
  'grafana/lava-bridge.json': dashboard,
};
