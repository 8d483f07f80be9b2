/**
 * A violation of the protocol, with the error for the peer in PostgreSQL's words. A value and not an exception, since any peer can cause
 * one and it is found in the hottest loop of the proxy.
 */
export interface WireFault {
  readonly sqlstate: string;
  readonly message: string;
  readonly hint?: string;
  /** The routine of PostgreSQL that reports it, if drivers recognize the error by that. */
  readonly routine?: string;
  /** PostgreSQL only logs it and closes the connection. */
  readonly isSilent?: true;
  /** The reason in one word, for the log only; the peer is not told. */
  readonly reason?: string;
}

export const protocolViolation = (message: string): WireFault => ({ sqlstate: '08P01', message });

/** The fault for a message of valid length with an invalid body, for which decoders return undefined. */
export const malformed: WireFault = protocolViolation('invalid message format');
