/** A parameter and the type to bind it as. */
export type SqlValue =
  | null
  | {
      readonly as: 'text' | 'integer' | 'decimal' | 'double' | 'boolean' | 'date' | 'time' | 'timestamp';
      readonly text: string;
    }
  | { readonly as: 'bytes'; readonly bytes: Uint8Array }
  /** Several values in one parameter, if the server supports that. */
  | { readonly as: 'list'; readonly items: readonly string[] };
