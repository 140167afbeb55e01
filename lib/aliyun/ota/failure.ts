/**
 * What a failed upgrade tells the cloud (pure): the step that ends its task. -1 "upgrade failed", -2 the download, -3 the
 * verification; -4, flashing, is the flow's to report.
 *
 * Source: Alibaba Cloud IoT Platform, "OTA update", reporting progress.
 */
import { MialinkError, messageOf, type Reason } from '../../errors';

/** Every other reason is -1. */
const STEPS: Partial<Record<Reason, number>> = {
  otaUrlRefused: -2,
  otaUrlExpired: -2,
  otaTooLarge: -2,
  otaNoSpace: -2,
  otaDownloadFailed: -2,
  otaStorageFailed: -2,
  otaVerifyFailed: -3,
  otaSignatureMissing: -3,
  otaSignatureWrong: -3,
};

export function stepOf(problem: MialinkError): number {
  return STEPS[problem.reason] ?? -1;
}

/** What a download has thrown; `label` names the device. */
export function asProblem(error: unknown, label: string): MialinkError {
  if (error instanceof MialinkError) return error;
  return new MialinkError('otaDownloadFailed', { device: label, cause: messageOf(error) });
}
