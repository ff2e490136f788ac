/** A resource that is declared by itself although the pattern of a family matches it: it is none of the family's, for nobody. */
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { declarationOf, defaultTokenRules } from '../../src/oauth/declared-resource.js'
import type { ResourceDeclaration } from '../../src/oauth/resource.js'
import { type MutableDeclarations, mutableDeclarations } from '../support/declarations.js'
import { describeOnDatabases } from '../support/describe-with.js'
import { discoverServer, requestTokens, type ServerMetadata } from '../support/oauth-client.js'
import { addConfidentialClient, readJson, startServer, type TestServer } from './server.js'

const family = 'https://*.team.example.com/*'
const longer = 'https://*.team.example.com/admin'
const member = 'https://red.team.example.com/mcp'
const ofItself = 'https://vault.team.example.com/mcp'
const ofLonger = 'https://red.team.example.com/admin'
const former = 'https://old.team.example.com/mcp'

function described(resource: string, aliases: readonly string[] = []): ResourceDeclaration {
  const scope = { name: 'read', title: 'Read', description: '', includes: [], destructive: false }
  return { resource, aliases, name: resource, description: '', scopes: [scope], tools: [], defaultScopes: ['read'] }
}

type Machine = Awaited<ReturnType<typeof addConfidentialClient>>

describeOnDatabases('A resource of its own within a family, on %s', (kind) => {
  let server: TestServer
  let metadata: ServerMetadata
  let declarations: MutableDeclarations
  let machine: Machine
  let ofFamily: Machine
  const declaring = (format: 'jwt' | 'opaque') => {
    const tokens = { tokens: { ...defaultTokenRules, format } }
    return [
      declarationOf(described(family), { id: 'family', isPattern: true, ...tokens }),
      declarationOf(described(longer), { id: 'longer', isPattern: true, ...tokens }),
      declarationOf(described(ofItself), { id: 'vault', ...tokens }),
    ]
  }

  beforeAll(async () => {
    declarations = mutableDeclarations({ resources: declaring('jwt'), assertionIssuers: [] })
    server = await startServer(kind, { declarations })
    metadata = await discoverServer(server.issuer)
    machine = await addConfidentialClient(server)
    ofFamily = await addConfidentialClient(server, { introspects: family, resources: [family] })
  })
  afterAll(() => server.close())

  const tokenFor = (resource: string, by = machine) =>
    requestTokens(metadata, { grant_type: 'client_credentials', resource }, { authorization: by.authorization })
  const isActive = async (token: string) => {
    const response = await fetch(`${server.issuer}/introspect`, {
      method: 'POST',
      headers: { authorization: ofFamily.authorization },
      body: new URLSearchParams({ token }),
    })
    const { active } = (await readJson(response)) as { active: boolean }
    return active
  }

  it.each(['jwt', 'opaque'] as const)('is not introspected by the server of the family: %s', async (format) => {
    declarations.replace({ resources: declaring(format) })
    const active: boolean[] = []
    for (const resource of [member, ofItself, ofLonger])
      active.push(await isActive((await tokenFor(resource)).tokens?.access_token ?? ''))
    expect(active).toEqual([true, false, false])
  })

  it('is not given to a client that is limited to the family', async () => {
    const answers: (string | undefined)[] = []
    for (const resource of [member, ofItself, ofLonger]) answers.push((await tokenFor(resource, ofFamily)).error)
    expect(answers).toEqual([undefined, 'invalid_target', 'invalid_target'])
  })

  it('has tokens that nobody may ask about once it is only the former name of another', async () => {
    const [first, second, vault] = declaring('jwt')
    if (first === undefined || second === undefined || vault === undefined) throw new Error('nothing is declared')
    declarations.replace({ resources: [first, declarationOf(described(former), { id: 'former' })] })
    const token = (await tokenFor(former)).tokens?.access_token ?? ''
    const reader = await addConfidentialClient(server, { introspects: [former, ofItself] })
    const asked = async () => {
      const headers = { authorization: reader.authorization }
      const body = new URLSearchParams({ token })
      return readJson(await fetch(`${server.issuer}/introspect`, { method: 'POST', headers, body }))
    }
    expect(await asked()).toMatchObject({ active: true })
    declarations.replace({ resources: [first, declarationOf(described(ofItself, [former]), { id: 'vault' })] })
    expect(await asked()).toEqual({ active: false })
  })
})
