import type { Evidence } from '../../model/finding.ts';
import type { At, Role } from '../../model/history.ts';

/** A packet as evidence. `connection` is 0 where the packet belongs to none. */
export function witness(
  at: At,
  connection: number,
  from: Role | undefined,
  note: string,
): Evidence {
  const { packet, nanos } = at;
  return { packet, nanos, connection, ...(from === undefined ? {} : { from }), note };
}
