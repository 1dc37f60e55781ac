/**
 * A moment of a capture: nanoseconds since the whole second of the run's first packet. Exact for 104 days around it
 * (2^53 ns); beyond that rounded to the nearest representable number. `epochSeconds` of the run turns it into a date.
 */
export type Nanos = number;

/** Nanoseconds in one second, millisecond, microsecond. */
export const SECOND = 1e9;
export const MILLISECOND = 1e6;
export const MICROSECOND = 1e3;

/**
 * RFC 3339 date in UTC with nine decimals.
 *
 * @param epochSeconds whole seconds since 1970 of the run's first packet
 * @param nanos moment relative to it; dates outside the years 0 to 9999 are clamped
 */
export function formatDate(epochSeconds: number, nanos: Nanos): string {
  const whole = Math.floor(nanos / SECOND);
  const fraction = Math.floor(nanos - whole * SECOND);
  const seconds = Math.min(Math.max(epochSeconds + whole, -62_167_219_200), 253_402_300_799);
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${String(fraction).padStart(9, '0')}Z`;
}

/**
 * A duration for people: three significant digits and a unit, `1.55 s`, `340 ms`, `52.0 µs`. One below zero is none: packets
 * changed places on their way into the capture, or a clock was set back. That, and no time at all, is said in words which
 * fit wherever a duration does: `an unknown time later`, `within no measurable time`.
 */
export function formatDuration(nanos: Nanos): string {
  if (nanos < 0) return 'an unknown time';
  if (nanos === 0) return 'no measurable time';
  if (nanos >= 48 * 3600 * SECOND) {
    const days = nanos / (86_400 * SECOND);
    return `${days < 1000 ? days.toPrecision(3) : Math.round(days)} days`;
  }
  if (nanos >= 7200 * SECOND) return `${(nanos / (3600 * SECOND)).toPrecision(3)} h`;
  if (nanos >= 120 * SECOND) return `${(nanos / (60 * SECOND)).toPrecision(3)} min`;
  if (nanos >= SECOND) return `${(nanos / SECOND).toPrecision(3)} s`;
  if (nanos >= MILLISECOND) return `${(nanos / MILLISECOND).toPrecision(3)} ms`;
  return `${(nanos / MICROSECOND).toPrecision(3)} µs`;
}
