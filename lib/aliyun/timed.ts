/**
 * A property's value as Alink has it (pure): the value itself, or `{value, time}`, or `{value}`; the time is in
 * milliseconds since 1970, without one the cloud takes the time of arrival.
 *
 * Source: Alibaba Cloud IoT Platform, "Device properties, events, and services".
 */
import { isRecord } from '../untrusted';

/** Whether it stands in `{value, time}` or `{value}`. A struct that has more members than these is a value itself. */
export function isTimed(given: unknown): given is { value: unknown; time?: unknown } {
  return (
    isRecord(given) &&
    Object.hasOwn(given, 'value') &&
    Object.keys(given).every((key) => key === 'value' || key === 'time')
  );
}

/** `{identifier: value}` with `time` for all that have none. */
export function withTimes(params: Record<string, unknown>, time: number): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(params).map(([identifier, given]) => [
      identifier,
      isTimed(given) ? { time, ...given } : { value: given, time },
    ]),
  );
}
