/** For the attacks on clients that name themselves by URL (CIMD): two servers, a host of documents, and names that lead anywhere. */
import { resource, type TestServer } from '../authorization-server/server.js'
import { type Page, pageOf } from '../support/browser.js'
import { type Answer, clientDocument, type DocumentHost } from '../support/document-host.js'
import { type ServerMetadata, startAuthorization } from '../support/oauth-client.js'
import type { Attack, AttackedWorld } from './attack.js'

export interface DocumentWorld extends AttackedWorld {
  readonly host: DocumentHost
  /** May dial loopback, where `host` is. */
  readonly server: TestServer
  /** As in production: dials public addresses alone. */
  readonly strict: TestServer
  readonly metadata: ServerMetadata
  /** Where names lead, asked in turn, the last one for ever; others lead to loopback. */
  readonly names: Map<string, string[]>
  /** Ports of servers with a certificate that nobody trusts, and without TLS. */
  readonly selfSignedPort: number
  readonly plainPort: number
}

export type Row = Attack<DocumentWorld>

export const redirectUri = 'http://127.0.0.1:53682/callback'

export async function open(
  { issuer, newBrowser }: TestServer,
  clientId: string,
  redirect = redirectUri,
): Promise<Page> {
  const endpoints = { authorization_endpoint: `${issuer}/authorize` }
  const { url } = startAuthorization(endpoints, { clientId, redirectUri: redirect, scope: 'notes:read', resource })
  return pageOf(await newBrowser().open(url))
}

let count = 0

/** A path of its own for each document, so that no cache is in the way. */
export function freshPath(): string {
  count += 1
  return `/attack-${count}.json`
}

export function publish(
  { host }: DocumentWorld,
  answer: Answer = {},
  changes: Readonly<Record<string, unknown>> = {},
): string {
  const path = freshPath()
  return host.publish(path, { body: clientDocument(`${host.origin}${path}`, changes), ...answer })
}
