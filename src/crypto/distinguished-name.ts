/** A name of X.501, read out of DER. */
export interface DistinguishedName {
  /** `C=DE, O=Example, CN=root`, attributes that have no usual short form by their object identifier in hexadecimal. */
  readonly text: string;
  /** The same for two names that differ in string types, case or blanks only (RFC 5280 §7.1). */
  readonly key: string;
}

/** Tags of DER that names and certificates are made of. */
const SEQUENCE = 0x30;
const SET = 0x31;
const OBJECT_IDENTIFIER = 0x06;
const VERSION = 0xa0;
const BMP_STRING = 0x1e;
const UTF8_STRING = 0x0c;

/** By object identifier in hexadecimal. RFC 5280 §A.1. */
const SHORT_NAMES: Readonly<Record<string, string>> = {
  '550403': 'CN',
  '550405': 'serialNumber',
  '550406': 'C',
  '550407': 'L',
  '550408': 'ST',
  '55040a': 'O',
  '55040b': 'OU',
  '0992268993f22c640119': 'DC',
  '2a864886f70d010901': 'emailAddress',
};

interface Element {
  readonly tag: number;
  readonly body: Uint8Array;
  /** Of the element with its header, and where the next one begins. */
  readonly octets: Uint8Array;
  readonly end: number;
}

/** The element at an offset; undefined where it is cut or its length is longer than four octets. */
function elementAt(der: Uint8Array, at: number): Element | undefined {
  const tag = der[at];
  const short = der[at + 1];
  if (tag === undefined || short === undefined) return undefined;
  let length = short;
  let body = at + 2;
  if (short >= 0x80) {
    const size = short & 0x7f;
    if (size === 0 || size > 4) return undefined;
    length = 0;
    for (let i = 0; i < size; i++) length = length * 256 + (der[body + i] ?? 0);
    body += size;
  }
  const end = body + length;
  if (end > der.length) return undefined;
  return { tag, body: der.subarray(body, end), octets: der.subarray(at, end), end };
}

function* elementsIn(body: Uint8Array): Iterable<Element> {
  for (let at = 0; at < body.length; ) {
    const element = elementAt(body, at);
    if (element === undefined) return;
    yield element;
    at = element.end;
  }
}

function textOf({ tag, body }: Element): string {
  if (tag === UTF8_STRING) return new TextDecoder().decode(body);
  let text = '';
  const step = tag === BMP_STRING ? 2 : 1;
  for (let i = 0; i + step <= body.length; i += step)
    text += String.fromCharCode(
      step === 2 ? (body[i] as number) * 256 + (body[i + 1] as number) : (body[i] as number),
    );
  return text;
}

const hexOf = (octets: Uint8Array): string =>
  Array.from(octets, (octet) => octet.toString(16).padStart(2, '0')).join('');

/** Reads a `Name`; undefined where its octets are none. RFC 5280 §4.1.2.4. */
export function readName(der: Uint8Array): DistinguishedName | undefined {
  const name = elementAt(der, 0);
  if (name?.tag !== SEQUENCE || name.end !== der.length) return undefined;
  const texts: string[] = [];
  const keys: string[] = [];
  for (const set of elementsIn(name.body)) {
    if (set.tag !== SET) return undefined;
    for (const pair of elementsIn(set.body)) {
      const [type, value] = elementsIn(pair.body);
      if (type?.tag !== OBJECT_IDENTIFIER || value === undefined) return undefined;
      const identifier = hexOf(type.body);
      const text = textOf(value);
      texts.push(`${SHORT_NAMES[identifier] ?? identifier}=${text}`);
      keys.push(`${identifier}=${text.trim().replace(/\s+/g, ' ').toLowerCase()}`);
    }
  }
  return { text: texts.join(', '), key: keys.join('\n') };
}

/** Issuer and subject of a certificate in DER; undefined where it cannot be read. RFC 5280 §4.1. */
export function namesIn(
  certificate: Uint8Array,
): { readonly issuer: DistinguishedName; readonly subject: DistinguishedName } | undefined {
  const whole = elementAt(certificate, 0);
  const signed = whole && elementAt(whole.body, 0);
  if (signed?.tag !== SEQUENCE) return undefined;
  // Version, serial number, algorithm, issuer, validity, subject; the first one may be left out.
  const [first, ...rest] = elementsIn(signed.body);
  const fields = first?.tag === VERSION ? rest : first === undefined ? rest : [first, ...rest];
  const [issuer, subject] = [fields[2], fields[4]].map((field) => field && readName(field.octets));
  return issuer && subject ? { issuer, subject } : undefined;
}
