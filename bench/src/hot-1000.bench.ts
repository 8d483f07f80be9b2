import { hotBench } from './hot-bench.ts';

export const bench = hotBench(1000);
