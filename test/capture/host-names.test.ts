import { expect, it } from 'vitest';
import {
  type Block,
  type ByteOrder,
  block,
  enhancedPacket,
  interfaceBlock,
  pcapngFile,
} from '../support/capture-builder.ts';
import { TlsWriter } from '../support/conversation.ts';
import { ascii, concat, type Octets } from '../support/hello-builder.ts';
import { captureFile, TcpFlow } from '../support/network.ts';
import { reaches } from '../support/reaches.ts';
import { readCapture } from '../support/read-capture.ts';
import { runCli } from '../support/run-cli.ts';

interface Named {
  readonly address: readonly number[];
  readonly names: readonly string[];
}

const u16 = (value: number, order: ByteOrder): Octets =>
  order === 'big' ? Uint8Array.of(value >> 8, value & 255) : Uint8Array.of(value & 255, value >> 8);

/** A record of a Name Resolution Block; names end with a zero each. */
const record = (type: number, body: Octets, order: ByteOrder, length = body.length): Octets =>
  concat(u16(type, order), u16(length, order), body, new Uint8Array(-body.length & 3));

const named = ({ address, names }: Named, order: ByteOrder): Octets =>
  record(
    address.length === 4 ? 1 : 2,
    concat(Uint8Array.from(address), ...names.map((name) => new TextEncoder().encode(`${name}\0`))),
    order,
  );

const namesBlock = (hosts: readonly Named[], behind: Octets = new Uint8Array(0)): Block =>
  block(4, (order) =>
    concat(...hosts.map((one) => named(one, order)), record(0, new Uint8Array(0), order), behind),
  );

const fileOf =
  (...blocks: readonly Block[]) =>
  (order: ByteOrder) =>
    pcapngFile({ order, blocks: [interfaceBlock({ linkType: 1 }), ...blocks] });

const SERVER: Named = { address: [192, 0, 2, 1], names: ['server.example', 'alias.example'] };
const SIX: Named = {
  address: [0x20, 1, 0xd, 0xb8, ...new Array<number>(11).fill(0), 1],
  names: ['six.example'],
};

it.each<ByteOrder>(['little', 'big'])('names are kept by address (%s endian)', (order) => {
  const options = ascii('\u0002\0\u0003\0dns\0');
  const { facts, notices } = readCapture(
    concat(
      fileOf(namesBlock([SERVER, SIX], options), enhancedPacket({ octets: ascii('x') }))(order),
      fileOf(namesBlock([{ ...SERVER, names: ['later.example', 'server.example'] }]))(order),
    ),
  );
  expect([...facts.hostNames]).toEqual([
    ['192.0.2.1', ['server.example', 'alias.example', 'later.example']],
    ['2001:db8::1', ['six.example']],
  ]);
  expect([facts.hostNamesOmitted, notices]).toEqual([0, []]);
});

it('records of other types, without a name, or with the address for one are passed over', () => {
  const file = fileOf(
    block(4, (order) =>
      concat(
        record(3, Uint8Array.of(2, 0, 0, 0, 0, 1, 0x61, 0), order),
        record(1, Uint8Array.of(192, 0, 2, 1), order),
        record(1, Uint8Array.of(192, 0), order),
        record(2, Uint8Array.of(192, 0, 2, 1, 0x61, 0), order),
        named({ address: [192, 0, 2, 2], names: ['192.0.2.2', ''] }, order),
        named(SERVER, order),
      ),
    ),
  )('little');
  const { facts, notices } = readCapture(file);
  expect([...facts.hostNames.keys()]).toEqual(['192.0.2.1']);
  expect(notices.map(({ code }) => code)).toEqual(['capture-empty']);
});

it('a record beyond its block ends the list', () => {
  const file = fileOf(
    block(4, (order) =>
      concat(named(SERVER, order), record(1, Uint8Array.of(1, 2, 3, 4), order, 99)),
    ),
  )('little');
  const { facts, notices } = readCapture(file);
  expect([...facts.hostNames.keys()]).toEqual(['192.0.2.1']);
  expect(notices.map(({ code }) => code)).toEqual(['capture-empty']);
});

reaches('hostNames', 5, 'addresses with names are bounded, and counted beyond', (bound) => {
  const many = Array.from({ length: bound + 3 }, (_, n) => ({
    address: [10, n >> 16, (n >> 8) & 255, n & 255],
    names: ['a'],
  }));
  const { facts } = readCapture(fileOf(namesBlock(many))('little'));
  expect([facts.hostNames.size, facts.hostNamesOmitted]).toEqual([bound, 3]);
});

const namesOf = (...names: readonly string[]) => {
  const named: Named = { address: [192, 0, 2, 9], names };
  return readCapture(fileOf(namesBlock([named]))('little')).facts.hostNames.get('192.0.2.9');
};

reaches('namesPerHost', 2, 'and the names of one', (bound) => {
  expect(namesOf('a', 'b', 'c')).toEqual(['a', 'b', 'c'].slice(0, bound));
});

reaches('hostNameOctets', 9, 'and their octets', (bound) => {
  const [whole, longer] = ['x'.repeat(bound), 'x'.repeat(bound + 1)];
  expect([namesOf(whole), namesOf(longer)]).toEqual([[whole], [whole]]);
});

it('stand beside the addresses in every report, where nothing in them can do harm', async () => {
  const hostile = 'srv\u001b[31m<b>\u202e.example';
  const hosts = {
    client: { address: '192.0.2.10', port: 40_001 },
    server: { address: '192.0.2.1', port: 443 },
  };
  const flow = new TcpFlow({ hosts }).open();
  for (const { from, record: octets } of new TlsWriter().handshake()) flow.send(from, octets);
  const packets = flow.frames;
  const names = [{ address: [192, 0, 2, 1], names: [hostile, 'alias.example'] }];
  const file = fileOf(
    namesBlock([...names, { address: [192, 0, 2, 77], names: ['nobody.example'] }]),
    ...packets.map(({ octets }) => enhancedPacket({ octets })),
  )('little');
  const text = await runCli(['analyze', '--no-color', '-'], file);
  expect(text.stdout).toContain('names in the capture');
  expect(text.stdout).toContain('192.0.2.1 srv\\e[31m<b>\\u{202e}.example, alias.example');
  expect(text.stdout).not.toContain('nobody');
  const json = await runCli(['analyze', '--json', '-'], file);
  for (const one of ['\u001b', '\u202e']) expect(json.stdout).not.toContain(one);
  const report = JSON.parse(json.stdout);
  expect(report.connections[0].server).toEqual({ ...hosts.server, name: hostile });
  expect(report.connections[0].client).toEqual(hosts.client);
  expect(report.captures[0].hostNames).toMatchObject([
    { address: '192.0.2.1', names: [hostile, 'alias.example'] },
    { address: '192.0.2.77', names: ['nobody.example'] },
  ]);
  const list = await runCli(
    ['connections', '--columns', 'id,server,server-name,client-name', '-'],
    file,
  );
  expect(list.stdout).toContain('srv\\e[31m');
  for (const [format, told] of [
    ['markdown', '| `192.0.2.1:443` `srv\\e[31m<b>\\u{202e}.example` |'],
    ['html', '<td>192.0.2.1:443 srv\\e[31m&lt;b&gt;\\u{202e}.example</td>'],
  ] as const) {
    const { stdout } = await runCli(['analyze', '--format', format, '-'], file);
    expect(stdout).toContain(told);
    expect(stdout).toContain('names in the capture');
    expect(stdout).toContain('alias.example');
    for (const one of ['nobody', '\u001b', '\u202e']) expect(stdout).not.toContain(one);
  }
  const without = await runCli(['analyze', '--no-color', '-'], captureFile(packets));
  expect(without.stdout).not.toContain('names in the capture');
});
