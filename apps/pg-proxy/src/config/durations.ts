import { z } from 'zod';

/** The longest time for a timer of Node, about three weeks; a longer one fires at once. In ms. */
export const longestMs = 2 ** 31 - 1;

export const milliseconds = z.int().positive().max(longestMs);
/** 0 has a meaning of its own. */
export const millisecondsOrNone = z.int().min(0).max(longestMs);
