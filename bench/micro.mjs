// Hot pieces by themselves, in this process: nanoseconds for one call, the median of several rounds.
import { createAnalysis } from '../dist/pipeline/analysis.js';
import { JsonReporter } from '../dist/report/json.js';
import { RunContext } from '../dist/report/run-context.js';
import { decodeClientHello } from '../dist/tls/codec/client-hello.js';
import { HelloScan } from '../dist/tls/codec/hello-scan.js';
import { FlowTable } from '../dist/transport/flow-table.js';
import { readPcap } from '../test/fuzz/capture-file.mjs';
import { layersOf } from '../test/fuzz/packet-fields.mjs';

const ROUNDS = 7;
const ROUND_MILLIS = 60;

/** @param sample octets of a capture with a TLS connection */
export function microBenches(sample) {
  const hello = clientHelloIn(sample);
  const scan = new HelloScan();
  const end = hello.length;
  const cursors = Array.from({ length: 1 << 16 }, (_, i) => cursorOf(i));
  const few = new FlowTable();
  const many = new FlowTable();
  let at = 0;
  return [
    ['ClientHello, scanned', perCall(() => scan.scanClientHello(hello, 0, end, false))],
    ['ClientHello, decoded', perCall(() => decodeClientHello(hello, false))],
    ['flow looked up, of 256', perCall(() => few.find(cursors[at++ & 0xff]))],
    ['flow looked up, of 65,536', perCall(() => many.find(cursors[at++ & 0xffff]))],
    ['connection written as JSON', jsonWriter(sample)],
  ];
}

function perCall(call) {
  const rounds = Array.from({ length: ROUNDS }, () => {
    let calls = 0;
    const began = process.hrtime.bigint();
    const until = began + BigInt(ROUND_MILLIS * 1e6);
    let now = began;
    while (now < until) {
      for (let i = 0; i < 1000; i++) call();
      calls += 1000;
      now = process.hrtime.bigint();
    }
    return Number(now - began) / calls;
  });
  return rounds.sort((a, b) => a - b)[ROUNDS >> 1];
}

/** A history is valid only while it is handed on, so the writer is measured there. */
function jsonWriter(sample) {
  let nanos;
  const run = new RunContext(() => analysis.epochSeconds);
  const reporter = new JsonReporter(() => {}, run, '0.0.0');
  const analysis = createAnalysis({
    connection(history) {
      nanos ??= perCall(() => reporter.connection(history));
    },
    finding() {},
  });
  run.beginCapture(0);
  analysis.beginCapture('sample', null);
  analysis.push(sample);
  analysis.endCapture(sample.length);
  analysis.end();
  return nanos;
}

/** Body of the first ClientHello that lies in one packet. */
function clientHelloIn(sample) {
  for (const { data } of readPcap(Uint8Array.from(sample)).packets) {
    const { payload, protocol } = layersOf(data) ?? {};
    if (protocol === 6 && data[payload] === 22 && data[payload + 5] === 1) {
      return data.slice(payload + 9);
    }
  }
  throw new Error('no ClientHello in the sample');
}

/** As much of a transport cursor as finding its flow takes. */
function cursorOf(index) {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x0a000000 + index);
  view.setUint32(4, 0xc0000201);
  return {
    view,
    bytes,
    family: 4,
    sourceOffset: 0,
    destinationOffset: 4,
    sourcePort: 1024 + (index % 50_000),
    destinationPort: 443,
  };
}
