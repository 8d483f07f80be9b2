/** Day of the week from 0 for Monday; in IRIS, 1 is Sunday. */
export const daysSinceMonday = (value: string): string => `MOD(DATEPART('weekday', ${value}) + 5, 7)`;

/** The Thursday of the week, which decides its ISO year. */
const thursdayOf = (value: string): string => `DATEADD('day', 3 - ${daysSinceMonday(value)}, ${value})`;

export const isoWeek = (value: string): string => `((DATEPART('dayofyear', ${thursdayOf(value)}) - 1) \\ 7 + 1)`;
export const isoYear = (value: string): string => `DATEPART('year', ${thursdayOf(value)})`;
export const isoDay = (value: string): string => `(${daysSinceMonday(value)} + 1)`;
