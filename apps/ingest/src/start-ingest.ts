import 'reflect-metadata';
import { EventLogStrategy, PassErrors, type RunningService } from '@medrex/nest';
import type { CustomStrategy } from '@nestjs/microservices';
import type { IngestConfig } from './config.ts';
import { Connections } from './http/connections.ts';
import { createHttpApplication, listen } from './http/server.ts';
import { IngestModule } from './ingest.module.ts';
import { embeddedPorts, type ClosingPorts } from './embedded-ports.ts';
import type { IngestPorts } from './ports.ts';
import { IngestRuntime } from './runtime.ts';

/**
 * Starts ingest: first what an earlier process left behind, then HTTP and the intake topics.
 *
 * @param ports in place of the embedded defaults; they are not closed here.
 * @throws what the configuration's folder, port or vault make impossible.
 */
export async function startIngest(config: IngestConfig, ports?: IngestPorts): Promise<RunningService> {
  const opened: ClosingPorts =
    ports === undefined ? await embeddedPorts(config) : { ports, close: async () => undefined };
  try {
    return await startOn(config, opened);
  } catch (error) {
    await opened.close();
    throw error;
  }
}

async function startOn(config: IngestConfig, opened: ClosingPorts): Promise<RunningService> {
  const { ports } = opened;
  const runtime = await IngestRuntime.start(config, ports);
  const { signal, observer } = runtime;
  const onRefused = (code: string): void => observer.refused(code, 1);
  const hooks = { signal, onUnexpected: observer.requestFailed, onRefused };
  const app = await createHttpApplication(IngestModule.of(runtime), config, hooks);
  if (config.INGEST_INTAKE) {
    const strategy = new EventLogStrategy({ log: ports.log, onError: runtime.observer.readFailed });
    app.connectMicroservice<CustomStrategy>({ strategy }).useGlobalFilters(new PassErrors());
    await app.startAllMicroservices();
  }
  const connections = new Connections(app.getHttpServer());
  const url = await listen(app, config);
  ports.telemetry.log.info({ urls: [url], channel: config.MEDREX_CHANNEL }, 'ingest takes messages');
  const close = async (): Promise<void> => {
    runtime.stop();
    connections.closeUnused();
    const grace = setTimeout(() => {
      runtime.giveUp();
      setImmediate(() => connections.closeAll()); // once those who wait have their answer
    }, config.INGEST_STOP_GRACE_MS);
    await app.close(); // requests and runs in hand are finished, or given up when the grace is over
    await runtime.close();
    clearTimeout(grace);
    await opened.close();
  };
  return { urls: { api: url, fhir: `${url}/fhir`, docs: `${url}/docs`, metrics: `${url}/metrics` }, close };
}
