/** Placeholder entry until the command line stands. */
export async function main(
  _argv: readonly string[],
  streams: { stderr: { write(text: string): unknown } },
): Promise<number> {
  streams.stderr.write('not built yet\n');
  return 70;
}
