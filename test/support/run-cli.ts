import { EventEmitter } from 'node:events';
import { Readable } from 'node:stream';
import { main } from '../../src/cli/main.ts';
import type { Streams } from '../../src/cli/streams.ts';

export interface Ran {
  readonly status: number;
  /** Standard error, and both one after the other: a character for each octet. */
  readonly said: string;
  readonly output: string;
  readonly stdout: string;
}

/** Runs a command line with all its real parts. */
export async function runCli(argv: readonly string[], stdin?: Uint8Array): Promise<Ran> {
  const octets: Buffer[] = [];
  const errors: Buffer[] = [];
  const into = (list: Buffer[]) => (data: string | Uint8Array) => {
    list.push(typeof data === 'string' ? Buffer.from(data) : Buffer.from(data));
    return true;
  };
  const streams = Object.assign(new EventEmitter(), {
    stdin: Readable.from(stdin === undefined ? [] : [Buffer.from(stdin)]),
    stdout: { write: into(octets) },
    stderr: { write: into(errors) },
    env: { LANG: 'C.UTF-8' },
  });
  const status = await main(argv, streams as unknown as Streams);
  const said = Buffer.concat(errors).toString('latin1');
  const stdout = Buffer.concat(octets).toString('latin1');
  return { status, said, stdout, output: `${said}\n${stdout}` };
}
