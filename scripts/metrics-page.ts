// Makes docs/metrics.md from the table of metrics.
import { METRICS, type MetricInfo } from '../src/metrics/table.ts';

export function metricsPage(): string {
  const rows = Object.entries<MetricInfo>(METRICS).map(
    ([name, { type, help, labels, buckets }]) =>
      `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help}${buckets === undefined ? '' : ` Buckets up to ${buckets.join(', ')}.`} |`,
  );
  return `# Metrics

<!-- Made from src/metrics/table.ts by \`npm run docs\`. -->

\`/metrics\`, at \`http.api_listen\`, is for [Prometheus](https://prometheus.io/): counters are counted since the start and begin
at 0; gauges are what is so in the moment in which they are asked for. The labels have few values: labs, boards and destinations
of the configuration, and fixed words. Boards that only requests name are shown, too, the first 500 since the start; the
others are counted together as \`other\`.

\`\`\`yaml
scrape_configs:
  - job_name: lava-bridge
    static_configs: [{ targets: ['127.0.0.1:8481'] }]
rule_files: [lava-bridge.yaml] # docs/alerts/lava-bridge.yaml
\`\`\`

[Alert rules](alerts/lava-bridge.yaml) and a [dashboard for Grafana](grafana/lava-bridge.json) come along; what to do for each alert
stands in [operations.md](operations.md#alerts).

| metric | type | labels | |
| --- | --- | --- | --- |
${rows.join('\n')}

Node's own (\`process_…\`, \`nodejs_…\`) come with them: memory, processor time, open files, garbage collection, and the delay of the
event loop (\`nodejs_eventloop_lag_p99_seconds\`), which says whether the daemon has enough of a processor.
`;
}
