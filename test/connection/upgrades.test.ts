import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { analyse } from '../support/analyse.ts';
import { TlsWriter } from '../support/conversation.ts';
import { ascii, concat, filled, hex, type Octets } from '../support/hello-builder.ts';
import { captureFile, type Peer, TcpFlow } from '../support/network.ts';

const FILE_HEADER = 24;
const PACKET_HEADER = 16;

/** The file header of a classic capture, and its packets with theirs. */
function packetsOf(sample: string): { readonly header: Octets; readonly packets: Octets[] } {
  const url = new URL(`../../samples/${sample}/capture.pcap`, import.meta.url);
  const file = new Uint8Array(readFileSync(url));
  const view = new DataView(file.buffer, file.byteOffset);
  const packets: Octets[] = [];
  for (let at = FILE_HEADER; at < file.length; ) {
    const end = at + PACKET_HEADER + view.getUint32(at + 8, true);
    packets.push(file.subarray(at, end));
    at = end;
  }
  return { header: file.subarray(0, FILE_HEADER), packets };
}

const ETHERNET_IP = 14 + 20;
const portOf = (packet: Octets): number => {
  const at = PACKET_HEADER + ETHERNET_IP + (isFromClient(packet) ? 0 : 2);
  return ((packet[at] as number) << 8) | (packet[at + 1] as number);
};

/** The packets of each connection, by the client's port. */
function conversationsOf(packets: readonly Octets[]): Octets[][] {
  const byPort = new Map<number, Octets[]>();
  for (const packet of packets)
    byPort.set(portOf(packet), [...(byPort.get(portOf(packet)) ?? []), packet]);
  return [...byPort.values()];
}

/** Ethernet and IPv4: is it from the client of these samples? */
const isFromClient = (packet: Octets): boolean => packet[PACKET_HEADER + 14 + 15] === 10;

const accusations = (file: Octets): string[] =>
  analyse(file)
    .findings.filter(({ severity }) => severity !== 'info')
    .map(({ rule, summary }) => `${rule}: ${summary}`);

describe.each(['tls-upgrades', 'tls-behind-proxies'])(
  'a capture that lacks parts: %s',
  (sample) => {
    const { header, packets } = packetsOf(sample);
    const whole = analyse(concat(header, ...packets));

    const conversations = conversationsOf(packets);

    it('accuses nobody, whichever packet is missing', () => {
      for (const own of conversations)
        for (let lost = 0; lost < own.length; lost++) {
          const rest = own.filter((_, i) => i !== lost);
          expect(accusations(concat(header, ...rest)), `without packet ${lost + 1}`).toEqual([]);
        }
    });

    it('accuses nobody, and reads the same, where packets change places', () => {
      for (const own of conversations) {
        const [{ outcome } = {}] = analyse(concat(header, ...own)).connections;
        for (let at = 0; at + 1 < own.length; at += 2) {
          const swapped = own.toSpliced(at, 2, own[at + 1] as Octets, own[at] as Octets);
          const { connections, findings } = analyse(concat(header, ...swapped));
          expect(findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
          expect(connections.map((one) => one.outcome)).toEqual([outcome]);
        }
      }
    });

    it.each([true, false])(
      'finds TLS where one direction alone is there (client: %s)',
      (client) => {
        const half = packets.filter((packet) => isFromClient(packet) === client);
        const { connections, findings } = analyse(concat(header, ...half));
        expect(connections.map(({ client: { port } }) => port)).toEqual(
          whole.connections.map(({ client: { port } }) => port),
        );
        expect(findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
      },
    );

    it('accuses nobody where the capture begins in the middle', () => {
      for (let from = 0; from < packets.length; from += 2)
        expect(accusations(concat(header, ...packets.slice(from))), `from ${from + 1}`).toEqual([]);
    });
  },
);

/** A TCP connection on which each says its part in turn. */
function talk(...said: readonly (readonly [Peer, Octets])[]): TcpFlow {
  const flow = new TcpFlow().open();
  for (const [from, octets] of said) flow.send(from, octets);
  return flow;
}

const finish = (flow: TcpFlow) =>
  analyse(captureFile(flow.fin('client').fin('server').acknowledge('client').frames));

describe('a request for TLS on a connection that has none', () => {
  const request = ascii('EHLO x\r\n');
  const starttls = ascii('STARTTLS\r\n');

  it('is told where it was refused', () => {
    const flow = talk(
      ['server', ascii('220 mail\r\n')],
      ['client', request],
      ['server', ascii('250 ok\r\n')],
      ['client', starttls],
      ['server', ascii('454 no\r\n')],
      ['client', ascii('MAIL FROM:<a@example.org>\r\n')],
    );
    const { connections, findings } = finish(flow);
    expect(connections).toEqual([]);
    expect(findings.map(({ rule, severity, packets }) => [rule, severity, packets])).toEqual([
      ['starttls-refused', 'info', [10, 12]],
    ]);
  });

  it('is nothing where it was agreed to and not used', () => {
    const flow = talk(['client', starttls], ['server', ascii('220 go\r\n')]);
    expect(finish(flow).findings).toEqual([]);
  });
});

describe('a client that does not wait for its proxy', () => {
  const asks = ascii('CONNECT example.org:443 HTTP/1.1\r\n\r\n');
  const [hello, ...rest] = new TlsWriter()
    .handshake()
    .map(({ from, record }) => [from, record] as const);
  const begin = concat(asks, hello?.[1] as Octets);

  it('is heard, and nothing is said of its handshake', () => {
    const [[, serverHello], ...others] = rest as [
      readonly [Peer, Octets],
      ...(readonly [Peer, Octets])[],
    ];
    const answer = concat(ascii('HTTP/1.1 200 OK\r\n\r\n'), serverHello);
    const { connections, findings } = finish(
      talk(['client', begin], ['server', answer], ...others),
    );
    expect(findings).toEqual([]);
    expect(connections.map(({ outcome, upgrade }) => [outcome, upgrade?.target?.host])).toEqual([
      ['established', 'example.org'],
    ]);
  });

  it.each(['fin', 'rst', 'acknowledge'] as const)(
    'and is refused: no handshake is blamed for it (%s)',
    (end) => {
      const page = ascii('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno');
      const flow = talk(['client', begin], ['server', page])[end]('server');
      const { findings } = analyse(captureFile(flow.frames));
      expect(findings.map(({ rule, severity, packets }) => [rule, severity, packets])).toEqual([
        ['plaintext-in-tls-stream', 'warning', [4, 6]],
      ]);
    },
  );
});

describe('SSL 2.0', () => {
  /** Offers nothing but SSL 2.0. */
  const hello = concat(hex('802e 01 0002 0015 0000 0010'), filled(21, 3), filled(16, 4));
  const answer = concat(hex('8030 04 00 01 0002'), filled(43, 1));
  const masterKey = concat(hex('8012 02 0700c0'), filled(14, 2));
  const sealed = concat(hex('8020'), filled(32, 0x9b));
  const of = (flow: TcpFlow) => {
    const { connections, findings } = finish(flow);
    expect(findings).toEqual([]);
    expect(connections).toHaveLength(1);
    const [{ version, versionsOffered, cipherSuite, outcome, stage } = {}] = connections;
    return { version, versionsOffered, cipherSuite, outcome, stage };
  };

  it('is followed to its last Finished', () => {
    expect(
      of(
        talk(
          ['client', hello],
          ['server', answer],
          ['client', masterKey],
          ['server', sealed],
          ['client', sealed],
          ['server', sealed],
        ),
      ),
    ).toEqual({
      version: 2,
      versionsOffered: [2],
      cipherSuite: 0x0700c0,
      outcome: 'established',
      stage: 'done',
    });
  });

  it('takes up a session that the server knew, whose cipher nobody names again', () => {
    const known = concat(hex('8010 04 01 00 0002'), filled(11, 1));
    const flow = talk(
      ['client', hello],
      ['server', known],
      ['server', sealed],
      ['client', sealed],
      ['server', sealed],
    );
    expect(of(flow)).toMatchObject({ outcome: 'established', cipherSuite: undefined });
  });

  it.each([
    ['the server has no cipher in common', 'server', 'failed'],
    ['the client does not like the certificate', 'client', 'failed'],
  ] as const)('ends with an ERROR: %s', (_what, from, outcome) => {
    const flow = talk(['client', hello], ['server', answer], [from, hex('8003 00 0001')]);
    expect(of(flow)).toMatchObject({ version: 2, outcome });
  });

  it('is left unfinished where the keys are not confirmed', () => {
    const flow = talk(['client', hello], ['server', answer], ['client', masterKey]);
    expect(of(flow)).toMatchObject({ version: 2, outcome: 'incomplete', stage: 'server-hello' });
  });

  it('is not taken for an answer in TLS to a hello in its form', () => {
    const tls = concat(hex('802e 01 0301 0015 0000 0010'), filled(21, 3), filled(16, 4));
    const { connections } = finish(
      talk(
        ['client', tls],
        ...new TlsWriter()
          .handshake()
          .slice(1)
          .map(({ from, record }) => [from, record] as const),
      ),
    );
    expect(connections.map(({ version, outcome }) => [version, outcome])).toEqual([
      [0x0303, 'established'],
    ]);
  });
});
