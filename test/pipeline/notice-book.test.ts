import { expect } from 'vitest';
import { NoticeBook } from '../../src/pipeline/notice-book.ts';
import { reaches } from '../support/reaches.ts';

reaches(
  'noticesPerCode',
  3,
  'the first notices of a code are kept, the others counted',
  (bound) => {
    const book = new NoticeBook(false);
    book.beginCapture();
    const about = { packetNumber: 0, offset: -1, needed: 0, available: 0 };
    for (let n = 0; n < bound + 2; n++) book.notice({ ...about, code: 'tcp-gap', offset: n });
    book.notice({ ...about, code: 'capture-empty' });
    expect(book.notices[0]?.map(({ offset }) => offset)).toEqual([0, 1, 2, -1]);
    expect(book.omitted).toEqual([{ 'tcp-gap': 2 }]);
  },
);
