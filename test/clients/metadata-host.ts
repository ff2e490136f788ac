/** The makers' web sites, as far as clients are described there: real HTTPS on loopback, under their real names, by our own authority. */
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createSecureContext } from 'node:tls'
import { type CryptoKey, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { createUntrustedFetch } from '../../src/outbound/untrusted-fetch.js'
import { createAuthority } from '../outbound/certificates.js'
import { listenOn } from '../support/opened.js'

export interface MetadataHost {
  /** Serves a document at its real URL. */
  publish(url: string, document: Readonly<Record<string, unknown>>): void
  /** Serves a key at `jwksUri`, and signs client assertions (RFC 7523 §2.2) with it. */
  publishKey(jwksUri: string): Promise<void>
  signAssertion(jwksUri: string, clientId: string, audience: string): Promise<string>
  /** The product's own fetch for strangers' URLs; every name leads to this host. */
  readonly fetch: typeof fetch
  close(): Promise<void>
}

export async function startMetadataHost(): Promise<MetadataHost> {
  const authority = createAuthority()
  const documents = new Map<string, string>()
  const privateKeys = new Map<string, CryptoKey>()
  const contexts = new Map<string, ReturnType<typeof createSecureContext>>()
  const contextOf = (name: string) => {
    const context = contexts.get(name) ?? createSecureContext(authority.issue(name))
    contexts.set(name, context)
    return context
  }
  const options = {
    ...authority.issue('unnamed.example'),
    SNICallback: (name: string, done: (error: null, context: ReturnType<typeof contextOf>) => void) =>
      done(null, contextOf(name)),
  }
  const server = createServer(options, ({ headers, url }, response) => {
    const host = (headers.host ?? '').replace(/:\d+$/, '')
    const document = documents.get(`https://${host}${url}`)
    response.writeHead(document === undefined ? 404 : 200, { 'content-type': 'application/json' }).end(document)
  })
  await listenOn(server)
  const { port } = server.address() as AddressInfo

  const untrustedFetch = createUntrustedFetch({
    timeoutMs: 20_000,
    maxBytes: 65_536,
    maxConcurrent: 20,
    maxConcurrentPerHost: 20,
    allowLoopback: true,
    ca: authority.cert,
    resolve: async () => [{ address: '127.0.0.1', family: 4 }],
  })
  return {
    publish: (url, document) => void documents.set(url, JSON.stringify(document)),
    publishKey: async (jwksUri) => {
      if (privateKeys.has(jwksUri)) return
      const { publicKey, privateKey } = await generateKeyPair('RS256')
      privateKeys.set(jwksUri, privateKey)
      const key = { ...(await exportJWK(publicKey)), kid: 'cimd-20260428030119', use: 'sig', alg: 'RS256' }
      documents.set(jwksUri, JSON.stringify({ keys: [key] }))
    },
    signAssertion: async (jwksUri, clientId, audience) => {
      const privateKey = privateKeys.get(jwksUri)
      if (privateKey === undefined) throw new Error(`no key is published at ${jwksUri}`)
      return new SignJWT()
        .setProtectedHeader({ alg: 'RS256', kid: 'cimd-20260428030119' })
        .setIssuer(clientId)
        .setSubject(clientId)
        .setAudience(audience)
        .setJti(crypto.randomUUID())
        .setIssuedAt()
        .setExpirationTime('1m')
        .sign(privateKey)
    },
    fetch: (input, init) => {
      const url = new URL(input instanceof Request ? input.url : String(input))
      // Port 443 is not ours to listen on.
      url.port = String(port)
      return untrustedFetch(url, init)
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
