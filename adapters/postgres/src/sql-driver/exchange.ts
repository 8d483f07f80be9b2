import type pg from 'pg';

/** The messages of a server up to ReadyForQuery. */
export interface Exchanged {
  columns: readonly pg.FieldDef[] | undefined;
  parameterTypes: readonly number[];
  readonly rows: (readonly (string | null)[])[];
  /** There are more rows. */
  isSuspended: boolean;
  tag: string;
}

/** Sends messages of the extended protocol by `pg`. */
export type Ask = (connection: pg.Connection) => void;

interface Emitting {
  on(event: string, listener: (message: never) => void): void;
  off(event: string, listener: (message: never) => void): void;
}

/** Sends messages up to a Sync by a client of `pg`, queued after its other queries, and collects the answers. Rejects with the server's error. */
export async function exchange(client: pg.Client, ask: Ask): Promise<Exchanged> {
  return new Promise((resolve, reject) => {
    const exchanged: Exchanged = { columns: undefined, parameterTypes: [], rows: [], isSuspended: false, tag: '' };
    let emitting: Emitting | undefined;
    const described = (message: { readonly dataTypeIDs: readonly number[] }): void => {
      exchanged.parameterTypes = message.dataTypeIDs;
    };
    const question = {
      submit: (connection: pg.Connection) => {
        emitting = connection as unknown as Emitting;
        emitting.on('parameterDescription', described);
        ask(connection);
        connection.sync();
      },
      handleRowDescription: ({ fields }: { readonly fields: readonly pg.FieldDef[] }) => (exchanged.columns = fields),
      handleDataRow: ({ fields }: { readonly fields: readonly (string | null)[] }) => exchanged.rows.push(fields),
      handlePortalSuspended: () => (exchanged.isSuspended = true),
      handleCommandComplete: ({ text }: { readonly text: string }) => (exchanged.tag = text),
      handleEmptyQuery: () => undefined,
      // After an error, the client handles ReadyForQuery itself and passes nothing more on.
      handleError: (error: Error) => {
        emitting?.off('parameterDescription', described);
        reject(error);
      },
      handleReadyForQuery: () => {
        emitting?.off('parameterDescription', described);
        resolve(exchanged);
      },
    };
    client.query(question as unknown as pg.Submittable);
  });
}
