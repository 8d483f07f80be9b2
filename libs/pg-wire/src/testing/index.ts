export { cut, framesOf, type Framed } from './frames-of.ts';
export { dice, mutated, type Dice } from './mutated.ts';
