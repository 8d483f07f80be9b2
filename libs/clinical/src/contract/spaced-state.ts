import { CodedError } from '@medrex/coded-error';
import type { State } from '@medrex/execute-batch';
import { spaceOf, type KeySpace, type StateKey } from '@medrex/keys';
import { clinicalErrors } from '../errors.ts';

/**
 * The state as one module may access it: only keys in its own spaces. This keeps financial and clinical records apart
 * wherever state is read or written.
 */
export class SpacedState implements State {
  readonly #state: State;
  readonly #spaces: readonly KeySpace[];
  readonly #type: string;

  constructor(state: State, spaces: readonly KeySpace[], type: string) {
    this.#state = state;
    this.#spaces = spaces;
    this.#type = type;
  }

  /** @throws CodedError SPACE_FORBIDDEN, as all methods do. */
  async get(key: StateKey): Promise<Uint8Array | undefined> {
    this.#check(key);
    return this.#state.get(key);
  }

  put(key: StateKey, value: Uint8Array): void {
    this.#check(key);
    this.#state.put(key, value);
  }

  delete(key: StateKey): void {
    this.#check(key);
    this.#state.delete(key);
  }

  #check(key: StateKey): void {
    const space = spaceOf(key);
    if (space !== undefined && this.#spaces.includes(space)) return;
    throw new CodedError(clinicalErrors.SPACE_FORBIDDEN, `${this.#type} touched a key of space ${space ?? 'none'}`);
  }
}
