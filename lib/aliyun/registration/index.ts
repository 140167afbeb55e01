/** The sign-in of a device that knows only its product's secret: `new Registration(options).credentials()`. */
export type { Credentials } from './credentials';
export { Registration, type RegistrationMethod, type RegistrationOptions } from './registration';
