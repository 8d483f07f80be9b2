export { aCatalog, idIn, type ARelation } from './a-catalog.ts';
