export { pgjdbcJar } from './pgjdbc.ts';
export { StandInIris, type StandInConnection, type StandInOptions } from './stand-in-iris.ts';
