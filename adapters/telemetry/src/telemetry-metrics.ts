import { logLevels } from './log.ts';
import { defineMetrics } from './metric-declaration.ts';

/** What every process counts about its own telemetry. */
export const telemetryMetrics = defineMetrics({
  lines: {
    name: 'medrex_log_lines_total',
    kind: 'counter',
    help: 'Log lines by level, also those below the configured level. An error line means that someone should act.',
    labels: { level: logLevels },
  },
  lost: {
    name: 'medrex_log_lines_lost_total',
    kind: 'counter',
    help: 'Log lines that were not written: whoever reads standard error is too slow for them, or gone.',
  },
  dropped: {
    name: 'medrex_telemetry_fields_dropped_total',
    kind: 'counter',
    help: 'Fields that were kept out of logs and spans because the PHI allow-list does not name them or their value has another shape. Above zero: a defect of ours.',
    labels: { exporter: ['log', 'span'], reason: ['undeclared', 'unfit'] },
  },
  misuses: {
    name: 'medrex_telemetry_metric_misuses_total',
    kind: 'counter',
    help: 'Values given to a metric with a label outside of its declared set (counted as `other`), and values that are no number or make a counter fall (left out). Above zero: a defect of ours.',
    labels: { misuse: ['label', 'value'] },
  },
  spans: {
    name: 'medrex_telemetry_spans_total',
    kind: 'counter',
    help: 'Sampled spans handed to the collector, by whether it took them.',
    labels: { result: ['exported', 'failed'] },
  },
});
