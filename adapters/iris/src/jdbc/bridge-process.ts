import { spawn, type ChildProcess } from 'node:child_process';
import { delimiter } from 'node:path';
import { compiledBridge } from './compiled-bridge.ts';
import { Frames, type Frame } from './frames.ts';

export interface BridgeOptions {
  /** The driver and its dependencies. */
  readonly jars: readonly string[];
  /** `java` on the PATH when absent; `javac` must be beside it. */
  readonly java?: string;
  readonly heapMb?: number;
}

/** Enough for tens of connections with a page each. */
const heapMbDefault = 256;
/** Maximum of characters kept of Java's last output. */
const saidMax = 2_000;

export interface BridgeEvents {
  frame(frame: Frame): void;
  /** The process has ended. */
  ended(why: string): void;
}

/** The Java process of the bridge; frames go over its standard input and output. */
export class BridgeProcess {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, events: BridgeEvents) {
    this.#child = child;
    const frames = new Frames();
    let said = '';
    let isOver = false;
    const end = (why: string): void => {
      if (isOver) return;
      isOver = true;
      events.ended(why);
    };
    child.stdout?.on('data', (chunk: Buffer) => {
      for (const frame of frames.feed(chunk)) events.frame(frame);
    });
    child.stderr?.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-saidMax)));
    child.stdin?.on('error', () => undefined); // reported by `close`
    child.on('error', (error) => end(error.message));
    child.on('close', (code) => end(`it ended with ${code ?? 'a signal'}${said === '' ? '' : `: ${said.trim()}`}`));
  }

  /** @throws CodedError IRIS_BRIDGE_UNUSABLE */
  static async start(options: BridgeOptions, events: BridgeEvents): Promise<BridgeProcess> {
    const { jars, java = 'java', heapMb = heapMbDefault } = options;
    const path = [await compiledBridge(java), ...jars].join(delimiter);
    const flags = [`-Xmx${heapMb}m`, '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto'];
    // Detached: it ends at the end of its input. A signal to the process group must not end it while transactions finish.
    return new BridgeProcess(spawn(java, [...flags, '-cp', path, 'Bridge'], { stdio: 'pipe', detached: true }), events);
  }

  send(frame: Buffer): void {
    this.#child.stdin?.write(frame);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => this.#child.once('close', () => resolve()));
    this.#child.stdin?.end();
    await ended;
  }
}
