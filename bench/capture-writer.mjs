import { closeSync, openSync, writeSync } from 'node:fs';

const BLOCK = 1024 * 1024;

/** A pcap file in microseconds that is written block by block. */
export class CaptureWriter {
  #file;
  #block = Buffer.alloc(BLOCK);
  #at = 24;

  constructor(path, linkType = 1) {
    this.#file = openSync(path, 'w');
    const header = [0xa1b2c3d4, (4 << 16) | 2, 0, 0, 262_144, linkType];
    for (const [index, value] of header.entries()) this.#block.writeUInt32LE(value, index * 4);
  }

  /** The packet is copied. */
  put(data, micros) {
    if (this.#at + 16 + data.length > BLOCK) this.#flush();
    const at = this.#at;
    this.#block.writeUInt32LE(1_700_000_000 + Math.floor(micros / 1e6), at);
    this.#block.writeUInt32LE(micros % 1e6, at + 4);
    this.#block.writeUInt32LE(data.length, at + 8);
    this.#block.writeUInt32LE(data.length, at + 12);
    this.#block.set(data, at + 16);
    this.#at += 16 + data.length;
  }

  end() {
    this.#flush();
    closeSync(this.#file);
  }

  #flush() {
    writeSync(this.#file, this.#block, 0, this.#at);
    this.#at = 0;
  }
}
