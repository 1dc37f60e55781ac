// The same flood in every form of report, and held against long files of secrets, expectations and known findings.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomOf } from './packets.mjs';
import { sampleShape } from './scaling-samples.mjs';

const FORMATS = ['text', 'json', 'ndjson', 'html', 'markdown', 'sarif'];

/** A sample with healthy and refused handshakes, so that there are findings, failures in common, and successes. */
const flood = (name, way, options, prepare = () => []) => {
  const shape = sampleShape('tls-alert-no-shared-cipher', way);
  return {
    ...shape,
    name,
    options,
    write(n, to, folder) {
      shape.write(n, to);
      return prepare(n, folder);
    },
  };
};

function written(folder, name, text) {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** Lines for randoms that no connection has. */
function keyLog(n, folder, same) {
  const lines = Array.from({ length: n * 50 }, (_, i) => {
    const random = randomOf(same ? 1 : i, 77).toString('hex');
    return `CLIENT_RANDOM ${random} ${randomOf(i, 78).toString('hex')}${randomOf(i, 79).toString('hex').slice(0, 32)}\n`;
  });
  return ['--keylog', written(folder, 'keys.log', lines.join(''))];
}

function baseline(n, folder, scope) {
  const known = Array.from({ length: Math.min(10_000, n * 4) }, (_, i) => ({
    rule: 'no-shared-cipher',
    reason: 'known',
    ...scope(i),
  }));
  const text = JSON.stringify({ schema: 'tlsdiag.baseline/1', known });
  return ['--baseline', written(folder, 'baseline.json', text)];
}

function expectations(folder) {
  const expect = Array.from({ length: 1000 }, (_, i) => ({
    for: { name: `*${i}*.example.org` },
    handshakes: 'succeed',
    versions: { only: ['TLS 1.3'] },
  }));
  const text = JSON.stringify({ schema: 'tlsdiag.expect/1', expect });
  return ['--expect', written(folder, 'expect.json', text)];
}

export const fileShapes = () => [
  ...FORMATS.map((format) => flood(`report: ${format}`, 'clients', ['--format', format])),
  flood('report: text -v', 'clients', ['-v']),
  flood('file: key log of other randoms', 'clients', [], (n, folder) => keyLog(n, folder)),
  flood('file: key log of one random', 'clients', [], (n, folder) => keyLog(n, folder, true)),
  flood('file: baseline of other servers', 'clients', [], (n, folder) =>
    baseline(n, folder, (i) => ({ server: `192.0.2.${i % 250}`, client: `198.51.100.${i % 250}` })),
  ),
  flood('file: baseline about everybody', 'clients', [], (n, folder) =>
    baseline(n, folder, (i) => ({ name: '*', port: 1 + (i % 2) })),
  ),
  flood('file: 1000 expectations', 'clients', [], (_n, folder) => expectations(folder)),
];
