import type { EventLog, LogRun, PacedCommit } from '@medrex/contracts';
import { BaseRpcContext } from '@nestjs/microservices';

/** What a handler may do beside reading its run; `@Ctx() context: RunContext`. */
export class RunContext extends BaseRpcContext<[LogRun]> {
  readonly #log: Pick<EventLog, 'commit'>;
  readonly #group: string;
  readonly #run: LogRun;
  readonly #paced: PacedCommit;

  constructor(log: Pick<EventLog, 'commit'>, group: string, run: LogRun, paced: PacedCommit) {
    super([run]);
    this.#log = log;
    this.#group = group;
    this.#run = run;
    this.#paced = paced;
  }

  /** Marks the whole run as done, or what lies below `offset`. Call it when everything made of it is acked. */
  async commit(offset?: number): Promise<void> {
    await this.#log.commit(this.#group, this.#run.topic, this.#run.partition, offset ?? this.#end);
  }

  /** The same for a reader that could as well read it all again: some time soon, and together with the runs after this one. */
  commitSoon(): void {
    this.#paced.done(this.#run.topic, this.#run.partition, this.#end);
  }

  get #end(): number {
    return (this.#run.records.at(-1)?.offset ?? -1) + 1;
  }
}
