import type { Finding } from '../model/finding.ts';
import type { ConnectionHistory, Endpoint } from '../model/history.ts';
import { LIMITS } from '../model/limits.ts';
import type { ScopeInput } from './files.ts';
import { patternOf } from './pattern.ts';

/** Whom a connection is between. */
export interface Party {
  /** Undefined where only the server is known. */
  readonly client: string | undefined;
  readonly server: Endpoint;
  readonly name: string | undefined;
}

/** Which connections an entry of a file is about. */
export interface Scope {
  /** Empty: all of them. */
  readonly words: string;
  has(party: Party): boolean;
}

/** @param given addresses in the form that histories have */
export function scopeOf(given: ScopeInput = {}): Scope {
  const { client, server, port, name } = given;
  const named = name === undefined ? undefined : patternOf(name);
  const words = [
    client !== undefined && `client ${client}`,
    server !== undefined && `server ${server}`,
    port !== undefined && `port ${port}`,
    name !== undefined && `name ${name}`,
  ];
  return {
    words: words.filter(Boolean).join(', '),
    has: (party) =>
      (client === undefined || party.client === client) &&
      (server === undefined || party.server.address === server) &&
      (port === undefined || party.server.port === port) &&
      (named === undefined || (party.name !== undefined && named(party.name))),
  };
}

/**
 * Remembers who the connections of a run are between, since findings come later and name them by id. Those beyond
 * `LIMITS.checkedConnections` are forgotten: a finding about one is never taken for a known one.
 */
export class Parties {
  private readonly all = new Map<string, Party>();
  private readonly byId = new Map<number, Party>();

  add({ id, client, server, serverName, decryption }: ConnectionHistory): Party {
    const name = decryption?.innerServerName ?? serverName;
    const party = this.known(client.address, { ...server }, name);
    if (this.byId.size < LIMITS.checkedConnections) this.byId.set(id, party);
    return party;
  }

  /** Those that a finding is about, as far as they are remembered; the owner is there or none is. */
  of({ connections, server }: Finding): readonly Party[] {
    const [owner] = connections;
    if (owner === undefined)
      return server === undefined ? [] : [{ client: undefined, server, name: undefined }];
    if (!this.byId.has(owner)) return [];
    return [...new Set(connections.flatMap((id) => this.byId.get(id) ?? []))];
  }

  /** The same parties meet again and again: each is kept once. */
  private known(client: string, server: Endpoint, name: string | undefined): Party {
    const key = `${client} ${server.address} ${server.port} ${name ?? ''}`;
    let party = this.all.get(key);
    if (party === undefined) {
      party = { client, server, name };
      if (this.all.size < LIMITS.checkedConnections) this.all.set(key, party);
    }
    return party;
  }
}
