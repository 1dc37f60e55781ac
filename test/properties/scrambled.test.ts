/**
 * Scrambled judgement: whatever a capture lacks, however the tap has it, and whatever else is in it, what is said of the
 * whole capture stays, or is said with less confidence, or not at all. It never turns into another cause. `npm run
 * scramble` looks longer, and prints how often which of these came about.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sampleNames } from '../support/sample-handshakes.ts';
import {
  captureOf,
  type Fate,
  fatesOf,
  type Harm,
  harmed,
  harms,
  objection,
  points,
  read,
  readSample,
  type Sample,
  soundConnections,
  type Told,
  views,
} from './scrambled.ts';

/** `SEED` and `MORE` in the environment search elsewhere, and longer. */
const { SEED = '20261122', MORE = '1' } = process.env;
const more = Number(MORE);

const samples = sampleNames().map(readSample);

/** What is wrong with a sample, seen with its secrets or without: both are true. */
const truths = new Map<string, readonly Told[]>();
function truthOf(sample: Sample): readonly Told[] {
  const known = truths.get(sample.name);
  if (known !== undefined) return known;
  const file = captureOf(sample.packets, sample.linkType);
  const truth = [undefined, ...(sample.keyLog ? [sample.keyLog] : [])].flatMap((keyLog) =>
    read(file, keyLog),
  );
  truths.set(sample.name, truth);
  return truth;
}

const isFaulty = (sample: Sample): boolean =>
  truthOf(sample).some(({ severity }) => severity !== 'info');

/** One of something, told as if there were several. */
const ONE_OF_MANY =
  /(?<![\w.,:] ?)1 (?:such |more |protected )?(?:connection|datagram|handshake|octet|packet|pair|record|time)s\b/;

/** What was said wrongly, one line each. */
function judge(said: readonly Told[], sample: Sample, how: string): string[] {
  return said.flatMap((one) => {
    const wrong = ONE_OF_MANY.test(one.summary) ? 'a plural' : objection(one, truthOf(sample));
    const { severity, confidence, rule, summary } = one;
    return wrong === undefined
      ? []
      : `${sample.name}, ${how}: ${wrong}: ${severity} ${confidence} ${rule}: ${summary}`;
  });
}

/** How often which fate befell the findings. */
class Figures {
  private readonly counts = new Map<Fate, number>();

  add(said: readonly Told[], truth: readonly Told[]): void {
    for (const fate of fatesOf(said, truth))
      this.counts.set(fate, (this.counts.get(fate) ?? 0) + 1);
  }

  print(name: string): void {
    if (more === 1) return;
    const all = [...this.counts].map(([fate, count]) => `${count} ${fate}`);
    console.log(`${name}: ${all.sort().join(', ')}, 0 another cause`);
  }
}

const scramblesOf = (sample: Sample, count: number, of = harms): Harm[][] =>
  fc.sample(of, { numRuns: count * more, seed: Number(SEED) + samples.indexOf(sample) * 7919 });

describe('what is said of a sample', { timeout: 120_000 * more }, () => {
  it('stays, weakens or goes when packets of it are missing', () => {
    const figures = new Figures();
    const wrong: string[] = [];
    for (const sample of samples) {
      scramblesOf(sample, isFaulty(sample) ? 6 : 3).forEach((list, n) => {
        // In turn without secrets and with them.
        const keyLog = n % 2 === 0 ? undefined : sample.keyLog;
        const left = harmed(sample.packets, list, sample.linkType);
        const said = read(captureOf(left, sample.linkType), keyLog);
        wrong.push(
          ...judge(
            said,
            sample,
            `${keyLog === undefined ? '' : 'with keys, '}${JSON.stringify(list)}`,
          ),
        );
        if (more === 1) return;
        // What only secrets show is not lost where none are given.
        const whole = captureOf(sample.packets, sample.linkType);
        figures.add(said, keyLog === undefined ? read(whole, undefined) : truthOf(sample));
      });
    }
    expect(wrong).toEqual([]);
    figures.print('alone');
  });

  it('stays, weakens or goes when packets come out of order, twice, or from both sides of a translator', () => {
    const wrong: string[] = [];
    for (const sample of samples) {
      scramblesOf(sample, isFaulty(sample) ? 1 : 2, views).forEach((list, n) => {
        const keyLog = (n + samples.indexOf(sample)) % 2 === 0 ? undefined : sample.keyLog;
        const left = harmed(sample.packets, list, sample.linkType);
        const said = read(captureOf(left, sample.linkType), keyLog);
        const how = `${keyLog === undefined ? '' : 'with keys, '}${JSON.stringify(list)}`;
        wrong.push(...judge(said, sample, how));
      });
    }
    expect(wrong).toEqual([]);
  });

  it('stays, weakens or goes when captures of two points whose clocks are apart are in one', () => {
    const wrong: string[] = [];
    for (const sample of samples.filter(({ name }) => name.startsWith('dtls')))
      for (const list of scramblesOf(sample, 2, points)) {
        const left = harmed(sample.packets, list, sample.linkType);
        wrong.push(
          ...judge(read(captureOf(left, sample.linkType), undefined), sample, JSON.stringify(list)),
        );
      }
    expect(wrong).toEqual([]);
  });

  it('stays, weakens or goes among a thousand sound connections', () => {
    const figures = new Figures();
    const wrong: string[] = [];
    const others = soundConnections(1000);
    expect(
      read(captureOf([], 1, others), undefined).filter(({ severity }) => severity !== 'info'),
    ).toEqual([]);
    const faulty = samples.filter(isFaulty);
    const some = more > 1 ? faulty : faulty.filter((_, n) => n % 18 === Number(SEED) % 18);
    for (const sample of some) {
      const [list = []] = scramblesOf(sample, 1);
      // Whole, and mangled.
      for (const harm of [[], list]) {
        const left = harmed(sample.packets, harm, sample.linkType);
        const said = read(captureOf(left, sample.linkType, others, 2e9), undefined);
        wrong.push(...judge(said, sample, `among others, ${JSON.stringify(harm)}`));
        if (more > 1)
          figures.add(said, read(captureOf(sample.packets, sample.linkType), undefined));
      }
    }
    expect(wrong).toEqual([]);
    figures.print('among a thousand');
  });
});

/** What this property found, by what was said wrongly. */
const FOUND: readonly [what: string, sample: string, list: Harm[], keys?: 'with keys'][] = [
  [
    'an alert that replies to a close, of a client whose last octets are missing',
    'browser-quic-ech',
    [{ kind: 'one-way', share: 0.713, seed: 224621, way: 0 }],
    'with keys',
  ],
  [
    'a close on a ClientHello whose answer is missing, SYN-ACK included',
    'browser-quic-ech',
    [{ kind: 'one-way', share: 0.945, seed: 265690, way: 1 }],
  ],
  [
    'an abort by a client of which nothing is left but its FIN',
    'proxy-mistakes-none',
    [
      { kind: 'few', places: [0.265, 0.748] },
      { kind: 'one-way', share: 0.95, seed: 999998, way: 1 },
    ],
  ],
  [
    'an unread alert in a handshake of which the server’s part is missing',
    'tls-orderly-restart',
    [{ kind: 'one-way', share: 0.687, seed: 267476, way: 0 }],
  ],
  [
    'an abort by close_notify of DTLS 1.3 whose client’s flight is missing',
    'dtls13-healthy',
    [{ kind: 'one-way', share: 0.687, seed: 267476, way: 0 }],
    'with keys',
  ],
  [
    'a close at key set-up whose last flight is missing',
    'tls13-early-data-rejected',
    [
      { kind: 'one-way', share: 0.501, seed: 173277, way: 1 },
      { kind: 'scattered', share: 0.4205, seed: 319488 },
    ],
  ],
  [
    'a refusal where only the SYN-ACK is missing',
    'tls-close-after-clienthello',
    [{ kind: 'scattered', share: 0.496, seed: 48747 }],
  ],
  [
    'the handshake of a sibling that kills the server',
    'go-panic-on-resumption',
    [
      { kind: 'gap', from: 0.645, share: 0.21466666666666667 },
      { kind: 'scattered', share: 0.3595, seed: 285788 },
    ],
  ],
  [
    'a server that dies of what its kernel turned away',
    'tls-accept-queue-overflow',
    [
      { kind: 'scattered', share: 0.0505, seed: 427130 },
      { kind: 'scattered', share: 0.3685, seed: 345091 },
    ],
  ],
  [
    'a half-open connection whose FIN is missing',
    'tls-timewait-collision',
    [{ kind: 'few', places: [0.346, 0.733, 0.975] }],
  ],
  [
    'a signature of one association under the ClientHello of another',
    'dtls-late-close-notify-after-handshake',
    [{ kind: 'one-way', share: 0.508, seed: 586428, way: 0 }],
  ],
  [
    'a signature of an association whose ClientHello is missing',
    'dtls-old-epoch-record',
    [
      { kind: 'scattered', share: 0.498, seed: 762390 },
      { kind: 'one-way', share: 0.128, seed: 0, way: 0 },
    ],
  ],
  [
    'an alert that was obeyed, where data behind it is missing',
    'dtls-epoch0-alert',
    [{ kind: 'few', places: [0.497, 0.065, 0.816] }],
  ],
  [
    'a late close that hurt, where the close that was answered is missing',
    'dtls-old-epoch-record',
    [
      { kind: 'few', places: [0.409] },
      { kind: 'scattered', share: 0.0585, seed: 485588 },
    ],
  ],
  [
    'a record of an older association, in one whose handshake is missing',
    'dtls-orderly-reconnect',
    [
      { kind: 'scattered', share: 0.451, seed: 342315 },
      { kind: 'few', places: [0.667, 0.645] },
    ],
  ],
  [
    'a record of an older association, in one whose handshake was cut',
    'dtls-orderly-reconnect',
    [{ kind: 'cut-packets', octets: 276 }],
  ],
  [
    'a number used twice, with a handshake between that is missing',
    'dtls-orderly-reconnect',
    [{ kind: 'gap', from: 0.237, share: 0.31966666666666665 }],
  ],
  [
    'a foreign record, where its reflection’s origin is missing',
    'proxy-reflects-record',
    [
      { kind: 'gap', from: 0.161, share: 0.04133333333333333 },
      { kind: 'few', places: [0.928] },
    ],
  ],
  [
    'plain text that was asked for in octets that are missing',
    'tls-twice-on-one-connection',
    [{ kind: 'few', places: [0.687, 0.414, 0.775, 0.582] }],
  ],
  [
    'a second writer, where a handshake is missing',
    'tls-twice-on-one-connection',
    [{ kind: 'one-way', share: 0.4345, seed: 127554, way: 0 }],
  ],
  [
    'TLS at a plain-text port, where the dialogue before it is missing',
    'tls-upgrades-refused',
    [
      { kind: 'gap', from: 0.726, share: 0.26766666666666666 },
      { kind: 'scattered', share: 0.4335, seed: 383902 },
    ],
  ],
  [
    'a wrong Finished over messages that were cut',
    'dtls-late-close-notify-after-handshake-fatal',
    [
      { kind: 'few', places: [0.819, 0.516, 0.857] },
      { kind: 'cut-packets', octets: 450 },
    ],
    'with keys',
  ],
  [
    'a cookie of another client, where the ClientHello that it answered is missing',
    'dtls-clienthello-fragmented',
    [{ kind: 'scattered', share: 0.2665, seed: 362198 }],
  ],
  [
    'an impossible length, in an association of which little is left',
    'dtls-cid-migration',
    [
      { kind: 'one-way', share: 0.997, seed: 16, way: 0 },
      { kind: 'few', places: [0.882] },
    ],
  ],
  [
    'a side that does MAC-then-encrypt, on one side of a translator where answers come first',
    'tls-psk-mismatch',
    [{ kind: 'translated', late: 396_000, seed: 275463, share: 1 }],
    'with keys',
  ],
  [
    'a wrong Finished, on one side of a translator where answers come first',
    'proxy-doubles-record',
    [{ kind: 'translated', late: 241_000, seed: 322618, share: 1 }],
    'with keys',
  ],
  [
    'a connection that was cut, where the RST overtook the FIN before it',
    'tls-behind-proxies',
    [{ kind: 'shaken', most: 127_000, seed: 999988 }],
  ],
  [
    'a connection that was cut, among doubled packets in another order',
    'tls-truncated-close',
    [
      { kind: 'doubled', share: 1, late: 1000, seed: 559531 },
      { kind: 'shaken', most: 224_000, seed: 999994 },
    ],
  ],
  [
    'an old connection that was still open, where a RST came before its time',
    'tls-timewait-collision',
    [
      { kind: 'shaken', most: 67_000, seed: 532478 },
      { kind: 'few', places: [0.383, 0.745] },
      { kind: 'shaken', most: 55_000, seed: 375149 },
    ],
  ],
  [
    'a connection that was turned away, where the RST overtook the FIN before it',
    'tls-close-after-clienthello',
    [
      { kind: 'shaken', most: 224_000, seed: 719943 },
      { kind: 'few', places: [0.005] },
    ],
  ],
  [
    'one random in three handshakes, seen on both sides of two translators with holes',
    'tls-aead-wrong-length',
    [
      { kind: 'translated', late: 71_000, seed: 84557, share: 0.9 },
      { kind: 'translated', late: 98_000, seed: 129320, share: 1 },
    ],
  ],
  [
    'a cookie of another client, which is the same on the other side of a translator',
    'dtls-fragmented-flight',
    [
      { kind: 'translated', late: 6000, seed: 14, share: 0.5 },
      { kind: 'gap', from: 0.028, share: 0.2 },
    ],
    'with keys',
  ],
  [
    'a record of an older association, where a HelloRetryRequest is doubled',
    'dtls13-healthy',
    [{ kind: 'doubled', share: 0.5, late: 2_000_000, seed: 333719 }],
  ],
  [
    'a connection that was accepted and reset, whose ClientHello is missing',
    'tls-pq-clienthello-intolerant',
    [
      { kind: 'gap', from: 0.655, share: 0.05333333333333334 },
      { kind: 'few', places: [0.557] },
    ],
  ],
  [
    'two pairs under one number, where a datagram is doubled',
    'proxy-crosses-datagrams',
    [{ kind: 'doubled', share: 0.695, late: 1_331_000, seed: 131850 }],
  ],
  [
    'the record before the one that was refused, where the tap has that behind the alert',
    'proxy-changes-octets',
    [{ kind: 'late-way', late: 134_000, way: 0 }],
    'with keys',
  ],
];

describe('nothing else is said where packets are missing, or in another order', () => {
  it.each(FOUND)('%s: %s', (_, name, list, keys) => {
    const sample = samples.find((one) => one.name === name);
    if (sample === undefined) throw new Error(`no sample ${name}`);
    const left = harmed(sample.packets, list, sample.linkType);
    const said = read(captureOf(left, sample.linkType), keys && sample.keyLog);
    expect(judge(said, sample, 'found before')).toEqual([]);
  });
});
