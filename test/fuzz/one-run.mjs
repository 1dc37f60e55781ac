import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createAnalysis } from '../../dist/pipeline/analysis.js';
import { JsonReporter, NdjsonReporter } from '../../dist/report/json.js';
import { Tally } from '../../dist/report/reporter.js';
import { RunContext } from '../../dist/report/run-context.js';
import { lineSchema, reportSchema } from '../../dist/report/schema.js';
import { createStyle } from '../../dist/report/style.js';
import { TextReporter } from '../../dist/report/text.js';
import { readPcap } from './capture-file.mjs';
import { mutate } from './mutations.mjs';
import { Random } from './random.mjs';

/** No mutated capture may take longer: the samples take milliseconds. */
export const MAX_SECONDS = 5;
/** No process that reads them may grow beyond this. */
export const MAX_RSS_OCTETS = 512 * 1024 * 1024;

const samples = new URL('../../samples/', import.meta.url);

/** The captures that mutations start from. */
export function loadSamples() {
  const captures = {};
  for (const name of readdirSync(samples).sort()) {
    const capture = new URL(`${name}/capture.pcap`, samples);
    if (existsSync(capture)) captures[name] = readPcap(Uint8Array.from(readFileSync(capture)));
  }
  return captures;
}

/** The mutated capture of a seed, with the words for how it was made. */
export function mutatedCapture(seed, captures) {
  return mutate(new Random(seed), captures);
}

/**
 * Analyses the mutated capture of a seed.
 *
 * @returns the complaints: none if all is as it should be
 */
export async function runSeed(seed, captures) {
  const { octets } = mutatedCapture(seed, captures);
  // Another stream of numbers, so that how it is read does not change what is read.
  const random = new Random(seed ^ 0x5eed);
  const reader = random.chance(4) ? 'pcap-parser' : 'native';
  const started = process.hrtime.bigint();
  const whole = await analysed(octets, octets.length, 'json', reader);
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;

  const complaints = [];
  if (whole.fault !== undefined) complaints.push(`threw ${whole.fault}`);
  if (whole.internalErrors > 0)
    complaints.push(`${whole.internalErrors} internal errors: ${whole.faults}`);
  if (seconds > MAX_SECONDS) complaints.push(`took ${seconds.toFixed(1)} s`);
  if (whole.text !== undefined) complaints.push(...shapeComplaints(whole.text));

  const chunk = random.pick([1, 3, 16, 100, 1000, 4096]);
  const pieces = await analysed(octets, chunk, 'json', reader);
  if (pieces.fault !== undefined && whole.fault === undefined)
    complaints.push(`in pieces of ${chunk}, threw ${pieces.fault}`);
  else if (pieces.text !== whole.text) {
    complaints.push(
      `reads otherwise in pieces of ${chunk}: ${firstDifference(whole.text, pieces.text)}`,
    );
  }
  const format = random.pick(['text', 'ndjson']);
  const other = await analysed(octets, octets.length, format, reader);
  if (other.fault !== undefined && whole.fault === undefined)
    complaints.push(`as ${format}, threw ${other.fault}`);
  if (format === 'ndjson' && other.text !== undefined)
    complaints.push(...lineComplaints(other.text));
  return complaints;
}

/** The report on these octets, given in pieces of `chunk`; `fault` is the stack of what was thrown instead. */
async function analysed(octets, chunk, format, reader) {
  const decoder = new TextDecoder();
  let text = '';
  const take = (piece) => {
    text += decoder.decode(piece, { stream: true });
  };
  try {
    const tally = new Tally();
    const run = new RunContext(() => analysis);
    const reporter = await reporterFor(format, take, run);
    const both = (name) => (fact) => {
      tally[name](fact);
      reporter[name](fact);
    };
    const analysis = createAnalysis(
      { connection: both('connection'), finding: both('finding') },
      { reader },
    );
    const intake = analysis.beginCapture('mutated', null);
    // One array for all pieces, as a reader of files would reuse its block.
    const block = new Uint8Array(Math.max(1, chunk));
    for (let at = 0; at < octets.length; at += chunk) {
      const piece = octets.subarray(at, at + chunk);
      block.set(piece);
      intake.push(block.subarray(0, piece.length));
    }
    intake.end(octets.length);
    const result = analysis.end();
    await reporter.end({ result, tally, selection: '', interrupted: false });
    const faults = result.notices[0]
      .filter(({ code }) => code === 'internal-error')
      .map(({ detail }) => detail)
      .join('; ');
    return { text: text + decoder.decode(), internalErrors: result.internalErrors, faults };
  } catch (fault) {
    return { fault: fault instanceof Error ? fault.stack : String(fault), internalErrors: 0 };
  }
}

async function reporterFor(format, take, run) {
  if (format === 'json') return new JsonReporter(take, run, '0.0.0');
  if (format === 'ndjson') return new NdjsonReporter(take, run, '0.0.0');
  const style = await createStyle({ color: false, ascii: false, width: 100 });
  return new TextReporter(take, run, style, { verbose: true });
}

function shapeComplaints(text) {
  try {
    const { success, error } = reportSchema.safeParse(JSON.parse(text));
    return success ? [] : [`report of a wrong shape: ${error.message.slice(0, 500)}`];
  } catch (fault) {
    return [`report that is no JSON: ${fault.message}`];
  }
}

function lineComplaints(text) {
  for (const line of text.trimEnd().split('\n')) {
    try {
      const { success, error } = lineSchema.safeParse(JSON.parse(line));
      if (!success) return [`line of a wrong shape: ${error.message.slice(0, 500)}`];
    } catch (fault) {
      return [`line that is no JSON: ${fault.message}`];
    }
  }
  return [];
}

function firstDifference(one = '', other = '') {
  let at = 0;
  while (at < one.length && one[at] === other[at]) at++;
  const around = (text) => JSON.stringify(text.slice(Math.max(0, at - 60), at + 60));
  return `${around(one)} became ${around(other)}`;
}
