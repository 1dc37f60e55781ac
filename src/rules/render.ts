import type { Evidence, Explanation, Finding, Reference } from '../model/finding.ts';
import type { Endpoint } from '../model/history.ts';
import type { FindingVerdict, RuleMeta } from '../model/rule.ts';
import { referenceTo } from './references.ts';

/** Where Wireshark finds a connection. */
export interface StreamOf {
  readonly transport: 'tcp' | 'udp';
  readonly stream: number;
  readonly client: Endpoint;
  readonly server: Endpoint;
}

/** Above this many packets a filter names their range: a longer list fits no filter bar. */
const LISTED_PACKETS = 64;

const PLACEHOLDER = /\{([A-Za-z]\w*)\}/g;
// Controls, line and paragraph separators, and what reorders or hides text.
const UNPRINTABLE =
  /[\p{Cc}\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|\p{Cs}|\p{Co}|\p{Cn}/gu;

/** Text from the wire with everything escaped that a terminal or a page would act on. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (found) => {
    const code = found.codePointAt(0) ?? 0;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });
}

/**
 * Puts the verdict's figures into a text.
 *
 * @throws Error for a placeholder without a figure, which is a mistake in the rule
 */
function fill(text: string, data: FindingVerdict['data']): string {
  return text.replace(PLACEHOLDER, (_, name: string) => {
    const value = data[name];
    if (value === undefined) throw new Error(`no figure for {${name}}`);
    return printable(String(value));
  });
}

function displayFilter(
  packets: readonly number[],
  connections: Iterable<number>,
  streamOf: (connection: number) => StreamOf | undefined,
): string {
  const first = packets[0] ?? 0;
  const last = packets[packets.length - 1] ?? 0;
  const frames =
    packets.length > LISTED_PACKETS
      ? `frame.number >= ${first} && frame.number <= ${last}`
      : `frame.number in {${packets.join(',')}}`;
  const streams = new Set<string>();
  for (const connection of connections) {
    const found = streamOf(connection);
    // A packet without a stream of its own (a refused SYN, ICMP) would be hidden by any stream's filter.
    if (found === undefined) return frames;
    streams.add(`${found.transport}.stream eq ${found.stream}`);
  }
  const [only] = streams;
  return streams.size === 1 && only !== undefined ? `${only} && ${frames}` : frames;
}

const noStream = (): undefined => undefined;

/** A condition that holds in each of several files, in which the stream has other numbers or none. */
function withoutStreams(
  command: string,
  connections: Iterable<number>,
  streamOf: (connection: number) => StreamOf | undefined,
): string {
  const streams = [...connections].map(streamOf).filter((one) => one !== undefined);
  return command.replace(/\b(tcp|udp)\.stream == (\d+)/g, (all, transport, number) => {
    const found = streams.find((one) => one.transport === transport && one.stream === +number);
    if (found === undefined) return all;
    const ends = [found.client, found.server].map(
      ({ address, port }) =>
        `${address.includes(':') ? 'ipv6' : 'ip'}.addr == ${address} && ${transport}.port == ${port}`,
    );
    return ends.join(' && ');
  });
}

const printableEvidence = (evidence: Evidence): Evidence => ({
  ...evidence,
  note: printable(evidence.note),
});

const printableExplanation = (explanation: Explanation): Explanation => ({
  likelihood: explanation.likelihood,
  text: printable(explanation.text),
  for: explanation.for.map(printable),
  against: explanation.against.map(printable),
});

/** By rule: thousands of findings may be held until the end, and each has the same ones. */
const references = new WeakMap<RuleMeta, readonly Reference[]>();

function referencesOf(meta: RuleMeta): readonly Reference[] {
  let list = references.get(meta);
  if (list === undefined) {
    list = meta.sources.map(referenceTo);
    references.set(meta, list);
  }
  return list;
}

/** The rule's words with the figures put in, behind those for this case only; the rule's own list where it is the same. */
function words(
  texts: readonly string[],
  data: FindingVerdict['data'],
  more: readonly string[] = [],
): readonly string[] {
  const plain = !texts.some((text) => text.includes('{'));
  if (plain && more.length === 0) return texts;
  return [...more.map(printable), ...texts.map((text) => fill(text, data))];
}

/** What the finding made of a verdict is headed. @throws Error for a figure that is missing */
export function titleOf(meta: RuleMeta, verdict: FindingVerdict): string {
  return fill(meta.messages[verdict.message]?.title ?? meta.title, verdict.data);
}

/**
 * A verdict made ready to be told: words from the rule, figures from the verdict, packets and evidence in order.
 *
 * @param several several captures are read: commands name endpoints, not streams
 * @throws Error if the verdict names a message or leaves out a figure that the rule's words need
 */
export function renderFinding(
  meta: RuleMeta,
  verdict: FindingVerdict,
  streamOf: (connection: number) => StreamOf | undefined,
  several = false,
): Finding {
  const message = meta.messages[verdict.message];
  if (message === undefined) throw new Error(`no message '${verdict.message}'`);
  const evidence = [...verdict.evidence].sort((a, b) => a.packet - b.packet);
  const packets = [...new Set(evidence.map(({ packet }) => packet))];
  const [owner] = verdict.connections;
  const told = new Set(verdict.connections);
  for (const { connection } of evidence) told.add(connection);
  return {
    rule: meta.id,
    severity: verdict.severity ?? meta.severity,
    confidence: verdict.confidence,
    title: titleOf(meta, verdict),
    summary: fill(message.what, verdict.data),
    connections: verdict.connections,
    ...(verdict.server && { server: { ...verdict.server } }),
    ofServer: verdict.server ?? (owner === undefined ? undefined : streamOf(owner)?.server),
    packets,
    nanos: verdict.evidence[0].nanos,
    evidence: evidence.map(printableEvidence),
    explanations: (verdict.explanations ?? []).map(printableExplanation),
    causes: words(message.causes, verdict.data, verdict.causes),
    remedies: words(message.remedies, verdict.data, verdict.remedies),
    commands: several
      ? words(message.commands, verdict.data).map((one) => withoutStreams(one, told, streamOf))
      : words(message.commands, verdict.data),
    references: referencesOf(meta),
    displayFilter: displayFilter(packets, told, meta.tellsFragments ? noStream : streamOf),
    ...(verdict.table === undefined
      ? {}
      : { table: verdict.table.map((row) => row.map(printable)) }),
  };
}
