export { sqlDriverContract, type SqlDriverSubject } from './sql-driver-contract.ts';
