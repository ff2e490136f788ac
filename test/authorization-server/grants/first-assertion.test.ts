/** The first assertion of a person makes account, link and events in the one commit of its token request, or none of them. */
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals'
import { decodeJwt } from 'jose'
import { noUsageLimits } from '../../../src/oauth/usage-limits.js'
import { createOperatorFetch } from '../../../src/outbound/operator-fetch.js'
import { openTestDatabase } from '../../support/databases.js'
import { describeOnDatabases } from '../../support/describe-with.js'
import { createDpopKey } from '../../support/dpop-key.js'
import { type IdentityProvider, startIdentityProvider } from '../../support/identity-provider.js'
import { discoverServer, requestTokens, type ServerMetadata, type TokenAnswer } from '../../support/oauth-client.js'
import { watchStatements } from '../../support/watched-statements.js'
import { addConfidentialClient, resource, startServer, type TestServer } from '../server.js'

const grantType = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const { asked, meanwhile, afterwards, watched } = watchStatements()

describeOnDatabases('The first identity assertion of a person, on %s', (kind) => {
  let server: TestServer
  let metadata: ServerMetadata
  let idp: IdentityProvider
  let client: Awaited<ReturnType<typeof addConfidentialClient>>
  let limited: typeof client

  beforeAll(async () => {
    idp = await startIdentityProvider()
    const trusted = {
      issuer: idp.issuer,
      jwksUri: `${idp.origin}/jwks`,
      clients: [],
      accounts: 'create' as const,
      emailDomains: ['example.com'],
      algorithms: ['ES256'],
      maxLifetimeSeconds: 600,
    }
    server = await startServer(kind, {
      database: watched(await openTestDatabase(kind, 'auth')),
      usageLimits: { ...noUsageLimits, 'token-client': { limit: 12, windowSeconds: 86_400 } },
      operatorFetch: createOperatorFetch({ timeoutMs: 20_000, maxBytes: 100_000 }),
      trustedAssertionIssuers: [trusted],
    })
    metadata = await discoverServer(server.issuer)
    client = await addConfidentialClient(server, { grant_types: [grantType] })
    limited = await addConfidentialClient(server, { grant_types: [grantType] }, 'limited')
  })
  afterAll(async () => {
    await server.close()
    await idp.close()
  })
  afterEach(() => {
    for (const events of [meanwhile, afterwards]) events.clear()
  })

  const assertionFor = (sub: string, by = client, email = `${sub}@example.com`) =>
    idp.assert({ claims: { sub, email, aud: server.issuer, client_id: by.clientId, resource } })
  const exchange = (assertion: string, by = client, headers: Readonly<Record<string, string>> = {}) =>
    requestTokens(metadata, { grant_type: grantType, assertion }, { authorization: by.authorization, ...headers })
  const subjectOf = ({ tokens }: TokenAnswer) => decodeJwt(tokens?.access_token ?? '').sub
  const written = async () => {
    const { prisma } = server.storage
    const ofType = (type: string) => prisma.auditEvent.count({ where: { type } })
    return {
      accounts: await prisma.account.count(),
      links: await prisma.identityLink.count(),
      grants: await prisma.grant.count(),
      created: await ofType('account.created'),
      linked: await ofType('account.linked'),
      accepted: await ofType('assertion.accepted'),
    }
  }
  const plus = (before: Awaited<ReturnType<typeof written>>, made: number, linked = made, accepted = made) => ({
    accounts: before.accounts + made,
    links: before.links + linked,
    grants: before.grants + accepted,
    created: before.created + made,
    linked: before.linked + linked,
    accepted: before.accepted + accepted,
  })

  it('makes all of it in one statement', async () => {
    const before = await written()
    asked.length = 0
    expect((await exchange(await assertionFor('one'))).status).toBe(200)
    expect(asked.filter((name) => /^(?!SELECT|account_find).*(?:account|identity_link|audit)/.test(name))).toHaveLength(
      1,
    )
    expect(await written()).toEqual(plus(before, 1))
  })

  it('leaves nothing when a limit refuses the request (429), or its proof was used before', async () => {
    for (let used = 0; used < 12; used += 1) await exchange(await assertionFor('busy', limited), limited)
    const key = await createDpopKey()
    const dpop = await key.prove({ url: metadata.token_endpoint })
    expect((await exchange(await assertionFor('prover'), client, { dpop })).status).toBe(200)
    const before = await written()
    expect((await exchange(await assertionFor('late', limited), limited)).status).toBe(429)
    expect((await exchange(await assertionFor('replayer'), client, { dpop })).status).toBe(400)
    expect(await written()).toEqual(before)
  })

  it('makes one account, link and event for requests at the same moment, which all get their tokens', async () => {
    const before = await written()
    const assertions = await Promise.all(Array.from({ length: 3 }, () => assertionFor('parallel')))
    const answers = await Promise.all(assertions.map((assertion) => exchange(assertion)))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    const account = await server.accounts.findByEmail('parallel@example.com')
    expect(new Set(answers.map(subjectOf))).toEqual(new Set([account?.id]))
    expect(await written()).toEqual(plus(before, 1, 1, 3))
  })

  it.each([
    ['takes the email address', () => server.addAccount('taken@example.com')],
    [
      'links the subject to another account',
      async () => {
        const { id } = await server.addAccount('somebody@example.com')
        const { issuer } = idp
        await server.storage.prisma.identityLink.create({ data: { issuer, subject: 'taken', accountId: id } })
      },
    ],
  ])('is put off (503) when somebody %s meanwhile, and good when it is sent again', async (_what, happen) => {
    const { prisma } = server.storage
    await prisma.account.deleteMany({ where: { email: 'taken@example.com' } })
    asked.length = 0
    await exchange(await assertionFor('scout'))
    const commit = asked.find((name) => name.startsWith('use_once')) ?? 'none'
    await prisma.account.deleteMany({ where: { email: 'scout@example.com' } })
    const assertion = await assertionFor('taken')
    meanwhile.set(commit, happen)
    const before = await written()
    const refused = await exchange(assertion)
    expect([refused.status, refused.error]).toEqual([503, 'temporarily_unavailable'])
    const { accepted, created, linked, grants } = await written()
    expect({ accepted, created, linked, grants }).toEqual({
      accepted: before.accepted,
      created: before.created,
      linked: before.linked,
      grants: before.grants,
    })
    expect((await exchange(assertion)).status).toBe(200)
  })
})
