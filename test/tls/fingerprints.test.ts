import { describe, expect, it } from 'vitest';
import { Fingerprints } from '../../src/connection/fingerprints.ts';
import { LIMITS } from '../../src/model/limits.ts';
import { decodeClientHello } from '../../src/tls/codec/client-hello.ts';
import { ja3sText, ja3Text, ja4Texts } from '../../src/tls/codec/fingerprint-texts.ts';
import { decodeServerHello } from '../../src/tls/codec/server-hello.ts';
import {
  type ClientHelloSpec,
  clientHello,
  concat,
  type Octets,
  serverHello,
  u8,
  u16,
  vector,
} from '../support/hello-builder.ts';

const ext = (type: number, data: Octets) => ({ type, data });
const list16 = (codes: readonly number[]): Octets => vector(2, concat(...codes.map(u16)));
const groups = (...codes: number[]) => ext(10, list16(codes));
const schemes = (...codes: number[]) => ext(13, list16(codes));
const versions = (...codes: number[]) => ext(43, vector(1, concat(...codes.map(u16))));
const formats = (...codes: number[]) => ext(11, vector(1, concat(...codes.map(u8))));
const protocols = (...names: string[]) =>
  ext(16, vector(2, concat(...names.map((name) => vector(1, Buffer.from(name, 'latin1'))))));
const name = ext(0, vector(2, concat(u8(0), vector(2, Buffer.from('example.org')))));

const hello = (spec: ClientHelloSpec): Octets => clientHello(spec);
const decoded = (spec: ClientHelloSpec) => decodeClientHello(hello(spec), false).message;

describe('JA3', () => {
  it('lists version, suites, extensions, groups and formats, without GREASE', () => {
    const spec = {
      cipherSuites: [0x1a1a, 0x1301, 0xc02b],
      extensions: [ext(0x2a2a, new Uint8Array(0)), name, groups(0x3a3a, 29, 23), formats(0, 1)],
    };
    expect(ja3Text(decoded(spec))).toBe('771,4865-49195,0-10-11,29-23,0-1');
  });

  it('has empty fields where there is nothing', () => {
    expect(ja3Text(decoded({ cipherSuites: [4, 5], extensions: undefined }))).toBe('771,4-5,,,');
  });

  it('of a server is version, suite and extensions', () => {
    const body = serverHello({ cipherSuite: 0xc02f, extensions: [ext(0xff01, u8(0)), formats(0)] });
    expect(ja3sText(decodeServerHello(body).message)).toBe('771,49199,65281-11');
  });
});

describe('JA4', () => {
  const plain = (spec: ClientHelloSpec, transport: 't' | 'd' | 'q' = 't') =>
    ja4Texts(decoded(spec), transport).plain;

  it.each<[what: string, spec: ClientHelloSpec, part: string]>([
    ['a name', { extensions: [name] }, 'd'],
    ['none', { extensions: [groups(29)] }, 'i'],
  ])('tells %s', (_, spec, part) => {
    expect(plain(spec)[3]).toBe(part);
  });

  it.each<[names: string[], ends: string]>([
    [['h2', 'http/1.1'], 'h2'],
    [['http/1.1'], 'h1'],
    [['q'], 'qq'],
    [['\xab\xcd'], 'ad'],
    [['a\x00'], '60'],
  ])('takes the ends of %j', (names, ends) => {
    expect(plain({ extensions: [protocols(...names)] })).toMatch(new RegExp(`01${ends}$`));
  });

  it.each<[codes: number[], version: string]>([
    [[0x0304, 0x0303], '13'],
    [[0x2a2a, 0x0303], '12'],
    [[0x7f1c, 0x0304], '00'],
  ])('takes the highest version of %j', (codes, version) => {
    expect(plain({ extensions: [versions(...codes)] }).slice(1, 3)).toBe(version);
  });

  it('does not depend on the order of suites and extensions, but on that of signature schemes', () => {
    const one = ja4Texts(
      decoded({ cipherSuites: [1, 2], extensions: [name, groups(29), schemes(0x403, 0x804)] }),
      't',
    );
    const two = ja4Texts(
      decoded({ cipherSuites: [2, 1], extensions: [schemes(0x403, 0x804), name, groups(29)] }),
      't',
    );
    expect(two).toEqual(one);
    expect(one.extensions).toBe('000a,000d_0403,0804');
    expect(one.suites).toBe('0001,0002');
  });

  it('counts up to 99', () => {
    const many = Array.from({ length: 120 }, (_, i) => i + 1);
    expect(plain({ cipherSuites: many, extensions: [name] })).toMatch(/^t12d9901/);
  });
});

describe('fingerprints that are kept', () => {
  const spec = { cipherSuites: [0x1301, 0xc02b], extensions: [name, groups(29)] };

  it('are the same for hellos that differ in random and session id', () => {
    const prints = new Fingerprints();
    const one = prints.client(hello({ ...spec, random: new Uint8Array(32).fill(1) }), false);
    const two = prints.client(
      hello({ ...spec, random: new Uint8Array(32).fill(2), sessionId: new Uint8Array(32).fill(3) }),
      false,
    );
    expect(two).toBe(one);
  });

  it.each<[what: string, other: ClientHelloSpec]>([
    ['a suite', { ...spec, cipherSuites: [0x1301, 0xc02c] }],
    ['a group', { ...spec, extensions: [name, groups(30)] }],
    ['an extension', { ...spec, extensions: [name, groups(29), formats(0)] }],
    ['the order of extensions', { ...spec, extensions: [groups(29), name] }],
  ])('differ with %s', (_, other) => {
    const prints = new Fingerprints();
    expect(prints.client(hello(other), false)).not.toEqual(prints.client(hello(spec), false));
  });

  it('are computed anew when there are more than are kept', () => {
    const prints = new Fingerprints();
    const first = prints.client(hello(spec), false);
    for (let suite = 0; suite <= LIMITS.fingerprints; suite++)
      prints.client(hello({ ...spec, cipherSuites: [suite] }), false);
    expect(prints.client(hello(spec), false)).toEqual(first);
  });

  it('say something of any octets', () => {
    const whole = hello(spec);
    for (let end = 0; end < whole.length; end++) {
      expect(new Fingerprints().client(whole.subarray(0, end), false).ja4).toMatch(/^t/);
      expect(new Fingerprints().server(whole.subarray(0, end)).ja3s).toMatch(/^[\da-f]{32}$/);
    }
  });
});
