// Records what OpenSSL, GnuTLS and Mbed TLS can negotiate, with the key logs, over a loopback of its own:
//
//   node samples/suites/record.mjs FOLDER           everything, one capture per stack and version (some minutes, 40 MB)
//   node samples/suites/record.mjs FOLDER --split   the same, one capture per case
//   node samples/suites/record.mjs FOLDER --kept    the few that are kept in samples/suites
//
// FOLDER then holds the captures (pcapng), key logs beside them where they are not inside, and index.jsonl with one line per
// case, whose connections are those to its `port`. `check.mjs FOLDER` compares. Debian: gcc iproute2 libgnutls28-dev libmbedtls-dev libssl-dev openssl tcpdump util-linux; needs root.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { everyCourse, everySuite } from './cases.mjs';
import { keptFiles } from './kept.mjs';
import { pcapng, readPackets, serverPort } from './pcapng.mjs';

const RUN_SECONDS = 400;
/** How long tcpdump may keep packets to itself. */
const DRAIN_MS = 2500;
const FIRST_PORT = 20_001;
const OWN_LOOPBACK = 'SUITES_OWN_LOOPBACK';
const here = fileURLToPath(new URL('.', import.meta.url));
const [folder, mode] = process.argv.slice(2);

const LIBRARIES = {
  openssl: ['-lssl', '-lcrypto'],
  gnutls: ['-lgnutls'],
  mbedtls: ['-lmbedtls', '-lmbedx509', '-lmbedcrypto'],
};

const run = (program, ...args) =>
  execFileSync(program, args, {
    encoding: 'utf8',
    maxBuffer: 1 << 24,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
const rows = (text) =>
  text
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/));

function makeDrivers(work) {
  for (const [stack, libraries] of Object.entries(LIBRARIES)) {
    const quiet = ['-w', '-O1', '-o', join(work, stack)];
    run('gcc', ...quiet, join(here, `${stack}.c`), ...libraries);
  }
}

function makeCertificates(work) {
  const parameters = join(work, 'dsa.par');
  run('openssl', 'dsaparam', '-out', parameters, '1024');
  const kinds = {
    rsa: ['rsa:2048'],
    ecdsa: ['ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'],
    dsa: [`dsa:${parameters}`],
  };
  for (const [kind, key] of Object.entries(kinds)) {
    const name = ['-subj', '/CN=suites.example.test', '-days', '7300', '-sha256', '-nodes'];
    const out = ['-keyout', join(work, `${kind}.key`), '-out', join(work, `${kind}.pem`)];
    run('openssl', 'req', '-x509', '-newkey', ...key, ...name, ...out);
  }
}

/** What each stack says it can negotiate: { id, name, since, streamOnly, words for its driver }. */
const SUITES = {
  openssl: () =>
    rows(run('openssl', 'ciphers', '-V', '-stdname', 'ALL:COMPLEMENTOFALL:@SECLEVEL=0'))
      .map(([number, , name, , own, since]) => ({
        id: number.replaceAll(/0x|,/g, '').toLowerCase(),
        name,
        since: since.replace('v', ''),
        words: {
          suite: own,
          ...(/PSK/.test(own) && { psk: 1 }),
          ...(/SRP/.test(own) && { srp: 1 }),
        },
      }))
      .concat(
        ['TLS_AES_128_CCM_SHA256', 'TLS_AES_128_CCM_8_SHA256'].map((name, i) => ({
          id: `130${4 + i}`,
          name,
          since: 'TLS1.3',
          words: { suite: name },
        })),
      ),
  gnutls: (driver) =>
    rows(run(driver, 'list'))
      .filter(([, , kx]) => !kx.startsWith('VKO'))
      .map(([id, name, kx, cipher, mac, since]) => ({
        id,
        name,
        since,
        streamOnly: cipher.startsWith('ARCFOUR'),
        words: { kx, cipher, mac },
      })),
  mbedtls: (driver) =>
    rows(run(driver, 'list')).map(([id, name]) => ({
      id,
      name,
      since:
        /SHA256|SHA384|CCM|POLY/.test(name) && !/PSK.*CBC|PSK.*NULL/.test(name)
          ? 'TLS1.2'
          : 'TLS1.0',
      words: { suite: name },
    })),
};

/** Starts the capture and resolves once it listens; the function that it gives ends it. */
async function startCapture(file) {
  const tcpdump = spawn(
    'tcpdump',
    ['-i', 'lo', '-n', '-s', '0', '-B', '65536', '-Z', 'root', '-w', file, 'tcp or udp'],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  for await (const line of createInterface(tcpdump.stderr))
    if (line.includes('listening on')) break;
  return async () => {
    await new Promise((done) => setTimeout(done, DRAIN_MS));
    tcpdump.kill('SIGINT');
    await once(tcpdump, 'exit');
  };
}

/** A driver answers every case by a line; one that ends too early leaves the rest unanswered. */
async function runCases(driver, cases, work) {
  const child = spawn(driver, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, OPENSSL_CONF: '/dev/null' },
  });
  const answers = createInterface(child.stdout)[Symbol.asyncIterator]();
  for (const one of cases) {
    child.stdin.write(
      `certificates=${work} port=${one.port} keys=${one.keys} ${one.line} ${mode === '--kept' ? 'rounds=1' : ''}\n`,
    );
    const { value = 'failed: the driver ended' } = await answers.next();
    one.answer = value;
    if (child.exitCode !== null) break;
  }
  child.stdin.end();
}

const indexLine = (
  file,
  keys,
  { stack, version, id, suite, options, port, connections, handshakes },
) =>
  JSON.stringify({ file, keys, stack, version, id, suite, options, port, connections, handshakes });

function writeFiles(files, packets, out) {
  const byPort = grouped(packets, ({ data }) => serverPort(data));
  const index = [];
  for (const { name, secrets, cases } of files) {
    const good = cases.filter(({ answer }) => answer?.startsWith('ok'));
    if (good.length === 0) continue;
    const keys = good.map((one) => readFileSync(one.keys, 'utf8')).join('');
    const lines = `${[...new Set(keys.trim().split('\n'))].join('\n')}\n`;
    const inside = (secrets ?? []).map((share) => [share, lines]);
    const own = good.flatMap(({ port }) => {
      const found = byPort.get(port);
      if (!found) throw new Error(`nothing was captured of port ${port}`);
      return found;
    });
    writeFileSync(join(out, `${name}.pcapng`), pcapng(own, inside));
    if (!secrets) writeFileSync(join(out, `${name}.keys.log`), lines);
    index.push(
      ...good.map((one) => indexLine(`${name}.pcapng`, secrets ? null : `${name}.keys.log`, one)),
    );
  }
  writeFileSync(join(out, 'index.jsonl'), `${index.join('\n')}\n`);
}

function grouped(items, keyOf) {
  const groups = new Map();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key) ?? [];
    groups.set(key, group);
    group.push(item);
  }
  return groups;
}

const FILES = {
  '--kept': keptFiles,
  '--split': (all) => all.map((one) => ({ name: one.name, cases: [one] })),
  undefined: (all) =>
    [...grouped(all, ({ stack, version }) => `${stack}-${version}`)].map(([name, cases]) => ({
      name,
      cases,
    })),
};

async function record(work, out) {
  for (const address of ['192.0.2.1', '192.0.2.10'])
    run('ip', 'address', 'add', `${address}/32`, 'dev', 'lo');
  run('ip', 'link', 'set', 'lo', 'mtu', '1500', 'up');
  makeDrivers(work);
  makeCertificates(work);
  const suites = (stack) => SUITES[stack](join(work, stack));
  const all = Object.keys(LIBRARIES).flatMap((stack) => {
    const own = suites(stack);
    return [...everySuite(stack, own), ...everyCourse(stack, own)];
  });
  const files = FILES[mode](all);
  const cases = files.flatMap((file) => file.cases);
  cases.forEach((one, i) => {
    one.port = FIRST_PORT + i;
    one.keys = join(work, `${one.port}.keys`);
    writeFileSync(one.keys, '');
  });
  const pcap = join(work, 'all.pcap');
  const stop = await startCapture(pcap);
  for (const stack of Object.keys(LIBRARIES))
    await runCases(
      join(work, stack),
      cases.filter((one) => one.stack === stack),
      work,
    );
  await stop();
  writeFiles(files, readPackets(pcap), out);
  for (const { name, answer } of cases)
    if (!answer?.startsWith('ok')) console.log(`not recorded: ${name}: ${answer}`);
  const good = cases.filter(({ answer }) => answer?.startsWith('ok')).length;
  console.log(`${good} of ${cases.length} cases in ${files.length} captures`);
}

if (!folder || !FILES[mode]) throw new Error('record.mjs FOLDER [--split | --kept]');
if (process.env[OWN_LOOPBACK] === undefined) {
  // Once more, where nothing but this program is on the loopback; whatever it starts ends with it.
  const child = spawn(
    'timeout',
    [
      '-k',
      '5',
      String(RUN_SECONDS),
      'unshare',
      '--net',
      '--pid',
      '--fork',
      '--kill-child',
      process.execPath,
      ...process.argv.slice(1),
    ],
    {
      stdio: 'inherit',
      env: { ...process.env, [OWN_LOOPBACK]: '1' },
    },
  );
  [process.exitCode] = await once(child, 'exit');
} else {
  const out = resolve(folder);
  mkdirSync(out, { recursive: true });
  const work = mkdtempSync(join(tmpdir(), 'suites-'));
  try {
    await record(work, out);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
