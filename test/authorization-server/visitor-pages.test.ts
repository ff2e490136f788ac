/** The home page and the connect pages of an authorization server with several resources. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { notesResource } from '../../src/notes/notes-resource.js'
import { constantDeclarations, declarationOf } from '../../src/oauth/declared-resource.js'
import { pageOf } from '../support/browser.js'
import { startServer, type TestServer } from './server.js'

const former = 'https://former.example/mcp'
const tickets = {
  ...notesResource("https://tickets.example/o'clock&x=1/mcp", [former]),
  name: 'Acme Tickets',
  description: '',
}

describe('Pages for people who come by themselves', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer('embedded', { resources: [notesResource('https://notes.example/mcp'), tickets] })
  })
  afterAll(() => server.close())

  const open = async (path: string) => pageOf(await server.newBrowser().open(`${server.issuer}${path}`))

  it('lead from the home page to the connect page of each resource', async () => {
    const { links } = await open('/')
    const places = links.filter(({ href }) => href.includes('/connect'))
    expect(places).toHaveLength(2)
    for (const [index, name] of ['Gatehouse Notes', 'Acme Tickets'].entries()) {
      const { href = '', text } = places[index] ?? {}
      expect(text).toContain(name)
      expect(pageOf(await server.newBrowser().open(href)).heading).toBe(`Connect to ${name}`)
    }
  })

  it.each([
    ['', 200, 'Connect to Gatehouse Notes'],
    ['?resource=https://notes.example/mcp/', 200, 'Connect to Gatehouse Notes'],
    [`?resource=${encodeURIComponent(tickets.resource)}`, 200, 'Connect to Acme Tickets'],
    [`?resource=${encodeURIComponent(former)}`, 200, 'Connect to Acme Tickets'],
    ['?resource=https://tickets.example', 200, 'Connect to Acme Tickets'],
    ['?resource=https://evil.example/mcp', 404, 'There is nothing at this address'],
    ['?resource=', 404, 'There is nothing at this address'],
  ])('know the resource of /connect%s in any spelling', async (query, status, heading) => {
    const page = await open(`/connect${query}`)
    expect([page.status, page.heading]).toEqual([status, heading])
    expect(page.text).not.toContain('evil.example')
  })

  it.each([
    ['/gatehouse-notes', 200, 'Connect to Gatehouse Notes'],
    ['/acme-tickets', 200, 'Connect to Acme Tickets'],
    [`/acme-tickets?resource=${encodeURIComponent(former)}`, 200, 'Connect to Acme Tickets'],
    ['/acme-tickets?resource=https://notes.example/mcp', 404, 'There is nothing at this address'],
    ['/evil.example', 404, 'There is nothing at this address'],
    ['/acme-tickets/x', 404, 'There is nothing at this address'],
  ])('know the resource of /connect%s by its id', async (path, status, heading) => {
    const page = await open(`/connect${path}`)
    expect([page.status, page.heading]).toEqual([status, heading])
    expect(page.text).not.toContain('evil.example')
  })

  it('have no link for a family, and a page for each of its members', async () => {
    const described = { ...notesResource('https://*.team.example/mcp'), name: 'Team {1}' }
    const family = declarationOf(described, { id: 'teams', isPattern: true })
    const declarations = constantDeclarations({ resources: [family], assertionIssuers: [] })
    const ofFamily = await startServer('embedded', { declarations })
    const read = async (path: string) => pageOf(await ofFamily.newBrowser().open(`${ofFamily.issuer}${path}`))
    const home = await read('/')
    expect(home.text).toContain('https://*.team.example/mcp')
    expect(home.links.filter(({ href }) => href.includes('/connect'))).toEqual([])
    for (const path of ['/connect', '/connect/teams']) {
      expect((await read(path)).status).toBe(404)
      const member = await read(`${path}?resource=https://red.team.example/mcp`)
      expect([member.status, member.heading]).toEqual([200, 'Connect to Team red'])
    }
    await ofFamily.close()
  })

  it('name the canonical URL alone, whichever one was asked for', async () => {
    const page = await open(`/connect?resource=${encodeURIComponent(former)}`)
    expect(page.text).toContain(tickets.resource)
    expect(page.text).not.toContain('former.example')
  })

  it('take GET alone, and answer another site’s frame, image and script with 403', async () => {
    const post = await fetch(`${server.issuer}/connect`, { method: 'POST' })
    expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS'])
    for (const dest of ['iframe', 'image', 'script']) {
      const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': dest }
      expect((await fetch(`${server.issuer}/connect`, { headers })).status).toBe(403)
    }
  })
})
