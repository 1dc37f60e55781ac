/** An input that cannot be read at all: one line that says what and what to do. The command line ends with status 2. */
export class InputError extends Error {
  override readonly name = 'InputError';
}

/**
 * Puts what the operating system said about a file into a sentence.
 *
 * @param name of the input, for people
 * @param error what a call of node:fs threw; returned as it is when it did not come from the operating system
 */
export function inputError(name: string, error: unknown): unknown {
  if (!(error instanceof Error) || !('syscall' in error) || !('code' in error)) return error;
  const sentence = SENTENCES[String(error.code)] ?? `cannot be read: ${error.message}`;
  return new InputError(`${name} ${sentence}`, { cause: error });
}

const SENTENCES: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist; check the path',
  ENOTDIR: 'does not exist; a part of its path is no directory',
  EISDIR: 'is a directory; name the files in it',
  EACCES: 'may not be read by this user; change its permissions or run as its owner',
  EPERM: 'may not be read by this user; change its permissions or run as its owner',
  EMFILE: 'cannot be opened, too many files are open; name fewer files at once',
  ENAMETOOLONG: 'cannot be opened, the path is too long; check it',
};
