import { describe, expect, it } from 'vitest';
import { ConnectionTable, SEEN } from '../../src/connection/connection-table.ts';
import { HelloStore } from '../../src/connection/hello-store.ts';
import { clientHello, type ExtensionSpec, ext, serverHello } from '../support/hello-builder.ts';
import { reaches } from '../support/reaches.ts';

const CBC_SHA = 0x002f;

/** The row after two hellos with these extensions. */
function negotiate(offered: readonly ExtensionSpec[], answered: readonly ExtensionSpec[]) {
  const table = new ConnectionTable();
  const store = new HelloStore(table);
  const row = table.take();
  const hello = clientHello({ extensions: offered });
  store.clientHello(row, 0, hello, 0, hello.length, false);
  const answer = serverHello({ cipherSuite: CBC_SHA, extensions: answered });
  store.serverHello(row, 1, answer, 0, answer.length, false);
  return { table, row };
}

describe('hellos', () => {
  const short = { type: 4 };
  const etm = ext.encryptThenMac();

  it.each([
    ['the MAC inside the blocks', [], 0],
    ['a MAC behind the blocks', [etm], 4],
    ['a MAC of ten octets behind the blocks', [etm, short], 10],
    ['a MAC of ten octets inside the blocks', [short], 0],
  ] as const)('say which lengths records have with %s', (_, extensions, rest) => {
    const { table, row } = negotiate(extensions, extensions);
    expect(table.lengthModulus[row]).toBe(16);
    expect(table.lengthBase[row]).toBe(rest);
  });

  it.each([
    ['offered and answered', [etm], [etm], false],
    ['answered and not offered', [], [etm], true],
    ['another one, not offered', [etm], [etm, ext.extendedMasterSecret()], true],
  ] as const)('are worth a look if an extension was %s', (_, offered, answered, unusual) => {
    const { table, row } = negotiate(offered, answered);
    expect(table.has(row, SEEN.unusual)).toBe(unusual);
  });
});

reaches(
  'longHelloOctets',
  3000,
  'long hellos are kept up to so many octets of all that are open',
  () => {
    const table = new ConnectionTable();
    const store = new HelloStore(table);
    const long = clientHello({ extensions: [{ type: 21, data: new Uint8Array(2048) }] });
    const add = (hello: Uint8Array) => {
      const row = table.take();
      store.clientHello(row, 0, hello, 0, hello.length, false);
      return row;
    };
    const isKept = (row: number) =>
      [table.clientHello[row] !== 0, table.has(row, SEEN.messagesOmitted)] as const;
    const [first, second, short] = [add(long), add(long), add(clientHello({}))];
    expect([first, second, short].map(isKept)).toEqual([
      [true, false],
      [false, true],
      [true, false],
    ]);
    store.release(first);
    expect(isKept(add(long))).toEqual([true, false]);
  },
);
