import { ServiceThread } from './service-thread.ts';

export interface EmbeddedStackOptions {
  readonly dataDir: string;
  readonly channel: string;
  readonly port: number;
  /** More of the services' environment, as `docs/reference/configuration.md` lists it. */
  readonly env: Readonly<Record<string, string>>;
  readonly onUnexpectedEnd: (service: string, code: number, error: unknown) => void;
}

/** URLs of one service by what they are for. */
export type StackUrls = Readonly<Record<string, Readonly<Record<string, string>>>>;

// Started in this order and stopped in the reverse: the door opens last and closes first.
const services = ['orderer-dag', 'dependency-analyzer', 'ingest'] as const;
export type ServiceName = (typeof services)[number];

const mainOf = (service: ServiceName) => new URL('./main.js', import.meta.resolve(`@medrex/${service}`));

/** All services of the main job in this process, a thread each, over one data folder and what their environment names. */
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

/** The services' own ports are loopback and any free one, except for ingest, which people know by its number. */
function serviceEnvironment(
  name: ServiceName,
  { dataDir, channel, port }: EmbeddedStackOptions,
): Record<string, string> {
  return { MEDREX_DATA_DIR: dataDir, MEDREX_CHANNELS: channel, PORT: String(name === 'ingest' ? port : 0) };
}
