export { Slapd, slapdBinary } from './slapd.ts';
