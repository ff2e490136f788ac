import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Diagnosis } from '../../src/doctor/doctor.js'
import { type CertificateAuthority, createAuthority } from '../outbound/certificates.js'
import { freePort } from '../support/free-port.js'
import { type Stack, startStack } from '../support/stack.js'
import { examine, problemsOf } from './examination.js'
import { startTlsProxy, type TlsProxy } from './tls-proxy.js'

const days = 86_400_000

function outcomes(diagnosis: Diagnosis, outcome: string): string[] {
  return diagnosis.groups
    .flatMap(({ checks }) => checks.filter((check) => check.outcome === outcome))
    .map(({ id }) => id)
}

describe('our own deployment, examined by the doctor', () => {
  describe('on this machine, the issuer on another port', () => {
    let stack: Stack
    beforeAll(async () => {
      stack = await startStack({ database: 'embedded' })
    })
    afterAll(() => stack.close())

    it('has nothing to be mended', async () => {
      const diagnosis = await examine(stack.resource)
      expect(problemsOf(diagnosis)).toEqual([])
      expect(outcomes(diagnosis, 'skipped')).toEqual(['internal-addresses', 'certificates'])
    })
  })

  it('has nothing to be mended with one origin for both servers, nor with the URL copied with a slash', async () => {
    const origin = `http://localhost:${await freePort()}`
    const env = { ISSUER_URL: origin, RESOURCE_URL: `${origin}/mcp` }
    const stack = await startStack({ database: 'embedded', env })
    expect(problemsOf(await examine(stack.resource))).toEqual([])
    expect(problemsOf(await examine(`${stack.resource}/`))).toEqual([])
    await stack.close()
  })

  describe('behind a reverse proxy that ends TLS', () => {
    let stack: Stack
    let proxy: TlsProxy
    let authority: CertificateAuthority
    beforeAll(async () => {
      const [port, authPort, mcpPort] = await Promise.all([freePort(), freePort(), freePort()])
      authority = createAuthority()
      const validity = { from: new Date(Date.now() - 60_000), to: new Date(Date.now() + 60 * days) }
      const certificate = authority.issue('*.example.test', validity)
      proxy = await startTlsProxy(port, certificate, { 'auth.example.test': authPort, 'mcp.example.test': mcpPort })
      stack = await startStack({
        database: 'embedded',
        env: {
          ISSUER_URL: `https://auth.example.test:${port}`,
          RESOURCE_URL: `https://mcp.example.test:${port}/mcp`,
          AUTH_PORT: String(authPort),
          MCP_PORT: String(mcpPort),
          TRUSTED_PROXIES: '127.0.0.1',
        },
      })
    })
    afterAll(async () => {
      await stack.close()
      await proxy.close()
    })

    it('has nothing to be mended', async () => {
      const diagnosis = await examine(stack.resource, { ca: authority.cert })
      expect(problemsOf(diagnosis)).toEqual([])
      expect(outcomes(diagnosis, 'skipped')).toEqual([])
    })
  })
})
