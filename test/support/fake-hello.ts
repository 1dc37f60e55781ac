import type { ClientHello, ServerHello } from '../../src/model/message.ts';
import { decodeClientHello } from '../../src/tls/codec/client-hello.ts';
import { decodeServerHello } from '../../src/tls/codec/server-hello.ts';
import {
  type ClientHelloSpec,
  clientHello,
  type ServerHelloSpec,
  serverHello,
} from './hello-builder.ts';

/** Hellos as a history gives them, so that a test names only the fields that it is about. */
export const fakeClientHello = (spec: ClientHelloSpec = {}): ClientHello =>
  decodeClientHello(clientHello(spec), spec.cookie !== undefined).message;

export const fakeServerHello = (spec: ServerHelloSpec = {}): ServerHello =>
  decodeServerHello(serverHello(spec)).message;
