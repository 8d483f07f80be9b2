/** What kind of work a checkout is for; the scheduler shares a pool's backends by it. */
export const workloadClasses = ['interactive', 'vector', 'analytical', 'bulk', 'admin'] as const;

export type WorkloadClass = (typeof workloadClasses)[number];
