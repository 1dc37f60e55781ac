import type { UpgradeFact } from '../../src/model/upgrade.ts';
import { at } from './fake-history.ts';

/** STARTTLS of SMTP: asked for in packet 4, agreed to in packet 5, except for what is given. */
export function fakeUpgrade(given: Partial<UpgradeFact> = {}): UpgradeFact {
  return {
    protocol: 'smtp',
    request: at(4),
    answer: { ...at(5), from: 'server', line: '220 go', agreed: true },
    pipelined: undefined,
    instead: undefined,
    hasGaps: false,
    target: undefined,
    proxied: undefined,
    ...given,
  };
}
