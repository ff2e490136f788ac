/** An identity assertion is used up by the one commit of its token request: refused or put off, the request leaves it as it was. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { decodeJwt } from 'jose'
import { outageError } from '../../../src/database/outage.js'
import { noUsageLimits } from '../../../src/oauth/usage-limits.js'
import { createOperatorFetch } from '../../../src/outbound/operator-fetch.js'
import { openTestDatabase } from '../../support/databases.js'
import { describeOnDatabases } from '../../support/describe-with.js'
import { type IdentityProvider, startIdentityProvider } from '../../support/identity-provider.js'
import { discoverServer, requestTokens, type ServerMetadata } from '../../support/oauth-client.js'
import { watchStatements } from '../../support/watched-statements.js'
import { addConfidentialClient, resource, startServer, type TestServer } from '../server.js'

const grantType = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const { asked, meanwhile, afterwards, watched } = watchStatements()
const perPerson = 3

describeOnDatabases('The commit of an identity assertion, on %s', (kind) => {
  describe.each(['jwt', 'opaque'] as const)('for tokens that are %s', (format) => {
    let server: TestServer
    let metadata: ServerMetadata
    let idp: IdentityProvider
    let client: Awaited<ReturnType<typeof addConfidentialClient>>
    let commit: string

    beforeAll(async () => {
      idp = await startIdentityProvider()
      server = await startServer(kind, {
        database: watched(await openTestDatabase(kind, 'auth')),
        accessTokenFormat: format,
        usageLimits: { ...noUsageLimits, 'token-person': { limit: perPerson, windowSeconds: 3_650 * 86_400 } },
        operatorFetch: createOperatorFetch({ timeoutMs: 20_000, maxBytes: 100_000 }),
        trustedAssertionIssuers: [
          {
            issuer: idp.issuer,
            jwksUri: `${idp.origin}/jwks`,
            clients: [],
            accounts: 'email',
            emailDomains: ['example.com'],
            algorithms: ['ES256'],
            maxLifetimeSeconds: 600,
          },
        ],
      })
      metadata = await discoverServer(server.issuer)
      client = await addConfidentialClient(server, { grant_types: [grantType] })
      const first = await newAssertion('first')
      asked.length = 0
      expect((await exchange(first)).status).toBe(200)
      commit = asked.find((name) => name.startsWith('use_once')) ?? 'none'
    })
    afterAll(async () => {
      await server.close()
      await idp.close()
    })
    afterEach(() => {
      for (const events of [meanwhile, afterwards]) events.clear()
    })

    const newAssertion = async (name: string) => {
      const { email } = await server.addAccount(`${name}@example.com`)
      return assertionFor(name, email)
    }
    const assertionFor = (name: string, email: string) =>
      idp.assert({ claims: { sub: name, email, aud: server.issuer, client_id: client.clientId, resource } })
    const exchange = (assertion: string) =>
      requestTokens(metadata, { grant_type: grantType, assertion }, { authorization: client.authorization })
    const written = async () => [
      await server.storage.prisma.artifact.count(),
      await server.storage.prisma.grant.count(),
      await server.storage.prisma.auditEvent.count({ where: { type: 'assertion.accepted' } }),
    ]

    it('is one statement, with the link of a new person, grant, use of the client and event', () => {
      const tokens = format === 'opaque' ? '+issue' : ''
      expect(commit).toBe(`use_once+identity_link+grant${tokens}+client_use+audit`)
      expect(asked.filter((name) => name.startsWith('use_once'))).toHaveLength(1)
      expect(asked).not.toContain('artifact_insert')
    })

    it('is not made when a limit refuses the request (429), and counts for the person as other grants do', async () => {
      const { email } = await server.addAccount('busy@example.com')
      for (let used = 0; used < perPerson; used += 1) {
        expect((await exchange(await assertionFor('busy', email))).status).toBe(200)
      }
      const before = await written()
      for (let tries = 0; tries < 2; tries += 1) {
        const refused = await exchange(await assertionFor('busy', email))
        expect([refused.status, refused.error]).toEqual([429, 'temporarily_unavailable'])
      }
      expect(await written()).toEqual(before)
      // Nobody else is kept out.
      expect((await exchange(await newAssertion('idle'))).status).toBe(200)
    })

    it('leaves everything as it was when it fails (503): the same assertion is taken then', async () => {
      const assertion = await newAssertion('patient')
      const before = await written()
      meanwhile.set(commit, () => Promise.reject(outageError(new Error('lock timeout'))))
      const failed = await exchange(assertion)
      expect([failed.status, failed.error]).toEqual([503, 'temporarily_unavailable'])
      expect(await written()).toEqual(before)
      expect((await exchange(assertion)).status).toBe(200)
      expect((await exchange(assertion)).error).toBe('invalid_grant')
    })

    it('knows its own work when the answer of the database was lost', async () => {
      const assertion = await newAssertion('unheard')
      const [, , events = 0] = await written()
      afterwards.set(commit, () => Promise.reject(outageError(new Error('Connection terminated unexpectedly'))))
      const answer = await exchange(assertion)
      expect(answer.status).toBe(200)
      const [, , now] = await written()
      expect(now).toBe(events + 1)
      expect((await exchange(assertion)).error).toBe('invalid_grant')
      expect((await written())[2]).toBe(events + 1)
    })

    it('writes nothing for a use that another request was first with, nor for an account that is gone', async () => {
      const assertion = await newAssertion('raced')
      meanwhile.set(commit, () => exchange(assertion))
      expect((await exchange(assertion)).error).toBe('invalid_grant')
      const { id, email } = await server.addAccount('leaver@example.com')
      const late = await assertionFor('leaver', email)
      const before = await written()
      meanwhile.set(commit, () => server.storage.prisma.account.delete({ where: { id } }))
      expect((await exchange(late)).error).toBe('invalid_grant')
      expect(await written()).toEqual(before)
    })

    it('names the person on the log line by a hash', async () => {
      const answer = await exchange(await newAssertion('logged'))
      const id = answer.headers.get('x-request-id') ?? 'none'
      const line = server.logLines.find((text) => text.includes(id) && text.includes('grantType')) ?? '{}'
      expect(JSON.parse(line)).toMatchObject({ subjectHash: expect.any(String), outcome: 'committed' })
      if (format === 'jwt') expect(line).not.toContain(decodeJwt(answer.tokens?.access_token ?? '').sub)
    })
  })
})
