import { randomBytes } from 'node:crypto';
import { createService, EventLogStrategy, type RunningService } from '@medrex/nest';
import {
  createTelemetry,
  observabilityRoutes,
  startHttpEndpoint,
  telemetryOptions,
  type Telemetry,
} from '@medrex/telemetry';
import { channelOptionsOf } from './channel-options-of.ts';
import type { ChannelOptions } from './channel-options.ts';
import { systemClock, type Clock } from './clock.ts';
import type { OrdererConfig } from './config.ts';
import { openPorts, type OrdererPorts } from './open-ports.ts';
import { ordererMetrics } from './metrics.ts';
import { ModelGateway } from './model-gateway.ts';
import { gatewayPosts } from './model-gateway-posts.ts';
import { OrdererDag } from './orderer-dag.ts';
import { OrdererDagModule } from './orderer-dag.module.ts';
import { setGauges } from './scrape.ts';
import { TelemetryObserver } from './telemetry-observer.ts';

/** Ports instead of the embedded defaults; the caller closes them. */
export interface GivenPorts {
  readonly ports?: OrdererPorts;
  readonly telemetry?: Telemetry;
  readonly clock?: Clock;
}

/**
 * Starts orderer-dag on the log and ledger of the configuration, or on the given ports; resolves when it reads its channels.
 *
 * @param end called when the process has to end, because another instance leads a channel that this one led
 */
export async function startOrdererDag(
  config: OrdererConfig,
  given: GivenPorts = {},
  end: (code: number) => void = () => undefined,
): Promise<RunningService> {
  const telemetry = given.telemetry ?? createTelemetry(telemetryOptions('orderer-dag', config));
  const metrics = telemetry.metrics.define(ordererMetrics);
  const ports = given.ports ?? (await openPorts(config, telemetry, metrics));
  const clock = given.clock ?? systemClock;
  const driven = config.MEDREX_CHANNELS.map((channel, partition) => {
    const observer = new TelemetryObserver(telemetry, metrics, channel);
    return { observer, options: channelOptionsOf(config, ports, { channel, partition, observer, clock }) };
  });
  const channels = driven.map(({ options }) => options);
  const dag = await OrdererDag.open({ channels, onEnd: (error) => ended(telemetry, error, end) });
  const observers = driven.map(({ observer }) => observer);
  telemetry.metrics.beforeScrape(() => setGauges(metrics, dag, observers));
  const service = await createService(OrdererDagModule.of(dag), strategyOf(dag, ports, channels, telemetry));
  await service.listen();
  const gateways = ports.isModel ? gatewaysOf(ports, channels) : new Map<string, ModelGateway>();
  const notReady = (): string | undefined => dag.notReady() ?? (ports.log.problems().join('; ') || undefined);
  const endpoint = await startHttpEndpoint({
    host: config.HOST,
    port: config.PORT,
    routes: observabilityRoutes(telemetry.metrics, notReady),
    ...(ports.isModel && { posts: gatewayPosts(gateways) }),
  });
  telemetry.log.info({ channels: config.MEDREX_CHANNELS, isModel: ports.isModel }, 'orderer-dag reads its channels');
  if (ports.isModel)
    telemetry.log.info({ isModel: true }, 'the embedded ledger allows only one process, so there can be no standby');
  return {
    urls: { metrics: `${endpoint.url}/metrics`, ...(ports.isModel && { model: endpoint.url }) },
    close: async () => {
      await dag.close();
      await service.close();
      await endpoint.close();
      for (const gateway of gateways.values()) await gateway.close();
      if (given.ports === undefined) await ports.close();
      telemetry.log.info({ channels: config.MEDREX_CHANNELS }, 'orderer-dag has ended');
      if (given.telemetry === undefined) await telemetry.close();
    },
  };
}

function ended({ log }: Telemetry, error: unknown, end: (code: number) => void): void {
  log.error({ error }, 'this orderer-dag leads no channel any more, and ends');
  end(1);
}

function strategyOf(
  dag: OrdererDag,
  { log }: OrdererPorts,
  channels: readonly ChannelOptions[],
  telemetry: Telemetry,
): EventLogStrategy {
  return new EventLogStrategy({
    log,
    partitions: channels.map(({ partition }) => partition),
    from: (topic, partition) => dag.startOf(topic, partition),
    onError: (error, { topic, partition }) =>
      telemetry.log.error({ topic, partition, error }, 'a run failed; it will be redelivered'),
  });
}

function gatewaysOf({ ledgers }: OrdererPorts, channels: readonly ChannelOptions[]): Map<string, ModelGateway> {
  const nextTxId = (): string => randomBytes(32).toString('hex');
  const gateways = new Map<string, ModelGateway>();
  for (const { channel, clock, limits } of channels) {
    const ledger = ledgers.get(channel);
    if (ledger !== undefined)
      gateways.set(channel, new ModelGateway({ ledger, clock, nextTxId, unseenAfterMs: limits.unseenAfterMs }));
  }
  return gateways;
}
