import type { Fault } from '../../src/model/fault.ts';
import type { Finding } from '../../src/model/finding.ts';
import type { ConnectionHistory } from '../../src/model/history.ts';
import type { OctetSink } from '../../src/report/octet-writer.ts';
import { type Ending, type Reporter, Tally } from '../../src/report/reporter.ts';
import { RunContext } from '../../src/report/run-context.ts';
import { FAKE_EPOCH, fakeEnding, fakePlaces, fakeResult } from '../support/fake-run.ts';

type Make = (sink: OctetSink, run: RunContext) => Reporter;

export interface Told {
  readonly connections?: readonly ConnectionHistory[];
  readonly findings?: readonly Finding[];
  readonly faults?: readonly Fault[];
  readonly ending?: Partial<Ending>;
}

/** What a reporter writes about a run. */
export async function report(
  make: Make,
  { connections = [], findings = [], faults = [], ending }: Told,
): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let text = '';
  const result = ending?.result ?? fakeResult({ connections: connections.length });
  const run = new RunContext(() => ({
    epochSeconds: FAKE_EPOCH,
    places: fakePlaces(result.captures),
    hostName: (address) => result.captures[0]?.hostNames.get(address)?.[0],
  }));
  const reporter = make((octets) => {
    text += decoder.decode(octets, { stream: true });
  }, run);
  const tally = new Tally();
  for (const history of connections) {
    tally.connection(history);
    reporter.connection(history);
  }
  for (const finding of findings) {
    tally.finding(finding);
    reporter.finding(finding);
  }
  for (const fault of faults) reporter.fault?.(fault);
  reporter.flush();
  await reporter.end(fakeEnding({ tally, result, ...ending }));
  return text + decoder.decode();
}
