/**
 * Blocks of the ChaCha20 key stream, one at a time: OpenSSL wants a new cipher for each nonce, which takes ten times as
 * long as the block. RFC 8439 §2.3.
 */
export class ChaCha20 {
  private readonly start = new Int32Array(16);
  private readonly state = new Int32Array(16);

  constructor(key: Uint8Array) {
    const view = new DataView(key.buffer, key.byteOffset, key.length);
    this.start.set(CONSTANTS);
    for (let word = 0; word < 8; word++) this.start[4 + word] = view.getInt32(word * 4, true);
  }

  /** The first two octets of the block that counter and nonce name, 4 and 12 octets of `bytes` at `at`. RFC 9147 §4.2.3. */
  mask(bytes: Uint8Array, at: number): number {
    const view = new DataView(bytes.buffer, bytes.byteOffset + at, 16);
    for (let word = 0; word < 4; word++) this.start[12 + word] = view.getInt32(word * 4, true);
    this.rounds();
    const sum = (this.state[0] as number) + (this.start[0] as number);
    return ((sum & 0xff) << 8) | ((sum >>> 8) & 0xff);
  }

  /** One octet of the key stream under a nonce of twelve octets; the counter of its first block is 0. */
  octet(nonce: Buffer, offset: number): number {
    const { start } = this;
    start[12] = offset >>> 6;
    for (let word = 0; word < 3; word++) start[13 + word] = nonce.readInt32LE(word * 4);
    this.rounds();
    const word = (offset & 63) >> 2;
    const sum = (this.state[word] as number) + (start[word] as number);
    return (sum >>> (8 * (offset & 3))) & 0xff;
  }

  private rounds(): void {
    this.state.set(this.start);
    for (let round = 0; round < 10; round++) {
      this.quarter(0, 4, 8, 12);
      this.quarter(1, 5, 9, 13);
      this.quarter(2, 6, 10, 14);
      this.quarter(3, 7, 11, 15);
      this.quarter(0, 5, 10, 15);
      this.quarter(1, 6, 11, 12);
      this.quarter(2, 7, 8, 13);
      this.quarter(3, 4, 9, 14);
    }
  }

  private quarter(a: number, b: number, c: number, d: number): void {
    this.step(a, b, d, 16);
    this.step(c, d, b, 12);
    this.step(a, b, d, 8);
    this.step(c, d, b, 7);
  }

  /** a += b; d ^= a; d <<<= bits */
  private step(a: number, b: number, d: number, bits: number): void {
    const { state } = this;
    const sum = ((state[a] as number) + (state[b] as number)) | 0;
    const mixed = (state[d] as number) ^ sum;
    state[a] = sum;
    state[d] = (mixed << bits) | (mixed >>> (32 - bits));
  }
}

/** "expand 32-byte k" */
const CONSTANTS = Int32Array.of(0x61707865, 0x3320646e, 0x79622d32, 0x6b206574);
