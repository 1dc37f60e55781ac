import { basename, dirname } from 'node:path';

/** What a name says about a file of a rotated set. */
interface Member {
  /** The same for all files of the set. */
  readonly set: string;
  /** Its place, as far as the name counts. */
  readonly number: number | undefined;
  /** Counts up for good; false: begins again after the last, as `tcpdump -W` does. */
  readonly countsOn: boolean;
}

const COMPRESSED = /\.(?:gz|zst|lz4|xz)$/i;
/** `dumpcap -b`, and `editcap -c`: NAME_00001_20240501120000.pcapng; in recent versions also the other way round. */
const DUMPCAP =
  /^(.*)_(?:(?<a>\d{5,})_(?<stamp>\d{14})|(?<stamp2>\d{14})_(?<b>\d{5,}))(?=\.|$)(.*)$/;
/** `tcpdump -C` and `-W`: NAME.pcap, NAME.pcap1, NAME.pcap2; with `-W` NAME.pcap00, NAME.pcap01. */
const COUNTED = /^(.+\.(?:pcap|pcapng|cap|dmp|dump|trace|tcpdump))(\d*)$/i;
/** `tcpdump -G` puts a time in the name: a date, a time of day, seconds since 1970, with or without separators. */
const TIME = /\d{4}-\d\d-\d\d|\d\d[-:_]\d\d[-:_]\d\d(?!\d)|\d{6,14}/g;

/** Undefined for a name that does not look as if the file had been one of several. */
function memberOf(path: string): Member | undefined {
  const folder = dirname(path);
  const name = basename(path).replace(COMPRESSED, '');
  const dumpcap = DUMPCAP.exec(name);
  if (dumpcap?.groups) {
    const { a, b } = dumpcap.groups;
    const set = `${folder}/${dumpcap[1]}_#_#${dumpcap[6]}`;
    return { set, number: Number(a ?? b), countsOn: true };
  }
  const [, stem = name, digits = ''] = COUNTED.exec(name) ?? [];
  const set = stem.replace(TIME, '#');
  const isTimed = set !== stem;
  if (stem === name && !isTimed && !COUNTED.test(name)) return undefined;
  // With a time in the name, the count begins again with each.
  return { set: `${folder}/${set}`, number: isTimed ? undefined : Number(digits), countsOn: false };
}

/**
 * Gathers the files that one program wrote one after the other, told by their names (not by what is in them: a clock may
 * have been set back meanwhile), each set in its order. What belongs to no set stands alone.
 *
 * @param timeOf moment of a file's first packet, in any unit; undefined without packets
 */
export function rotatedSets<File extends { readonly path: string }>(
  files: readonly File[],
  timeOf: (file: File) => number | undefined,
): File[][] {
  const sets = new Map<string, { file: File; member: Member | undefined }[]>();
  files.forEach((file, index) => {
    const member = memberOf(file.path);
    const key = member?.set ?? `\0${index}`;
    const set = sets.get(key) ?? [];
    set.push({ file, member });
    sets.set(key, set);
  });
  return [...sets.values()].map((set) => {
    const numbers = new Set(set.map(({ member }) => member?.number));
    const isNumbered = numbers.size === set.length && !numbers.has(undefined);
    const inOrder = set.sort(
      isNumbered
        ? (a, b) => (a.member?.number ?? 0) - (b.member?.number ?? 0)
        : (a, b) => byName(a.file, b.file),
    );
    const ordered = inOrder.map(({ file }) => file);
    if (!isNumbered) return byTime(ordered, timeOf);
    return set[0]?.member?.countsOn ? ordered : fromEarliest(ordered, timeOf);
  });
}

const COLLATOR = new Intl.Collator('en', { numeric: true });

/** Orders files by path with numbers in it taken as numbers, so that `part10` stands behind `part9`. */
export function byName(a: { readonly path: string }, b: { readonly path: string }): number {
  return COLLATOR.compare(a.path, b.path) || (a.path < b.path ? -1 : 1);
}

/** A file without packets stays behind the one before it. */
function byTime<File>(files: readonly File[], timeOf: (file: File) => number | undefined): File[] {
  let last = Number.NEGATIVE_INFINITY;
  const timed = files.map((file) => {
    last = timeOf(file) ?? last;
    return { file, time: last };
  });
  return timed.sort((a, b) => a.time - b.time).map(({ file }) => file);
}

/** A ring whose first file may have been overwritten last. */
function fromEarliest<File>(files: File[], timeOf: (file: File) => number | undefined): File[] {
  let first = 0;
  let earliest = Number.POSITIVE_INFINITY;
  files.forEach((file, index) => {
    const time = timeOf(file) ?? Number.POSITIVE_INFINITY;
    if (time >= earliest) return;
    earliest = time;
    first = index;
  });
  return [...files.slice(first), ...files.slice(0, first)];
}
