import {
  newestProgress,
  operationsPerRecord,
  topics,
  type EventLog,
  type Progress,
  type StartPosition,
} from '@medrex/contracts';
import { createService, EventLogStrategy, type RunningService } from '@medrex/nest';
import {
  createTelemetry,
  observabilityRoutes,
  startHttpEndpoint,
  telemetryOptions,
  type Telemetry,
} from '@medrex/telemetry';
import { Module, type DynamicModule } from '@nestjs/common';
import { countingObserver, gaugeGraph } from './analyzer-metrics.ts';
import { AnalyzerController } from './analyzer.controller.ts';
import type { AnalyzerConfig } from './config.ts';
import { DependencyAnalyzer } from './dependency-analyzer.ts';
import { analyzerMetrics } from './metrics.ts';
import { openLog } from './open-log.ts';

/** Ports of the analyzer; the embedded default of each that is not given. The caller closes the ports it gives. */
export interface AnalyzerPorts {
  readonly log: EventLog;
  readonly telemetry: Telemetry;
}

@Module({})
class AnalyzerModule {
  static of(analyzer: DependencyAnalyzer): DynamicModule {
    return {
      module: AnalyzerModule,
      controllers: [AnalyzerController],
      providers: [{ provide: DependencyAnalyzer, useValue: analyzer }],
    };
  }
}

/** Starts the analyzer of the first channel: reads progress, then the operations log from the low-water mark. */
export async function startAnalyzer(
  config: AnalyzerConfig,
  ports: Partial<AnalyzerPorts> = {},
): Promise<RunningService> {
  const telemetry = ports.telemetry ?? createTelemetry(telemetryOptions('dependency-analyzer', config));
  const log = ports.log ?? (await openLog(config, telemetry));
  const metrics = telemetry.metrics.define(analyzerMetrics);
  const channel = config.MEDREX_CHANNELS[0] ?? 'ehr';
  const partition = 0;
  const analyzer = new DependencyAnalyzer({
    channel,
    partition,
    log,
    edgesMax: config.ANALYZER_EDGES_MAX,
    liveMax: config.ANALYZER_LIVE_OPERATIONS,
    observe: countingObserver(metrics, telemetry.tracing, channel),
  });
  telemetry.metrics.beforeScrape(() => gaugeGraph(metrics, analyzer));
  const progress = newestProgress(
    channel,
    (await log.latest(topics.progress, partition)).map(({ value }) => value),
  );
  if (progress !== undefined) analyzer.applyProgress(progress);
  const from = await startPositions(log, partition, progress);
  const strategy = new EventLogStrategy({
    log,
    partitions: [partition],
    from,
    onError: (error, run) =>
      telemetry.log.error(
        { topic: run.topic, partition: run.partition, error },
        'a run could not be analysed; it will be redelivered',
      ),
  });
  const service = await createService(AnalyzerModule.of(analyzer), strategy);
  await service.listen();
  const endpoint = await startHttpEndpoint({
    host: config.HOST,
    port: config.PORT,
    routes: observabilityRoutes(telemetry.metrics, () => log.problems().join('; ') || undefined),
  });
  telemetry.log.info({ channel, live: analyzer.live }, 'analyzer reads');
  return {
    urls: { metrics: `${endpoint.url}/metrics` },
    close: async () => {
      await service.close();
      await endpoint.close();
      if (ports.log === undefined) await log.close();
      if (ports.telemetry === undefined) await telemetry.close();
    },
  };
}

/** Start offsets: operations from the low-water mark, outcomes and progress from the end of the log, as the mark covers all before it. */
async function startPositions(
  log: EventLog,
  partition: number,
  progress: Progress | undefined,
): Promise<(topic: string) => StartPosition> {
  const { start } = await log.bounds(topics.operations, partition);
  const { start: outcomesStart } = await log.bounds(topics.outcomes, partition);
  const mark = Math.floor((progress?.lowWaterMark ?? 0) / operationsPerRecord);
  return (topic) => {
    if (topic === topics.operations) return { at: 'offset', offset: Math.max(start, mark) };
    return progress === undefined ? { at: 'offset', offset: outcomesStart } : { at: 'end' };
  };
}
