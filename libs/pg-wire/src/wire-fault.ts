/**
 * Bytes that do not follow the protocol: what the peer is told, in PostgreSQL's words. A value and not an exception,
 * because anybody can send such bytes and a proxy reads them in its hottest loop.
 */
export interface WireFault {
  readonly sqlstate: string;
  readonly message: string;
  readonly hint?: string;
  /** The function of PostgreSQL that says so, where drivers tell the fault by it. */
  readonly routine?: string;
  /** A server of PostgreSQL writes it to its log alone, and hangs up. */
  readonly isSilent?: true;
  /** Why, in one word, where the peer is told less: for the log alone. */
  readonly reason?: string;
}

export const protocolViolation = (message: string): WireFault => ({ sqlstate: '08P01', message });

/** What is said of a message whose length is right and whose inside is not. Decoders return undefined for it. */
export const malformed: WireFault = protocolViolation('invalid message format');
