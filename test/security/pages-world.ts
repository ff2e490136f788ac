/** What the attacks of group B start from: the honest client, a website of the operator's, and clients that name themselves by URL. */
import { createHash } from 'node:crypto'
import { expect } from '@jest/globals'
import { type Page, pageOf } from '../support/browser.js'
import { type Grant, register } from '../support/oauth-client.js'
import type { Attack } from './attack.js'
import { type ServerWorld, startServerWorld } from './server-world.js'

export interface PagesWorld extends ServerWorld {
  readonly website: Grant
  /** What hosts of clients serve, by URL. */
  readonly documents: Map<string, unknown>
}

export type Row = Attack<PagesWorld>

export async function startPagesWorld(): Promise<PagesWorld> {
  const documents = new Map<string, unknown>()
  const world = await startServerWorld({
    untrustedFetch: async (url) => {
      const document = documents.get(String(url))
      return document === undefined ? new Response(null, { status: 404 }) : Response.json(document)
    },
  })
  const redirectUri = 'https://client.example/cb'
  const metadata = { client_id: 'website', client_name: 'Website', redirect_uris: [redirectUri] }
  await world.server.clients.save('website', { ...metadata, token_endpoint_auth_method: 'none' }, 'static')
  return { ...world, documents, website: { ...world.grant, clientId: 'website', redirectUri } }
}

/** A client that registered itself, with these words of its own. */
export async function newClient(
  { grant }: ServerWorld,
  metadata: Readonly<Record<string, unknown>> = {},
): Promise<Grant & { readonly registration: Readonly<Record<string, unknown>> }> {
  const registration = await register(grant.server, { redirect_uris: [grant.redirectUri], ...metadata })
  return { ...grant, clientId: registration.client_id, registration }
}

/** How many grants there are: nothing was allowed when it does not change. */
export function countGrants({ server }: ServerWorld): Promise<number> {
  return server.storage.prisma.grant.count()
}

/** Headers and text that every page of ours has (RFC 9700 §4.16, OWASP ASVS 3.4), and no script but one that the policy names. */
export function expectSafePage({ headers }: { readonly headers: Headers }, html: string): void {
  expect(headers.get('content-type')).toBe('text/html; charset=utf-8')
  const policy = headers.get('content-security-policy') ?? ''
  expect(policy).toMatch(/default-src 'none'.*frame-ancestors 'none'/)
  expect(policy).not.toMatch(/unsafe|data:|\*/)
  const scripts = [...html.matchAll(/<script>(.*?)<\/script>/gs)].map(([, script = '']) => script)
  const hashes = scripts.map((script) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`)
  expect(/script-src (.*)/.exec(policy)?.[1]).toBe(hashes.length === 0 ? undefined : hashes.join(' '))
  expect(headers.get('document-policy')).toBe('force-load-at-top')
  expect(headers.get('x-frame-options')).toBe('DENY')
  expect(headers.get('x-content-type-options')).toBe('nosniff')
  expect(headers.get('referrer-policy')).toMatch(/^(same-origin|no-referrer)$/)
  expect(headers.get('cross-origin-opener-policy')).toMatch(/^(same-origin|unsafe-none)$/)
  expect(headers.get('cache-control')).toBe('no-store')
  expect(html.replaceAll('<script>', '')).not.toMatch(
    /<script|<iframe|<object|<embed|<base|<meta http-equiv|\son\w+=|\sstyle=|javascript:/i,
  )
}

/** A client for the device flow that registered itself. */
export const newDeviceClient = (world: ServerWorld): Promise<Grant> =>
  newClient(world, { grant_types: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'] })

/** Changes what a client has registered (RFC 7592 §2.2). */
export const updateClient = (
  registration: Readonly<Record<string, unknown>>,
  metadata: Readonly<Record<string, unknown>>,
) =>
  fetch(String(registration['registration_client_uri']), {
    method: 'PUT',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${registration['registration_access_token']}`,
    },
    body: JSON.stringify({
      client_id: registration['client_id'],
      redirect_uris: registration['redirect_uris'],
      token_endpoint_auth_method: 'none',
      ...metadata,
    }),
  })

/** A page of ours, in a browser that is new here. */
export async function openPath({ server }: PagesWorld, path: string): Promise<Page> {
  return pageOf(await server.newBrowser().open(`${server.issuer}${path}`))
}
