// Makes from the table of alerts: Prometheus' rules (docs/alerts/lava-bridge.yaml), and their sections in docs/operations.md.
import { stringify } from 'yaml';
import { ALERTS } from '../src/metrics/alerts.ts';

const BEGIN = '<!-- Alerts: made from src/metrics/alerts.ts by `npm run docs`. -->';
const END = '<!-- End of the alerts. -->';

/** The rules, as Prometheus reads them. */
export function alertRules(): string {
  const rules = ALERTS.map(({ name, severity, expr, for: holds, summary }) => ({
    alert: name,
    expr,
    for: holds,
    labels: { severity },
    annotations: { summary, runbook: `docs/operations.md#${name.toLowerCase()}` },
  }));
  return `# Made from src/metrics/alerts.ts by \`npm run docs\`. What to do for each alert: docs/operations.md.
${stringify({ groups: [{ name: 'lava-bridge', rules }] }, { lineWidth: 0 })}`;
}

/** `page` with the sections of the alerts as they are now. Throws if it has no place for them. */
export function withAlerts(page: string): string {
  const from = page.indexOf(BEGIN);
  const to = page.indexOf(END);
  if (from < 0 || to < from) throw new Error('docs/operations.md has no place for the alerts');
  const sections = ALERTS.map(({ name, severity, meaning, steps, for: holds }) =>
    [
      `### ${name}`,
      '',
      `*${severity}, after ${holds}.* ${meaning}`,
      '',
      ...steps.map((step, i) => `${i + 1}. ${step}`),
    ].join('\n'),
  );
  return `${page.slice(0, from)}${BEGIN}\n\n${sections.join('\n\n')}\n\n${page.slice(to)}`;
}
