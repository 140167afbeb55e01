/** MIoT spec files: names for numbers, and values checked before they are sent. */
export type { Access, ListedValue, Range } from './instance';
export { nearest } from './nearest';
export { parseSpec, readSpec } from './read';
export type { Spec, SpecAction, SpecEvent, SpecProperty } from './spec';
