// Finds the fields of a packet that a decoder trusts: lengths, offsets, types. Reads what is there and gives up early.

/** Where IP and the payload of TCP or UDP begin; undefined for other packets. Ethernet, VLAN tags included. */
export function layersOf(data) {
  let ip = 12;
  while (ip + 2 <= data.length && [0x8100, 0x88a8].includes(u16(data, ip))) ip += 4;
  const etherType = u16(data, ip);
  ip += 2;
  if (etherType !== 0x0800 && etherType !== 0x86dd) return undefined;
  const family = etherType === 0x0800 ? 4 : 6;
  const transport = family === 4 ? ip + ((data[ip] & 15) << 2) : ip + 40;
  const protocol = data[ip + (family === 4 ? 9 : 6)];
  if (protocol !== 6 && protocol !== 17) return undefined;
  const header = protocol === 6 ? Math.max(20, (data[transport + 12] >> 4) << 2) : 8;
  const payload = transport + header;
  return payload <= data.length ? { ip, family, transport, protocol, payload } : undefined;
}

/** Fields of a packet as `{ at, octets, name }`. */
export function fieldsOf(data) {
  const layers = layersOf(data);
  if (layers === undefined) return [{ at: 12, octets: 2, name: 'ethertype' }];
  const { ip, family, transport, protocol, payload } = layers;
  const fields = [{ at: 12, octets: 2, name: 'ethertype' }];
  const add = (at, octets, name) => {
    if (at + octets <= data.length) fields.push({ at, octets, name });
  };
  add(ip, 1, 'ip version and header length');
  if (family === 4) {
    add(ip + 2, 2, 'ip total length');
    add(ip + 6, 2, 'ip fragment');
    add(ip + 9, 1, 'ip protocol');
  } else {
    add(ip + 4, 2, 'ip payload length');
    add(ip + 6, 1, 'ip next header');
  }
  if (protocol === 6) {
    add(transport + 4, 4, 'tcp sequence');
    add(transport + 8, 4, 'tcp acknowledgement');
    add(transport + 12, 1, 'tcp data offset');
    add(transport + 13, 1, 'tcp flags');
  } else {
    add(transport + 4, 2, 'udp length');
  }
  recordFields(data, payload, add);
  return fields;
}

function recordFields(data, start, add) {
  for (let at = start; at + 5 <= data.length; ) {
    const isDtls = data[at + 1] === 0xfe;
    if (data[at] < 20 || data[at] > 26 || (data[at + 1] !== 3 && !isDtls)) return;
    const header = isDtls ? 13 : 5;
    add(at, 1, 'record type');
    add(at + 1, 2, 'record version');
    if (isDtls) {
      add(at + 3, 2, 'record epoch');
      add(at + 5, 6, 'record sequence');
    }
    add(at + header - 2, 2, 'record length');
    if (data[at] === 21) add(at + header, 2, 'alert');
    if (data[at] === 22) messageFields(data, at + header, isDtls, add);
    at += header + u16(data, at + header - 2);
  }
}

function messageFields(data, at, isDtls, add) {
  add(at, 1, 'message type');
  add(at + 1, 3, 'message length');
  if (isDtls) {
    add(at + 4, 2, 'message sequence');
    add(at + 6, 3, 'fragment offset');
    add(at + 9, 3, 'fragment length');
  }
  const body = at + (isDtls ? 12 : 4);
  if (data[at] === 1 || data[at] === 2) helloFields(data, body, data[at] === 1, isDtls, add);
  else add(body, 3, 'first length of the body');
}

function helloFields(data, body, isClient, isDtls, add) {
  add(body, 2, 'hello version');
  let at = body + 34;
  const vector = (octets, name) => {
    add(at, octets, name);
    at += octets + (octets === 1 ? data[at] : u16(data, at));
  };
  vector(1, 'session id length');
  if (isClient && isDtls) vector(1, 'cookie length');
  if (isClient) {
    vector(2, 'cipher suites length');
    vector(1, 'compression methods length');
  } else {
    add(at, 2, 'cipher suite');
    at += 3;
  }
  add(at, 2, 'extensions length');
  at += 2;
  for (let count = 0; count < 40 && at + 4 <= data.length; count++) {
    add(at, 2, 'extension type');
    add(at + 2, 2, 'extension length');
    add(at + 4, 2, 'first length of an extension');
    at += 4 + u16(data, at + 2);
  }
}

export function readField(data, { at, octets }) {
  let value = 0;
  for (let i = 0; i < octets; i++) value = value * 256 + data[at + i];
  return value;
}

export function writeField(data, { at, octets }, value) {
  let rest = value;
  for (let i = octets - 1; i >= 0; i--) {
    data[at + i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
}

function u16(data, at) {
  return at + 2 <= data.length ? (data[at] << 8) | data[at + 1] : 0;
}
