import { createServer as createHttpServer } from 'node:http'
import { createServer, type Server } from 'node:https'
import { afterAll, beforeAll } from '@jest/globals'
import { createOperatorFetch } from '../../src/outbound/operator-fetch.js'
import { createUntrustedFetch } from '../../src/outbound/untrusted-fetch.js'
import { startServer } from '../authorization-server/server.js'
import { createAuthority } from '../outbound/certificates.js'
import { startDocumentHost } from '../support/document-host.js'
import { discoverServer } from '../support/oauth-client.js'
import { listenOn } from '../support/opened.js'
import { attackTable } from './attack.js'
import { attacks as conductAttacks } from './document-conduct-attacks.js'
import { attacks as contentAttacks } from './document-content-attacks.js'
import { attacks as dialAttacks } from './document-dial-attacks.js'
import type { DocumentWorld } from './document-world.js'

const limits = { timeoutMs: 30_000, maxBytes: 65_536, maxConcurrent: 40, maxConcurrentPerHost: 40 }
const closers: (() => Promise<unknown>)[] = []

function opened(server: Server | ReturnType<typeof createHttpServer>): Promise<number> {
  closers.push(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return listenOn(server)
}

/** Addresses of one answer are joined by `+`. */
function resolver(names: Map<string, string[]>) {
  return async (name: string) => {
    const answers = names.get(name) ?? ['127.0.0.1']
    const addresses = answers.length > 1 ? answers.shift() : answers[0]
    return (addresses ?? '')
      .split('+')
      .filter(Boolean)
      .map((address) => ({ address, family: address.includes(':') ? (6 as const) : (4 as const) }))
  }
}

let world: DocumentWorld
beforeAll(async () => {
  const host = await startDocumentHost()
  closers.push(() => host.close())
  const names = new Map<string, string[]>()
  const resolve = resolver(names)
  const clientHosts = { allowed: [], denied: ['denied.example', '*.denied.example'] }
  const untrustedFetch = createUntrustedFetch({ ...limits, resolve, ca: host.ca, allowLoopback: true })
  // Dials anything: what a stranger names must never reach it.
  const operatorFetch = createOperatorFetch({ timeoutMs: 5_000, maxBytes: 65_536 })
  const server = await startServer('embedded', { clientHosts, untrustedFetch, operatorFetch })
  const strict = await startServer('embedded', {
    clientHosts,
    untrustedFetch: createUntrustedFetch({ ...limits, resolve }),
  })
  closers.push(
    () => server.close(),
    () => strict.close(),
  )
  world = {
    host,
    server,
    strict,
    metadata: await discoverServer(server.issuer),
    names,
    selfSignedPort: await opened(createServer(createAuthority('client.example'), (_, response) => response.end('{}'))),
    plainPort: await opened(createHttpServer((_, response) => response.end('{}'))),
    secrets: new Set([server.account.password]),
    get logLines() {
      return [...server.logLines, ...strict.logLines]
    },
  }
}, 180_000)
afterAll(async () => {
  for (const close of closers) await close()
})

const attacks = [...dialAttacks, ...contentAttacks, ...conductAttacks]
attackTable('G', 'clients that name themselves by URL', attacks, () => world)
