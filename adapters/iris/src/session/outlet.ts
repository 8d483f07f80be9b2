/** Where answers go; `drained` resolves when the reader can take more. */
export interface Outlet {
  send(message: Buffer): void;
  drained(): Promise<void> | undefined;
}
