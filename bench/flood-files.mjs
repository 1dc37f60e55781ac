// Floods of what pcapng carries beside packets.
import { mixed } from './flood-packets.mjs';

const le = (size, value) => {
  const octets = Buffer.alloc(size);
  octets.writeUIntLE(value, 0, size);
  return octets;
};
const padded = (octets) => Buffer.concat([octets, Buffer.alloc(-octets.length & 3)]);
const option = (code, body) => padded(Buffer.concat([le(2, code), le(2, body.length), body]));
const END = Buffer.alloc(4);
const COMMENT = 1;

function block(type, ...parts) {
  const body = Buffer.concat(parts);
  const length = le(4, 12 + body.length);
  return Buffer.concat([le(4, type), length, body, length]);
}

const section = () =>
  block(0x0a0d0d0a, le(4, 0x1a2b3c4d), le(2, 1), le(2, 0), Buffer.alloc(8, 0xff));
const description = (...options) => block(1, le(2, 1), le(2, 0), le(4, 0), ...options, END);
const packet = (n, interfaceId, ...options) =>
  block(
    6,
    le(4, interfaceId),
    le(4, 396_000),
    le(4, n * 10),
    le(4, 60),
    le(4, 60),
    ethernet(n),
    ...options,
    END,
  );

/** Nothing that is read further. */
function ethernet(n) {
  const data = Buffer.alloc(60);
  data.writeUInt16BE(0x0600 + (n & 0xff), 12);
  return data;
}

const note = (n) => option(COMMENT, Buffer.from(`note ${mixed(n)} ${'x'.repeat(900)}`));

/** `begin` once, then `each` with its number. */
export const FILE_SHAPES = [
  {
    name: 'pcapng: interfaces',
    count: 500_000,
    begin: section,
    each: (n) => description(option(2, Buffer.from(`if${n}`))),
  },
  {
    name: 'pcapng: sections',
    count: 500_000,
    begin: section,
    each: (n) => Buffer.concat([section(), description(), packet(n, 0)]),
  },
  {
    name: 'pcapng: comments of packets',
    count: 500_000,
    begin: () => Buffer.concat([section(), description()]),
    each: (n) => packet(n, 0, note(n)),
  },
  {
    name: 'pcapng: host names',
    count: 500_000,
    begin: () => Buffer.concat([section(), description()]),
    each: (n) => {
      const name = Buffer.from(`host-${mixed(n)}.example.org\0`);
      const body = Buffer.concat([le(4, mixed(n)), name]);
      return block(4, padded(Buffer.concat([le(2, 1), le(2, body.length), body])), END);
    },
  },
  {
    name: 'pcapng: secrets',
    count: 500_000,
    begin: () => Buffer.concat([section(), description()]),
    each: (n) => {
      const hex = (salt) =>
        mixed(n ^ salt)
          .toString(16)
          .padStart(8, '0')
          .repeat(12);
      const line = Buffer.from(`CLIENT_RANDOM ${hex(1).slice(0, 64)} ${hex(2)}\n`);
      return block(10, le(4, 0x544c534b), le(4, line.length), padded(line));
    },
  },
];
