/** 12,345 */
export const count = (value: number): string => Math.round(value).toLocaleString('en-US');
/** 0.93 */
export const ratio = (value: number): string => value.toFixed(2);
/** 41.2 µs */
export const microseconds = (value: number): string => `${value.toFixed(1)} µs`;
/** 128 ms */
export const milliseconds = (value: number): string => `${Math.round(value)} ms`;
/** 1.42 s */
export const seconds = (value: number): string => `${value.toFixed(2)} s`;
/** 152 MB */
export const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;
