/** The metadata document of a client that names itself by URL, on HTTPS of our own: fetched once, then the server has it. */
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createAuthority } from '../outbound/certificates.js'
import { publicClient } from './fixtures.js'
import type { Settings } from './serve-process.js'

export interface ClientDocument {
  readonly clientId: string
  /** Makes a server fetch from this machine and trust its certificate. */
  readonly settings: Settings
  close(): Promise<void>
}

export async function publishClientDocument(folder: string): Promise<ClientDocument> {
  const authority = createAuthority()
  const authorityFile = join(folder, 'authority.pem')
  writeFileSync(authorityFile, authority.cert)
  let clientId = ''
  const server = createServer(authority.issue('localhost'), (_request, response) => {
    const headers = { 'content-type': 'application/json', 'cache-control': 'max-age=86400' }
    response.writeHead(200, headers).end(JSON.stringify({ ...publicClient, client_id: clientId }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  clientId = `https://localhost:${(server.address() as AddressInfo).port}/client.json`
  return {
    clientId,
    settings: { dangerouslyAllowLoopbackClientMetadata: 'true', NODE_EXTRA_CA_CERTS: authorityFile },
    close: async () => {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
