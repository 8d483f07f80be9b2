export { IrisDatabase, type IrisDatabaseOptions, type IrisLogin, type IrisOpened } from './database/iris-database.ts';
export { irisError, irisErrors } from './errors.ts';
export { JdbcBridge } from './jdbc/jdbc-bridge.ts';
export { JdbcDriver, type JdbcOptions } from './jdbc/jdbc-driver.ts';
export { reportOf } from './session/session-fault.ts';
export { serverVersion } from './session/session-settings.ts';
export type { SessionStream } from './session/session-stream.ts';
