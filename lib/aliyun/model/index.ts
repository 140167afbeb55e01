/** The thing model of a device: what it has, and values converted and checked by it. */
export { FROM_CLOUD, ModelSource } from './source';
export { type Identifiers, ThingModel } from './thing-model';
