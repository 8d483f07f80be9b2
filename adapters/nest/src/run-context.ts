import type { EventLog, LogRun, PacedCommit } from '@medrex/contracts';
import { BaseRpcContext } from '@nestjs/microservices';

/** Passed to a handler with its run; `@Ctx() context: RunContext`. */
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

  /** Commits the whole run, or what is below `offset`. Call it when everything produced from it is durable. */
  async commit(offset?: number): Promise<void> {
    await this.#log.commit(this.#group, this.#run.topic, this.#run.partition, offset ?? this.#end);
  }

  /** Commits eventually, together with later runs; for a reader that could also read the records again. */
  commitSoon(): void {
    this.#paced.done(this.#run.topic, this.#run.partition, this.#end);
  }

  get #end(): number {
    return (this.#run.records.at(-1)?.offset ?? -1) + 1;
  }
}
