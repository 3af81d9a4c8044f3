// Makes from the table of alerts: Prometheus' rules (docs/alerts/lava-bridge.yaml), and their sections in docs/operations.md.
import { stringify } from 'yaml';
import { ALERTS } from '../src/metrics/alerts.ts';
import { withSection, type Marks } from './section.ts';

const MARKS: Marks = {
  begin: '<!-- Alerts: made from src/metrics/alerts.ts by `npm run docs`. -->',
  end: '<!-- End of the alerts. -->',
};

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
  const sections = ALERTS.map(({ name, severity, meaning, steps, for: holds }) =>
    [
      `### ${name}`,
      '',
      `*${severity}, after ${holds}.* ${meaning}`,
      '',
      ...steps.map((step, i) => `${i + 1}. ${step}`),
    ].join('\n'),
  );
  return withSection(page, MARKS, sections.join('\n\n'));
}
