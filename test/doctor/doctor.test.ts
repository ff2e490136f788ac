import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Diagnosis } from '../../src/doctor/doctor.js'
import { problems } from '../../src/doctor/problems/index.js'
import { type Site, startSite } from './deployment.js'
import { examine, problemsOf } from './examination.js'
import { documentMistakes } from './mistakes/documents.js'
import { endpointMistakes } from './mistakes/endpoint.js'
import type { Mistake } from './mistakes/mistake.js'
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
