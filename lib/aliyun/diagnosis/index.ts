/** The test of a sign-in: `diagnose(checkSettings(settings))`. */
export { type Diagnosis, type DiagnosisOptions, diagnose } from './diagnose';
