/** Which files one program wrote one after the other, by their names. */
import { expect, test } from 'vitest';
import { rotatedSets } from '../../src/cli/rotated-set.ts';

/** Names with the moment of their first packet: `trace.pcap@7`; none: `trace.pcap`. */
const sets = (names: string): string[] => {
  const files = names.split(' ').map((name) => {
    const [path = '', time] = name.split('@');
    return { path, time: time === undefined ? undefined : Number(time) };
  });
  return rotatedSets(files, ({ time }) => time).map((set) => set.map(({ path }) => path).join(' '));
};

test.each([
  [
    'dumpcap -b: by the number, also where the clock was set back',
    'r_00003_20240501120200.pcapng@1 r_00001_20240501120000.pcapng@5 r_00002_20240501120100.pcapng@9',
    ['r_00001_20240501120000.pcapng r_00002_20240501120100.pcapng r_00003_20240501120200.pcapng'],
  ],
  [
    'the number behind the time',
    'r_20240501120100_00002.pcapng@9 r_20240501120000_00001.pcapng@5',
    ['r_20240501120000_00001.pcapng r_20240501120100_00002.pcapng'],
  ],
  [
    'dumpcap started again: the numbers begin again',
    'r_00001_20240502120000.pcap@90 r_00001_20240501120000.pcap@5 r_00002_20240501120100.pcap@9',
    ['r_00001_20240501120000.pcap r_00002_20240501120100.pcap r_00001_20240502120000.pcap'],
  ],
  ['tcpdump -C', 't.pcap10@30 t.pcap@1 t.pcap2@20 t.pcap1@10', ['t.pcap t.pcap1 t.pcap2 t.pcap10']],
  [
    'tcpdump -C -W: a ring, its first files overwritten last',
    't.pcap0@50 t.pcap1@60 t.pcap2@20 t.pcap3@30 t.pcap4@40',
    ['t.pcap2 t.pcap3 t.pcap4 t.pcap0 t.pcap1'],
  ],
  [
    'tcpdump -G, compressed when done',
    'a-2024-05-01_12-01-00.pcap@9 a-2024-05-01_12-00-00.pcap.gz@5 a_1714564800.pcap@1',
    ['a-2024-05-01_12-00-00.pcap.gz a-2024-05-01_12-01-00.pcap', 'a_1714564800.pcap'],
  ],
  [
    'members without packets stay behind the one before',
    't.pcap@1 t.pcap1 t.pcap2@3',
    ['t.pcap t.pcap1 t.pcap2'],
  ],
  [
    'two rings beside each other',
    'eth0_00001_20240501120000.pcap@1 eth1_00001_20240501120000.pcap@2 eth0_00002_20240501120100.pcap@3',
    [
      'eth0_00001_20240501120000.pcap eth0_00002_20240501120100.pcap',
      'eth1_00001_20240501120000.pcap',
    ],
  ],
  ['in another folder is another set', 'a/t.pcap@1 b/t.pcap1@2', ['a/t.pcap', 'b/t.pcap1']],
  [
    'capture points are no set',
    'eth0.pcap@1 eth1.pcap@1 client.pcap@2 server.pcap@2 host-10.0.0.1.pcap@1 host-10.0.0.2.pcap@1',
    [
      'eth0.pcap',
      'eth1.pcap',
      'client.pcap',
      'server.pcap',
      'host-10.0.0.1.pcap',
      'host-10.0.0.2.pcap',
    ],
  ],
])('%s', (_, names, wanted) => {
  expect(sets(names)).toEqual(wanted);
});
