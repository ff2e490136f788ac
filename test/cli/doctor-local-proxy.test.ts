import { writeFileSync } from 'node:fs'
import type { IncomingHttpHeaders } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { randomSecret } from '../../src/base/secrets.js'
import { createProxyProbe, probeHeaders } from '../../src/http/proxy-probe.js'
import { type SentOn, startTlsProxy, type TlsProxy } from '../doctor/tls-proxy.js'
import { createAuthority } from '../outbound/certificates.js'
import { freePort } from '../support/free-port.js'
import { temporaryFolder } from '../support/run-folder.js'
import { type Stack, startStack } from '../support/stack.js'
import { runCli } from './terminal.js'

/** As Caddy does it: what strangers claim is replaced. */
const replaced = (headers: IncomingHttpHeaders): IncomingHttpHeaders => ({
  ...headers,
  'x-forwarded-for': '203.0.113.9',
  'x-forwarded-proto': 'https',
})

describe('gatehouse doctor --local behind a proxy', () => {
  let stack: Stack
  let proxy: TlsProxy
  let port: number
  let caFile: string
  let sendOn: (headers: IncomingHttpHeaders) => SentOn
  const secret = randomSecret()

  beforeAll(async () => {
    const [outside, inside] = await Promise.all([freePort(), freePort()])
    port = inside
    const authority = createAuthority()
    caFile = join(temporaryFolder('authority'), 'root.crt')
    writeFileSync(caFile, authority.cert)
    const validity = { from: new Date(Date.now() - 60_000), to: new Date(Date.now() + 60 * 86_400_000) }
    const backends = { localhost: inside }
    proxy = await startTlsProxy(outside, authority.issue('localhost', validity), backends, (headers) => sendOn(headers))
    stack = await startStack({
      database: 'embedded',
      env: {
        ISSUER_URL: `https://localhost:${outside}`,
        RESOURCE_URL: `https://localhost:${outside}/mcp`,
        AUTH_PORT: String(inside),
        MCP_PORT: String(inside),
        TRUSTED_PROXIES: '127.0.0.1',
        MCP_SERVER_SECRET: secret,
      },
    })
  })
  afterAll(async () => {
    await stack.close()
    await proxy.close()
  })

  async function examine(part?: 'auth' | 'mcp', settings: Readonly<Record<string, string>> = stack.settings) {
    const args = ['doctor', '--local', ...(part === undefined ? [] : [part]), '--ca', caFile]
    const { stdout } = await runCli(args, settings)
    expect(stdout).not.toContain(secret)
    return stdout
  }

  it('has nothing to mend when the proxy says who asks', async () => {
    sendOn = (headers) => ({ headers: replaced(headers) })
    const found = await examine()
    expect(found).toContain('passed   the public addresses lead to these servers')
    expect(found).toContain('passed   the proxy passes host, scheme and the address of the client on')
    expect(found).toContain("passed   the authorization server knows the MCP server's secret")
    expect(found).toContain(' 0 with warnings, 0 failed')
  })

  const appended = ({ 'x-forwarded-for': claim, ...headers }: IncomingHttpHeaders) => ({
    headers: { ...headers, 'x-forwarded-for': `${String(claim)}, 203.0.113.9` },
  })
  it('takes a proxy that adds the address to what strangers claim for a good one', async () => {
    sendOn = appended
    expect(await examine('mcp')).toContain('passed   the proxy passes host')
  })

  it.each<readonly [string, 'auth' | 'mcp', (headers: IncomingHttpHeaders) => SentOn, RegExp]>([
    [
      'a proxy whose address no setting names',
      'auth',
      (headers) => ({ headers: replaced(headers), localAddress: '127.0.0.2' }),
      /the proxy is not one of TRUSTED_PROXIES\s+seen:\s+ISSUER_URL: it came from 127\.0\.0\.2, which/,
    ],
    [
      'one that passes on what strangers claim',
      'auth',
      (headers) => ({ headers }),
      /passes on an X-Forwarded-For that clients made up[^:]+seen:\s+ISSUER_URL: it came from 127\.0\.0\.1[^:]+X-Forwarded-For: 192\.0\.2\.77/,
    ],
    [
      'one that says nothing',
      'mcp',
      ({ 'x-forwarded-for': _, ...headers }) => ({ headers }),
      /does not send X-Forwarded-For\s+seen:\s+RESOURCE_URL: it came from 127\.0\.0\.1, with no X-Forwarded-For/,
    ],
    [
      'one that was asked by http',
      'auth',
      (headers) => ({ headers: { ...replaced(headers), 'x-forwarded-proto': 'http' } }),
      /warning: the proxy was reached by http[^:]+seen:\s+ISSUER_URL: X-Forwarded-Proto: http/,
    ],
    [
      'one that asks by the internal name',
      'auth',
      (headers) => ({ headers: { ...replaced(headers), host: `127.0.0.1:${port}` } }),
      /warning: the proxy sends another Host[^:]+seen:\s+ISSUER_URL: Host: 127\.0\.0\.1:\d+/,
    ],
    [
      'one that asks by a name of nobody',
      'auth',
      (headers) => ({ headers: { ...replaced(headers), host: 'backend' } }),
      /does not pass the Host header on\s+seen:[\s\S]+421[\s\S]+Host: backend/,
    ],
  ])('finds %s', async (_name, part, broken, expected) => {
    sendOn = broken
    // Long lines are folded for a terminal.
    expect((await examine(part)).replace(/\n {13}/g, ' ')).toMatch(expected)
  })

  it('needs no MCP_SERVER_SECRET for the MCP server of a process that runs both', async () => {
    sendOn = ({ 'x-forwarded-for': _, ...headers }) => ({ headers })
    const { MCP_SERVER_SECRET: _secret, ...settings } = stack.settings
    const found = (await examine(undefined, settings)).replace(/\n {13}/g, ' ')
    expect(found).toMatch(/RESOURCE_URL: it came from 127\.0\.0\.1, with no X-Forwarded-For/)
    expect(found).not.toContain('was not examined')
  })

  it.each<readonly [string, Readonly<Record<string, string>>, RegExp]>([
    ['no secret in common', {}, /RESOURCE_URL: this machine and that server share no secret/],
    [
      'another one',
      { MCP_SERVER_SECRET: randomSecret() },
      /RESOURCE_URL: x-gatehouse-probe was sent, x-gatehouse-probe-report did not come back/,
    ],
  ])('says that the proxy was not examined, and why: %s', async (_name, secrets, expected) => {
    sendOn = (headers) => ({ headers: replaced(headers) })
    const { MCP_SERVER_SECRET: _secret, ...settings } = stack.settings
    const found = (await examine('mcp', { ...settings, ...secrets })).replace(/\n {13}/g, ' ')
    expect(found).toMatch(/warning: the proxy was not examined: the server did not answer the proxy probe/)
    expect(found).toMatch(expected)
  })

  it('is answered by an MCP server by itself that has the credentials of a client', async () => {
    const introspectionSecret = randomSecret()
    const alone = await startStack({
      database: 'embedded',
      env: {
        ISSUER_INTERNAL_URL: stack.issuer,
        INTROSPECTION_CLIENT_ID: 'resource-server',
        INTROSPECTION_CLIENT_SECRET: introspectionSecret,
      },
      overrides: { only: 'mcp' },
    })
    const question = createProxyProbe(introspectionSecret, { now: () => new Date() })
    const { headers } = await fetch(new URL('/.well-known/oauth-protected-resource/mcp', alone.resource), {
      headers: { [probeHeaders.probe]: question.text },
    })
    await alone.close()
    expect(question.read(headers.get(probeHeaders.report))).toMatchObject({ peer: expect.any(String) })
  })

  it('is answered by nobody but who has the secret, and then only to its own question', async () => {
    const clock = { now: () => new Date() }
    const ask = async (question: string) => {
      const target = `http://127.0.0.1:${port}/.well-known/oauth-authorization-server`
      const { headers, status } = await fetch(target, { headers: { [probeHeaders.probe]: question } })
      expect(status).toBe(200)
      return headers.get(probeHeaders.report)
    }
    const question = createProxyProbe(secret, clock)
    const answer = await ask(question.text)
    expect(question.read(answer)).toMatchObject({ peer: '127.0.0.1', isPeerTrusted: true })
    expect(answer).not.toContain('127.0.0.1')
    expect(createProxyProbe(secret, clock).read(answer)).toBeUndefined()
    expect(createProxyProbe(randomSecret(), clock).read(answer)).toBeUndefined()
    const early = { now: () => new Date(Date.now() - 3_600_000) }
    const late = { now: () => new Date(Date.now() + 3_600_000) }
    const strangers = [
      createProxyProbe(randomSecret(), clock).text,
      createProxyProbe(secret, early).text,
      createProxyProbe(secret, late).text,
      answer ?? '',
      question.text.slice(0, -8),
      'v1.',
      '{}',
      'x'.repeat(5_000),
    ]
    expect(await Promise.all(strangers.map(ask))).toEqual(strangers.map(() => null))
    expect(stack.logLines.join()).not.toContain(question.text)
  })
})
