import { z } from 'zod';
import { SSL2_CIPHER_KINDS } from '../model/code-points/ssl2-cipher-kinds.ts';
import { SUITE_NAMES } from '../model/code-points/suite-names.ts';
import { SEVERITIES } from '../model/finding.ts';
import { LIMITS } from '../model/limits.ts';
import { patternOf } from './pattern.ts';

/*
 * The one source of what the files of `--expect` and `--baseline` may hold: types, validator and the published JSON Schemas
 * all come from here.
 */

/** What the `schema` member of the two files has to say; the number is that of the format. */
export const EXPECT_SCHEMA_ID = 'tlsdiag.expect/1';
export const BASELINE_SCHEMA_ID = 'tlsdiag.baseline/1';

const VERSIONS = [
  'SSL 2.0',
  'SSL 3.0',
  'TLS 1.0',
  'TLS 1.1',
  'TLS 1.2',
  'TLS 1.3',
  'DTLS 1.0',
  'DTLS 1.2',
  'DTLS 1.3',
] as const;

const count = z.int().nonnegative();
const ruleId = z.string().describe('As findings name it; tlsdiag rules lists them');

const scope = {
  client: z.string().optional().describe('IP address'),
  server: z.string().optional().describe('IP address'),
  port: z.int().min(0).max(65_535).optional().describe('Of the server'),
  name: z
    .string()
    .optional()
    .describe('Server name (SNI); * stands for any characters, \\* for a star'),
};
const scopeSchema = z.strictObject(scope);

const versions = z.array(z.enum(VERSIONS)).min(1);
const suites = z
  .array(
    z
      .string()
      .refine(namesSuite, { error: 'matches no cipher suite; write names as the report has them' }),
  )
  .min(1);
const OF_ONE = { error: 'give only or forbid' };
const oneOf = ({ only, forbid }: { only?: unknown; forbid?: unknown }): boolean =>
  (only === undefined) !== (forbid === undefined);

const ASSERTIONS = {
  connections: z
    .strictObject({ atLeast: count.optional(), atMost: count.optional() })
    .refine(({ atLeast = 0, atMost = Number.POSITIVE_INFINITY }) => atLeast <= atMost, {
      error: 'atLeast is more than atMost',
    })
    .optional()
    .describe('How many there are'),
  handshakes: z.enum(['succeed', 'fail']).optional().describe('What all of them do'),
  versions: z
    .strictObject({ only: versions.optional(), forbid: versions.optional() })
    .refine(oneOf, OF_ONE)
    .optional()
    .describe('Versions that servers chose'),
  suites: z
    .strictObject({ only: suites.optional(), forbid: suites.optional() })
    .refine(oneOf, OF_ONE)
    .optional()
    .describe('Cipher suites that servers chose; * stands for any characters: *_CBC_*'),
  handshakeMs: z
    .strictObject({ atMost: z.number().positive() })
    .optional()
    .describe('Milliseconds from the first ClientHello to the last Finished'),
  findings: z
    .strictObject({
      severity: z
        .enum(SEVERITIES)
        .optional()
        .describe('Milder ones do not count; warning unless given'),
      only: z.array(ruleId).optional().describe('No others; an empty list allows none'),
      forbid: z.array(ruleId).min(1).optional(),
      require: z.array(ruleId).min(1).optional().describe('Of any severity, each at least once'),
    })
    .refine(({ only, forbid, require }) => [only, forbid, require].some((list) => list), {
      error: 'give only, forbid or require',
    })
    .refine(({ only, forbid }) => !(only && forbid), OF_ONE)
    .optional()
    .describe('Those that are reported'),
};

const entrySchema = z
  .strictObject({
    for: scopeSchema.optional().describe('Which connections it is about; all unless given'),
    note: z.string().optional().describe('Said where it fails'),
    ...ASSERTIONS,
    allowUnproven: z
      .boolean()
      .optional()
      .describe('true: connections of which too little was captured do not count, nor does none'),
  })
  .refine((entry) => Object.keys(ASSERTIONS).some((key) => key in entry), {
    error: `expects nothing; give one of ${Object.keys(ASSERTIONS).join(', ')}`,
  });

const expectSchema = z
  .strictObject({
    $schema: z.string().optional(),
    schema: z.literal(EXPECT_SCHEMA_ID),
    expect: z.array(entrySchema).min(1).max(LIMITS.expectations),
  })
  .describe('What a capture is expected to show: tlsdiag analyze --expect FILE');

const knownSchema = z.strictObject({
  rule: ruleId,
  ...scope,
  severity: z
    .enum(SEVERITIES)
    .optional()
    .describe('Findings that are graver are not hidden; any unless given'),
  reason: z
    .string()
    .refine((text) => text.trim() !== '', {
      error: 'is empty; say why the finding is accepted',
    })
    .describe('Why the finding is accepted'),
  until: z
    .string()
    .refine((text) => untilOf(text) !== undefined, {
      error: 'is no date; write 2026-12-31, or 2026-12-31T12:00:00Z',
    })
    .optional()
    .describe('Findings of captures later than this date (the whole day, UTC) are not hidden'),
});

const baselineSchema = z
  .strictObject({
    $schema: z.string().optional(),
    schema: z.literal(BASELINE_SCHEMA_ID),
    known: z.array(knownSchema).max(LIMITS.baselineEntries),
  })
  .describe('Findings that are known and accepted: tlsdiag analyze --baseline FILE');

export type ScopeInput = z.infer<typeof scopeSchema>;
export type ExpectEntry = z.infer<typeof entrySchema>;
export type ExpectFile = z.infer<typeof expectSchema>;
export type KnownInput = z.infer<typeof knownSchema>;
export type BaselineFile = z.infer<typeof baselineSchema>;

/** A file cannot be used: one line that says where and why. */
export class CheckFileError extends Error {
  override readonly name = 'CheckFileError';
}

/** What the files are read against. */
export interface Vocabulary {
  /** Ids of the rules there are. */
  readonly rules: ReadonlySet<string>;
  /** The form that histories have of an IP address; throws an error with a sentence for what is none. */
  address(text: string): string;
}

/** @throws CheckFileError */
export function parseExpectations(text: string, vocabulary: Vocabulary): ExpectFile {
  const file = parse(text, expectSchema, EXPECT_SCHEMA_ID);
  const expect = file.expect.map((entry, index) => {
    const at = `expect[${index}]`;
    for (const list of ['only', 'forbid', 'require'] as const)
      for (const [place, id] of (entry.findings?.[list] ?? []).entries())
        checkRule(id, `${at}.findings.${list}[${place}]`, vocabulary);
    if (entry.for === undefined) return entry;
    return { ...entry, for: withAddresses(entry.for, `${at}.for`, vocabulary) };
  });
  return { ...file, expect };
}

/** @throws CheckFileError */
export function parseBaseline(text: string, vocabulary: Vocabulary): BaselineFile {
  const file = parse(text, baselineSchema, BASELINE_SCHEMA_ID);
  const known = file.known.map((entry, index) => {
    checkRule(entry.rule, `known[${index}].rule`, vocabulary);
    return withAddresses(entry, `known[${index}]`, vocabulary);
  });
  return { ...file, known };
}

/**
 * The moment up to which an entry holds, in nanoseconds since 1970 as far as a number tells them: the end of the day where
 * only a day is given. Undefined for what is no date.
 */
export function untilOf(
  text: string,
): { readonly seconds: number; readonly nanos: number } | undefined {
  const isDay = /^\d{4}-\d\d-\d\d$/.test(text);
  if (!isDay && !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$/.test(text)) return undefined;
  const millis = Date.parse(text);
  if (Number.isNaN(millis)) return undefined;
  // Some days that no month has are taken for those of the next.
  if (isDay && new Date(millis).toISOString().slice(0, 10) !== text) return undefined;
  return isDay
    ? { seconds: millis / 1000 + 86_399, nanos: 999_999_999 }
    : { seconds: millis / 1000, nanos: 0 };
}

/** JSON Schemas (draft 2020-12) of the files, by what `tlsdiag schema` calls them. */
export function checkFileSchema(which: 'expect' | 'baseline'): object {
  const [id, schema] =
    which === 'expect'
      ? ([EXPECT_SCHEMA_ID, expectSchema] as const)
      : ([BASELINE_SCHEMA_ID, baselineSchema] as const);
  return {
    $id: `https://tlsdiag.invalid/${id}`,
    ...z.toJSONSchema(schema, { io: 'input', reused: 'inline' }),
  };
}

function parse<Schema extends z.ZodType>(
  text: string,
  schema: Schema,
  id: string,
): z.output<Schema> {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (error) {
    const document = id.slice(id.indexOf('.') + 1, id.indexOf('/'));
    throw new CheckFileError(
      `is no JSON (${error instanceof Error ? error.message : error}); tlsdiag schema ${document} says what it may hold`,
    );
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = pathText(issue?.path ?? []);
  if (path === 'schema')
    throw new CheckFileError(`has no "schema": "${id}", so it is not of that kind`);
  const more = parsed.error.issues.length - 1;
  throw new CheckFileError(
    `${path === '' ? '' : `${path}: `}${sentence(issue)}${more > 0 ? ` (and ${more} more)` : ''}`,
  );
}

function sentence(issue: z.core.$ZodIssue | undefined): string {
  if (issue?.code === 'unrecognized_keys')
    return `there is nothing called ${issue.keys.map((key) => `'${key}'`).join(', ')} here; tlsdiag schema expect and tlsdiag schema baseline tell what there is`;
  if (issue?.code === 'invalid_value') return `takes one of ${issue.values.join(', ')}`;
  return (issue?.message ?? 'is not as it should be').replace(/^Invalid input: /, '');
}

/** `expect[1].versions.only[0]`. */
function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('')
    .replace(/^\./, '');
}

function checkRule(id: string, at: string, { rules }: Vocabulary): void {
  if (!rules.has(id))
    throw new CheckFileError(`${at}: there is no rule '${id}'; tlsdiag rules lists them`);
}

function withAddresses<Given extends ScopeInput>(
  given: Given,
  at: string,
  { address }: Vocabulary,
): Given {
  const result = { ...given };
  for (const key of ['client', 'server'] as const) {
    const text = given[key];
    if (text === undefined) continue;
    try {
      result[key] = address(text);
    } catch {
      throw new CheckFileError(`${at}.${key}: '${text}' is no IP address`);
    }
  }
  return result;
}

function namesSuite(text: string): boolean {
  const matches = patternOf(text);
  const names = [...Object.values(SUITE_NAMES), ...Object.values(SSL2_CIPHER_KINDS)];
  return text.startsWith('unknown_') || names.some((name) => matches(name));
}
