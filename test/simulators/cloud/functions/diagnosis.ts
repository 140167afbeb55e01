/**
 * What a device reports of its network.
 *
 *   _thing/diag/post   params {"p":{"wifi":{"rssi","snr","per","err_stats"},"_time":ms},
 *                              "model":"format=simple|quantity=single|time=now"}
 *                      history: "quantity=batch|time=history", p an array
 *
 * Source: reference/aliyun.md 7.
 */
import { Refusal } from '../alink';
import { array, object, text } from '../params';
import { append } from '../recent';
import type { Handlers } from '../requests';

const MODEL = /^format=simple\|quantity=(?:single\|time=now|batch\|time=history)$/;

export class Diagnosis {
  /** The `params` of each report, oldest first. */
  readonly reports: object[] = [];

  readonly handlers: Handlers = {
    '_thing/diag/post': (params) => {
      const report = object(params);
      const isHistory = text(report.model, MODEL, 'model').includes('batch');
      const samples = isHistory ? array(report.p) : [report.p];
      for (const sample of samples) {
        if (typeof object(sample)._time !== 'number') throw new Refusal(460, 'params: _time is missing');
      }
      append(this.reports, report);
      return {};
    },
  };
}
