import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Diagnosis } from '../../src/doctor/doctor.js'
import { problems } from '../../src/doctor/problems/index.js'
import { json, resourceMetadata, type Site, serverMetadata, startSite } from './deployment.js'
import { examine, problemsOf } from './examination.js'
import { documentMistakes } from './mistakes/documents.js'
import { endpointMistakes } from './mistakes/endpoint.js'
import { isResourceMetadata, type Mistake } from './mistakes/mistake.js'
import { serverMistakes } from './mistakes/server.js'
import { transportMistakes } from './mistakes/transport.js'

const mistakes = [...endpointMistakes, ...documentMistakes, ...serverMistakes, ...transportMistakes]

let sites: Readonly<Record<'public' | 'loopback', Site>>

beforeAll(async () => {
  const [ofPublic, ofLoopback] = await Promise.all([startSite('public'), startSite('loopback')])
  sites = { public: ofPublic, loopback: ofLoopback }
})
afterAll(() => Promise.all(Object.values(sites).map((site) => site.close())))

function codesOf(diagnosis: Diagnosis): string[] {
  return [...new Set(problemsOf(diagnosis).map(({ code }) => code))].sort()
}

async function examineWith({ plant, network, certificate, site: kind = 'loopback' }: Mistake): Promise<Diagnosis> {
  const site = sites[kind]
  site.plant(plant?.(site) ?? (() => undefined))
  site.present(certificate?.(site))
  return examine(site.mcpUrl, { ca: site.ca, change: (plain) => network?.(plain, site) ?? plain })
}

describe('the doctor', () => {
  it.each(['loopback', 'public'] as const)('finds nothing wrong with a healthy %s deployment', async (kind) => {
    const diagnosis = await examineWith({ name: '', codes: [], site: kind })
    expect(problemsOf(diagnosis)).toEqual([])
    const skipped = diagnosis.groups.flatMap(({ checks }) => checks.filter(({ outcome }) => outcome === 'skipped'))
    expect(skipped.map(({ id }) => id)).toEqual(kind === 'public' ? [] : ['internal-addresses', 'certificates'])
  })

  it.each(mistakes.map((mistake) => [mistake.name, mistake] as const))('finds: %s', async (_name, mistake) => {
    const diagnosis = await examineWith(mistake)
    expect(codesOf(diagnosis)).toEqual([...mistake.codes].sort())
    const fixes = problemsOf(diagnosis).map(({ fix }) => fix)
    expect(fixes.join('\n')).toContain(mistake.fix ?? '')
  })

  it('has a planted mistake for every problem that it knows', () => {
    const planted = new Set(mistakes.flatMap(({ codes }) => codes))
    expect(Object.keys(problems).filter((code) => !planted.has(code))).toEqual([])
  })

  it('takes an issuer with a path, published at each address of its own', async () => {
    const site = sites.loopback
    const issuer = `${site.issuer}/realms/main`
    const known = [
      '/.well-known/oauth-authorization-server/realms/main',
      '/realms/main/.well-known/openid-configuration',
    ]
    site.plant((asked) => {
      if (isResourceMetadata(asked)) return json({ ...resourceMetadata(site), authorization_servers: [issuer] })
      if (asked.method !== 'GET' || !asked.path.includes('/realms/main')) return undefined
      return known.includes(asked.path) ? json({ ...serverMetadata(site.issuer), issuer }) : json({}, 404)
    })
    expect(problemsOf(await examine(site.mcpUrl))).toEqual([])
    const tried = site.asked.filter(({ method, path }) => method === 'GET' && path.includes('/realms/main'))
    expect([...new Set(tried.map(({ path }) => path))]).toEqual([
      '/.well-known/oauth-authorization-server/realms/main',
      '/.well-known/openid-configuration/realms/main',
      '/realms/main/.well-known/openid-configuration',
    ])
  })

  it('takes a resource that answers each spelling of its URL in that spelling', async () => {
    const site = sites.loopback
    const slashed = `${site.mcpUrl}/`
    const challenge = `Bearer scope="notes:read", resource_metadata="${site.mcpOrigin}/slashed"`
    site.plant(({ method, path, headers }) => {
      if (method === 'OPTIONS') return undefined
      if (path === '/slashed') return json({ ...resourceMetadata(site), resource: slashed })
      if (path !== '/mcp/') return undefined
      const error = headers.authorization === undefined ? '' : ', error="invalid_token"'
      return json({}, 401, { 'www-authenticate': challenge + error })
    })
    expect(problemsOf(await examine(slashed))).toEqual([])
  })

  it('deletes what a careless server registered', async () => {
    const site = sites.loopback
    site.plant(({ method, path }) => {
      if (path.startsWith('/register/')) return json('', 204)
      if (method !== 'POST' || path !== '/register') return undefined
      const registration_client_uri = `${site.issuer}/register/1`
      return json({ client_id: '1', registration_client_uri, registration_access_token: 'own' }, 201)
    })
    await examine(site.mcpUrl)
    const deletions = site.asked.filter(({ method, path }) => method === 'DELETE' && path === '/register/1')
    expect(deletions.map(({ headers }) => headers.authorization)).toEqual(['Bearer own'])
    expect(site.asked.filter(({ method, path }) => method === 'POST' && path === '/register')).toHaveLength(1)
  })

  it('asks little, leaves nothing behind, and sends no token but the made-up one', async () => {
    const site = sites.loopback
    const diagnosis = await examineWith({ name: '', codes: [] })
    expect(diagnosis.requests).toBe(site.asked.length)
    expect(diagnosis.requests).toBeLessThanOrEqual(40)
    const tokens = site.asked.flatMap(({ headers }) => headers.authorization ?? [])
    expect(tokens).toEqual(['Bearer gatehouse-doctor-made-this-up'])
    expect(site.asked.filter(({ headers }) => headers.cookie !== undefined)).toEqual([])
  })
})
