import { logLevels } from './log.ts';
import { defineMetrics } from './metric-declaration.ts';

/** Metrics of the telemetry itself, in every process. */
export const telemetryMetrics = defineMetrics({
  lines: {
    name: 'medrex_log_lines_total',
    kind: 'counter',
    help: 'Log lines by level, including those below the configured level. An error line means that an operator should act.',
    labels: { level: logLevels },
  },
  lost: {
    name: 'medrex_log_lines_lost_total',
    kind: 'counter',
    help: 'Log lines that were not written because the reader of standard error is too slow or gone.',
  },
  dropped: {
    name: 'medrex_telemetry_fields_dropped_total',
    kind: 'counter',
    help: 'Fields kept out of logs and spans because the PHI allow-list does not name them, or their value has another form. Above zero: a defect in Medrex.',
    labels: { exporter: ['log', 'span'], reason: ['undeclared', 'unfit'] },
  },
  misuses: {
    name: 'medrex_telemetry_metric_misuses_total',
    kind: 'counter',
    help: 'Values with a label outside the declared set (counted as `other`), and values that are not numbers or would decrease a counter (ignored). Above zero: a defect in Medrex.',
    labels: { misuse: ['label', 'value'] },
  },
  spans: {
    name: 'medrex_telemetry_spans_total',
    kind: 'counter',
    help: 'Sampled spans sent to the collector, by whether it accepted them.',
    labels: { result: ['exported', 'failed'] },
  },
});
