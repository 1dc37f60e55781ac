import { describe, expect, it } from 'vitest';
import type { Evidence } from '../../src/model/finding.ts';
import type { FindingVerdict, RuleMeta } from '../../src/model/rule.ts';
import { dtlsIpFragmentation } from '../../src/rules/handshake/dtls-ip-fragmentation.ts';
import { isKnownClause, referenceTo } from '../../src/rules/references.ts';
import { printable, renderFinding, type StreamOf } from '../../src/rules/render.ts';
import { at } from '../support/fake-history.ts';

const META: RuleMeta = {
  id: 'a-rule',
  group: 'misdelivery',
  title: 'A rule',
  severity: 'warning',
  sources: ['RFC 6347 §4.2.8', 'RFC 1337'],
  reports: '',
  matters: '',
  decides: '',
  silent: '',
  messages: {
    plain: {
      what: 'Server {name} in packet {packet}.',
      causes: ['because of {name}'],
      remedies: ['mend it'],
      commands: ['show {packet} {15,16}'],
    },
    other: { title: 'Another {name}', what: 'So.', causes: [], remedies: [], commands: [] },
  },
};

const seen = (packet: number, connection = 1): Evidence => ({
  ...at(packet),
  connection,
  note: 'seen',
});

const verdict = (more: Partial<FindingVerdict> = {}): FindingVerdict => ({
  kind: 'finding',
  message: 'plain',
  confidence: 'proven',
  data: { name: 'example.org', packet: 7 },
  evidence: [seen(9), seen(7), seen(9)],
  connections: [1],
  ...more,
});

const ends = {
  client: { address: '192.0.2.1', port: 4000 },
  server: { address: '2001:db8::1', port: 443 },
};
const streams: Readonly<Record<number, StreamOf>> = {
  1: { transport: 'udp', stream: 4, ...ends },
  2: { transport: 'udp', stream: 4, ...ends },
  3: { transport: 'tcp', stream: 0, ...ends },
};
const render = (more: Partial<FindingVerdict> = {}) =>
  renderFinding(META, verdict(more), (id) => streams[id]);

describe('renderFinding', () => {
  it('fills in the figures and puts the evidence into order', () => {
    expect(render()).toMatchObject({
      rule: 'a-rule',
      severity: 'warning',
      title: 'A rule',
      summary: 'Server example.org in packet 7.',
      causes: ['because of example.org'],
      commands: ['show 7 {15,16}'],
      packets: [7, 9],
      nanos: at(9).nanos,
      evidence: [{ packet: 7 }, { packet: 9 }, { packet: 9 }],
    });
  });

  it('takes severity, headline and further words from the verdict', () => {
    expect(render({ severity: 'critical', causes: ['more'] })).toMatchObject({
      severity: 'critical',
      causes: ['more', 'because of example.org'],
    });
    expect(render({ message: 'other' }).title).toBe('Another example.org');
  });

  it('makes what came from the wire printable, wherever it is shown', () => {
    const data = { name: 'a\u001b[31m\u202eb\n', packet: 7 };
    const finding = render({
      data,
      evidence: [{ ...seen(7), note: 'GET /\r\n' }],
      table: [['\u0000']],
      explanations: [{ likelihood: 'low', text: '\u2028', for: ['\u0007'], against: ['\u200b'] }],
    });
    expect(finding.summary).toBe('Server a\\x1b[31m\\u{202e}b\\x0a in packet 7.');
    expect(finding.evidence[0]?.note).toBe('GET /\\x0d\\x0a');
    expect(finding.table).toEqual([['\\x00']]);
    expect(finding.explanations[0]).toEqual({
      likelihood: 'low',
      text: '\\u{2028}',
      for: ['\\x07'],
      against: ['\\u{200b}'],
    });
    expect(printable('Grüße, 世界, ✓')).toBe('Grüße, 世界, ✓');
  });

  it('refuses a verdict that its rule has no words or figures for', () => {
    expect(() => render({ message: 'none' })).toThrow("no message 'none'");
    expect(() => render({ data: {} })).toThrow('no figure for {name}');
  });

  it.each<[string, Partial<FindingVerdict>, string]>([
    ['one connection', {}, 'udp.stream eq 4 && frame.number in {7,9}'],
    ['two on one stream', { connections: [1, 2] }, 'udp.stream eq 4 && frame.number in {7,9}'],
    ['two streams', { connections: [1, 3] }, 'frame.number in {7,9}'],
    ['a packet of no connection', { evidence: [seen(7, 0)] }, 'frame.number in {7}'],
    ['a connection that is not known', { connections: [1, 99] }, 'frame.number in {7,9}'],
  ])('writes a display filter for %s', (_, more, filter) => {
    expect(render(more).displayFilter).toBe(filter);
  });

  it('names no stream where IP fragments have none', () => {
    const { displayFilter } = renderFinding(
      { ...META, tellsFragments: true },
      verdict(),
      (id) => streams[id],
    );
    expect(displayFilter).toBe('frame.number in {7,9}');
    expect(dtlsIpFragmentation.meta.tellsFragments).toBe(true);
  });

  it('names the range of very many packets', () => {
    const evidence = [seen(1), ...Array.from({ length: 70 }, (_, n) => seen(10 + n))] as const;
    expect(render({ evidence }).displayFilter).toBe(
      'udp.stream eq 4 && frame.number >= 1 && frame.number <= 79',
    );
  });
});

describe('referenceTo', () => {
  it.each([
    [
      'RFC 6347 §4.2.8',
      'RFC 6347 section 4.2.8 (Establishing New Associations with Existing Parameters)',
      'https://www.rfc-editor.org/rfc/rfc6347#section-4.2.8',
    ],
    [
      'RFC 8446 §D.4',
      'RFC 8446 appendix D.4 (Middlebox Compatibility Mode)',
      'https://www.rfc-editor.org/rfc/rfc8446#appendix-D.4',
    ],
    ['RFC 1337', 'RFC 1337', 'https://www.rfc-editor.org/rfc/rfc1337'],
    ['RFC 6347 §9.9', 'RFC 6347 section 9.9', 'https://www.rfc-editor.org/rfc/rfc6347#section-9.9'],
  ])('links %s', (clause, title, url) => {
    expect(referenceTo(clause)).toEqual({ title, url });
  });

  it('knows which clauses were checked', () => {
    expect(isKnownClause('RFC 6347 §4.2.8')).toBe(true);
    expect(isKnownClause('RFC 6347 §9.9')).toBe(false);
    expect(isKnownClause('RFC 6347, section 4.2.8')).toBe(false);
    expect(() => referenceTo('6347 4.2.8')).toThrow(RangeError);
  });
});
