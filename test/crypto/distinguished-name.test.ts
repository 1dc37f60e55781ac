import { X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { namesIn, readName } from '../../src/crypto/distinguished-name.ts';
import { ascii, concat, hex, type Octets, vector } from '../support/hello-builder.ts';

const tagged = (tag: number, ...parts: readonly Octets[]): Octets =>
  concat(Uint8Array.of(tag), vector(1, ...parts));
const attribute = (type: string, tag: number, value: Octets): Octets =>
  tagged(0x31, tagged(0x30, tagged(6, hex(type)), tagged(tag, value)));
const CN = '550403';
const nameOf = (...attributes: readonly Octets[]): Octets => tagged(0x30, ...attributes);

describe('a distinguished name', () => {
  it.each([
    ['a PrintableString', attribute(CN, 0x13, ascii('Root  CA')), 'CN=Root  CA'],
    ['a UTF8String', attribute(CN, 0x0c, new TextEncoder().encode('Wurzel Ä')), 'CN=Wurzel Ä'],
    ['a BMPString', attribute(CN, 0x1e, hex('00520043')), 'CN=RC'],
    ['another attribute', attribute('550409', 0x13, ascii('Road 1')), '550409=Road 1'],
  ])('is read from %s', (_, one, text) => {
    expect(readName(nameOf(one))?.text).toBe(text);
  });

  it('is the same in other string types, case and blanks, and not in other words', () => {
    const keyOf = (tag: number, value: string) =>
      readName(nameOf(attribute(CN, tag, ascii(value))))?.key;
    expect(keyOf(0x13, 'Root  CA')).toBe(keyOf(0x0c, ' root ca'));
    expect(keyOf(0x13, 'Root CA')).not.toBe(keyOf(0x13, 'Root CB'));
  });

  it('has its attributes in order', () => {
    const name = nameOf(attribute('550406', 0x13, ascii('ZZ')), attribute(CN, 0x13, ascii('x')));
    expect(readName(name)?.text).toBe('C=ZZ, CN=x');
  });

  it('is none where its octets are something else', () => {
    const whole = nameOf(attribute(CN, 0x13, ascii('x')));
    expect(readName(whole.subarray(0, -1))).toBeUndefined();
    expect(readName(concat(whole, Uint8Array.of(0)))).toBeUndefined();
    expect(readName(tagged(0x30, tagged(0x30, ascii('x'))))).toBeUndefined();
    expect(readName(tagged(0x31))).toBeUndefined();
  });

  it('is read without failing from any octets', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (octets) => {
        readName(octets);
        namesIn(octets);
      }),
    );
  });
});

describe('a certificate', () => {
  // Self-signed, EC, made for this test.
  const PEM = `-----BEGIN CERTIFICATE-----
MIIB7jCCAZOgAwIBAgIUFEgdXhtwrTsq7fTDaAfdI601E+8wCgYIKoZIzj0EAwIw
TDELMAkGA1UEBhMCWloxEzARBgNVBAoMClRocm93LWF3YXkxDjAMBgNVBAsMBVRl
c3RzMRgwFgYDVQQDDA9yb290IG9mIG5vdGhpbmcwHhcNMjYxMTIyMDgwNTA1WhcN
MzYxMTE5MDgwNTA1WjBMMQswCQYDVQQGEwJaWjETMBEGA1UECgwKVGhyb3ctYXdh
eTEOMAwGA1UECwwFVGVzdHMxGDAWBgNVBAMMD3Jvb3Qgb2Ygbm90aGluZzBZMBMG
ByqGSM49AgEGCCqGSM49AwEHA0IABCKlhKIa6xa8f/+WryRroW0YcUODcPXeKUqC
b9FiVTZpYfmTe5b/5BNkPDRVRvaCdB9XDYw1B6GXzqgJrwl2X4yjUzBRMB0GA1Ud
DgQWBBRXaq4Lj0gyBGKJTXlulZQJ8K27PTAfBgNVHSMEGDAWgBRXaq4Lj0gyBGKJ
TXlulZQJ8K27PTAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0kAMEYCIQCD
DcLEilhUW7x+WfiEGZoz2sFokgIfCtpeNBGT5N6yiAIhAIkKhSsY1q4VfuJakU9u
BGTpgWEdsY6SJM8j4hzrpJci
-----END CERTIFICATE-----`;

  it('has the names that another reader finds', () => {
    const { raw, subject, issuer } = new X509Certificate(PEM);
    const names = namesIn(new Uint8Array(raw));
    expect(names?.subject.text).toBe(subject?.split('\n').join(', '));
    expect(names?.issuer.text).toBe(issuer.split('\n').join(', '));
    expect(names?.issuer.key).toBe(names?.subject.key);
  });

  it('has none where it is cut', () => {
    const raw = new Uint8Array(new X509Certificate(PEM).raw);
    for (let end = 0; end < raw.length; end += 7)
      expect(namesIn(raw.subarray(0, end))).toBeUndefined();
  });
});
