import type { Report } from '../../src/index.ts';

/** Connections and findings of a report, with packets numbered over all of its files as if they were one. */
export interface OneHistory {
  readonly connections: readonly unknown[];
  readonly findings: readonly unknown[];
}

type Loose = Record<string, unknown>;

/**
 * What a report says once it does not matter how its packets were divided into files that follow each other. Left out is
 * what is meant for one file: filters and commands.
 */
export function inOneFile({ captures, connections, findings }: Report): OneHistory {
  const names = captures.map(({ path }) => path.slice(path.lastIndexOf('/') + 1));
  const bases = captures.map((_, index) =>
    captures.slice(0, index).reduce((sum, { packets }) => sum + packets, 0),
  );
  const say = (text: string): string =>
    text.replace(
      /((?:\d+(?:, | and | to ))*\d+) of (\S+\.pcap)/g,
      (all, numbers: string, name: string) => {
        const base = bases[names.indexOf(name)];
        return base === undefined
          ? all
          : numbers.replace(/\d+/g, (number) => String(Number(number) + base));
      },
    );
  /** @param home the capture of packets that do not name theirs */
  const walk = (value: unknown, home: number): unknown => {
    if (typeof value === 'string') return say(value);
    if (Array.isArray(value)) return value.map((one) => walk(one, home));
    if (value === null || typeof value !== 'object') return value;
    const { capture, ...rest } = value as Loose;
    const own = typeof capture === 'number' ? capture : home;
    const walked = Object.fromEntries(
      Object.entries(rest).map(([key, one]) => [key, walk(one, own)]),
    );
    for (const name of ['packet', 'firstPacket']) {
      const number = walked[name];
      if (typeof number === 'number') walked[name] = number + (bases[own] ?? 0);
    }
    return walked;
  };
  return {
    connections: connections.map(({ lastCapture, ...connection }) => ({
      ...(walk(connection, connection.capture) as Loose),
      firstPacket: connection.firstPacket + (bases[connection.capture] ?? 0),
      lastPacket: connection.lastPacket + (bases[lastCapture ?? connection.capture] ?? 0),
    })),
    findings: findings.map(
      ({
        packets,
        packetCaptures,
        commands: _c,
        displayFilter: _d,
        displayFilters: _s,
        ...finding
      }) => ({
        ...(walk(finding, 0) as Loose),
        packets: packets.map((packet, at) => packet + (bases[packetCaptures?.[at] ?? 0] ?? 0)),
      }),
    ),
  };
}
