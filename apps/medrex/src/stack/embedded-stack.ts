import { ServiceThread } from './service-thread.ts';

export interface EmbeddedStackOptions {
  readonly dataDir: string;
  readonly channel: string;
  readonly port: number;
  /** Additional environment variables of the services; see `docs/reference/configuration.md`. */
  readonly env: Readonly<Record<string, string>>;
  readonly onUnexpectedEnd: (service: string, code: number, error: unknown) => void;
}

/** By service, its URLs by purpose. */
export type StackUrls = Readonly<Record<string, Readonly<Record<string, string>>>>;

// Started in this order and stopped in reverse, so that ingest opens last and closes first.
const services = ['orderer-dag', 'dependency-analyzer', 'ingest'] as const;
export type ServiceName = (typeof services)[number];

const mainOf = (service: ServiceName) => new URL('./main.js', import.meta.resolve(`@medrex/${service}`));

/** All services in this process, one thread each, over one data folder. */
export class EmbeddedStack {
  readonly urls: StackUrls;
  readonly #threads: readonly ServiceThread[];

  private constructor(threads: readonly ServiceThread[], urls: StackUrls) {
    this.#threads = threads;
    this.urls = urls;
  }

  static async start(options: EmbeddedStackOptions): Promise<EmbeddedStack> {
    const threads: ServiceThread[] = [];
    const urls: Record<string, Readonly<Record<string, string>>> = {};
    try {
      for (const name of services) {
        const env = { ...options.env, ...serviceEnvironment(name, options) };
        const { thread, ready } = await ServiceThread.start({ name, main: mainOf(name), env }, options.onUnexpectedEnd);
        threads.push(thread);
        urls[name] = ready.urls;
      }
    } catch (error) {
      await stopAll(threads);
      throw error;
    }
    return new EmbeddedStack(threads, urls);
  }

  /** CPU time of each service's own thread so far, ms. */
  async cpuMs(): Promise<Readonly<Record<string, number>>> {
    const entries = this.#threads.map(async (thread) => [thread.name, await thread.cpuMs()] as const);
    return Object.fromEntries(await Promise.all(entries));
  }

  async stop(): Promise<void> {
    await stopAll(this.#threads);
  }
}

async function stopAll(threads: readonly ServiceThread[]): Promise<void> {
  for (const thread of threads.toReversed()) await thread.stop();
}

/** The environment of a service. Services listen on free loopback ports, except for ingest with its known port. */
function serviceEnvironment(
  name: ServiceName,
  { dataDir, channel, port }: EmbeddedStackOptions,
): Record<string, string> {
  return { MEDREX_DATA_DIR: dataDir, MEDREX_CHANNELS: channel, PORT: String(name === 'ingest' ? port : 0) };
}
