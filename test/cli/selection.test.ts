import { describe, expect, test } from 'vitest';
import {
  parseHost,
  parseMoment,
  parsePort,
  parseStream,
  Selection,
  type SelectionOptions,
  selectionText,
} from '../../src/cli/selection.ts';
import { SECOND } from '../../src/model/time.ts';
import { fakeHistory } from '../support/fake-history.ts';
import { FAKE_EPOCH, fakeFinding } from '../support/fake-run.ts';

const histories = [
  fakeHistory({ id: 1, startNanos: 1 * SECOND, endNanos: 2 * SECOND }),
  fakeHistory({
    id: 2,
    protocol: 'DTLS',
    stream: 3,
    server: { address: '2001:db8::2', port: 5684 },
    startNanos: 5 * SECOND,
    endNanos: 9 * SECOND,
  }),
];

/** Ids of the connections that pass. */
function passing(options: SelectionOptions): number[] {
  const ids: number[] = [];
  const sink = { connection: ({ id }: { id: number }) => void ids.push(id), finding() {} };
  const selection = new Selection(options, sink, () => FAKE_EPOCH);
  for (const history of histories) selection.connection(history);
  return ids;
}

/** Titles of the findings that pass, one about each connection and one about none. */
function passingFindings(options: SelectionOptions): string[] {
  const titles: string[] = [];
  const sink = {
    connection() {},
    finding: ({ title }: { title: string }) => void titles.push(title),
  };
  const selection = new Selection(options, sink, () => FAKE_EPOCH);
  for (const history of histories) selection.connection(history);
  selection.finding(fakeFinding({ title: 'first', connections: [1] }));
  selection.finding(fakeFinding({ title: 'both', connections: [2, 1], confidence: 'possible' }));
  selection.finding(
    fakeFinding({
      title: 'none',
      connections: [],
      nanos: 7 * SECOND,
      displayFilter: 'tcp.stream eq 4 && ip.addr eq 192.0.2.9 && tcp.port eq 443',
    }),
  );
  return titles;
}

describe('connections', () => {
  test.each<[SelectionOptions, number[]]>([
    [{}, [1, 2]],
    [{ host: '192.0.2.1' }, [1, 2]],
    [{ host: '2001:db8::2' }, [2]],
    [{ host: '192.0.2.99' }, []],
    [{ port: 443 }, [1]],
    [{ port: 50_000 }, [1, 2]],
    [{ stream: { transport: 'udp', index: 3 } }, [2]],
    [{ stream: { transport: 'tcp', index: 3 } }, []],
    [{ from: parseMoment('--from', String(FAKE_EPOCH + 3)) }, [2]],
    [{ to: parseMoment('--to', String(FAKE_EPOCH + 3)) }, [1]],
    [{ from: parseMoment('--from', '2024-05-01T12:00:02Z') }, [1, 2]],
    [{ from: parseMoment('--from', '2024-05-01T12:00:02.000000001Z') }, [2]],
    [{ host: '192.0.2.1', port: 443 }, [1]],
  ])('%j', (options, ids) => {
    expect(passing(options)).toEqual(ids);
  });
});

describe('findings', () => {
  test.each<[SelectionOptions, string[]]>([
    [{}, ['first', 'both', 'none']],
    [{ minConfidence: 'likely' }, ['first', 'none']],
    [{ minConfidence: 'proven' }, []],
    [{ port: 443 }, ['first', 'both', 'none']],
    [{ port: 5684 }, ['both']],
    [{ host: '192.0.2.9' }, ['none']],
    [{ host: '192.0.2.99' }, []],
    [{ stream: { transport: 'tcp', index: 4 } }, ['none']],
    [{ stream: { transport: 'udp', index: 4 } }, []],
    [{ from: parseMoment('--from', String(FAKE_EPOCH + 8)) }, ['both']],
  ])('%j', (options, titles) => {
    expect(passingFindings(options)).toEqual(titles);
  });
});

test.each<[SelectionOptions, number]>([
  [{ host: '192.0.2.9' }, 1],
  [{ port: 443 }, 1],
  [{ port: 444 }, 0],
])('a finding about a server alone is found by it: %j', (options, count) => {
  let passed = 0;
  const sink = { connection() {}, finding: () => void passed++ };
  const server = { address: '192.0.2.9', port: 443 };
  new Selection(options, sink, () => FAKE_EPOCH).finding(fakeFinding({ connections: [], server }));
  expect(passed).toBe(count);
});

describe('words of the command line', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['[::1]', '::1'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
  ])('host %s', (text, host) => {
    expect(parseHost(text)).toBe(host);
  });

  test.each([
    ['2024-05-01', 0, 0],
    ['2024-05-01T12:00', 43_200, 0],
    ['2024-05-01 12:00:01.5', 43_201, 500_000_000],
    ['2024-05-01T14:00:00+02:00', 43_200, 0],
    ['2024-05-01t12:00:00z', 43_200, 0],
    ['1714564800.000000007', 43_200, 7],
  ])('time %s', (text, ofDay, nanos) => {
    const midnight = Date.UTC(2024, 4, 1) / 1000;
    expect(parseMoment('--from', text)).toEqual({ text, seconds: midnight + ofDay, nanos });
  });

  test.each(['', 'noon', '2024-13-01', '2024-05-01T25:00', '-5', '1e9'])('no time: %j', (text) => {
    expect(() => parseMoment('--to', text)).toThrow(/^--to takes/);
  });

  test.each(['tcp', 'tcp:', 'tcp:-1', 'sctp:1', 'tcp:1.5'])('no stream: %j', (text) => {
    expect(() => parseStream(text)).toThrow(/^--stream takes/);
  });

  test.each(['', '-1', '65536', '1e3', '0x50'])('no port: %j', (text) => {
    expect(() => parsePort(text)).toThrow(/^--port takes/);
  });

  test('are told again in the report', () => {
    expect(
      selectionText({
        host: '::1',
        port: 0,
        stream: { transport: 'tcp', index: 0 },
        from: parseMoment('--from', '5'),
        to: parseMoment('--to', '6'),
        minConfidence: 'proven',
      }),
    ).toBe('--host ::1 --port 0 --stream tcp:0 --from 5 --to 6');
  });
});
