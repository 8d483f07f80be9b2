import { z } from 'zod';

/** What a timer of Node can wait for, about three weeks: one that is set for longer ends at once. */
export const longestMs = 2 ** 31 - 1;

export const milliseconds = z.int().positive().max(longestMs);
/** 0 has a meaning of its own. */
export const millisecondsOrNone = z.int().min(0).max(longestMs);
