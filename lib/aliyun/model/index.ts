/** The thing model of a device: what it has, and values converted and checked by it. */
export { type Identifiers, ThingModel } from './thing-model';
