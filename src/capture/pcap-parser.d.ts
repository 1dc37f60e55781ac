/** The part of pcap-parser 0.2.1 that is used; the package brings no types. */
declare module 'pcap-parser' {
  /** What the package asks of a readable stream. It listens for `data`, `error` and `end`. */
  export interface ParserInput {
    on(event: string, listener: (data: Buffer) => void): unknown;
    pause(): void;
    resume(): void;
  }

  export interface ParsedPacket {
    readonly header: {
      readonly timestampSeconds: number;
      readonly timestampMicroseconds: number;
      readonly capturedLength: number;
      readonly originalLength: number;
    };
    readonly data: Buffer;
  }

  export interface Parser {
    on(event: 'packet', listener: (packet: ParsedPacket) => void): this;
    on(event: 'error', listener: (error: Error) => void): this;
  }

  /** Parses what the stream emits; synchronously, within each `data` event. */
  export function parse(input: ParserInput): Parser;
}
