/** Where answers go; `drained` when the reader has taken enough that more may be sent. */
export interface Outlet {
  send(message: Buffer): void;
  drained(): Promise<void> | undefined;
}
