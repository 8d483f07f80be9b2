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
 * Starts ingest: first restores the state of earlier processes, then opens HTTP and the intake topics.
 *
 * @param ports instead of the embedded defaults; the caller closes them
 * @throws CodedError when the data folder, the port or the vault cannot be opened
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
  ports.telemetry.log.info({ urls: [url], channel: config.MEDREX_CHANNEL }, 'ingest accepts messages');
  const close = async (): Promise<void> => {
    runtime.stop();
    connections.closeUnused();
    const grace = setTimeout(() => {
      runtime.stopAppending();
      setImmediate(() => connections.closeAll()); // after waiting requests are answered
    }, config.INGEST_STOP_GRACE_MS);
    await app.close(); // requests and runs in progress are finished, or given up after the grace period
    await runtime.close();
    clearTimeout(grace);
    await opened.close();
  };
  return { urls: { api: url, fhir: `${url}/fhir`, docs: `${url}/docs`, metrics: `${url}/metrics` }, close };
}
