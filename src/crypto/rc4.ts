/** The RC4 key stream, which OpenSSL 3 gives to nobody without its legacy provider. RFC 6229 has test vectors. */
export class Rc4 {
  private readonly state = new Uint8Array(256);
  private i = 0;
  private j = 0;

  constructor(key: Uint8Array) {
    const { state } = this;
    for (let i = 0; i < 256; i++) state[i] = i;
    for (let i = 0, j = 0; i < 256; i++) {
      const value = state[i] as number;
      j = (j + value + (key[i % key.length] as number)) & 0xff;
      state[i] = state[j] as number;
      state[j] = value;
    }
  }

  /** `bytes[start, end)` combined with the next octets of the key stream. */
  apply(bytes: Uint8Array, start: number, end: number): Uint8Array {
    const out = new Uint8Array(end - start);
    for (let k = start; k < end; k++) out[k - start] = (bytes[k] as number) ^ this.next();
    return out;
  }

  skip(octets: number): void {
    for (let k = 0; k < octets; k++) this.next();
  }

  clone(): Rc4 {
    const twin = new Rc4(ONE_OCTET);
    twin.state.set(this.state);
    twin.i = this.i;
    twin.j = this.j;
    return twin;
  }

  private next(): number {
    const { state } = this;
    this.i = (this.i + 1) & 0xff;
    const a = state[this.i] as number;
    this.j = (this.j + a) & 0xff;
    const b = state[this.j] as number;
    state[this.i] = b;
    state[this.j] = a;
    return state[(a + b) & 0xff] as number;
  }
}

const ONE_OCTET = new Uint8Array(1);
