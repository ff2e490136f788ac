import { describe, expect, it } from '@jest/globals'
import { connectLines } from '../../src/connect-page/connect-lines.js'

const odd = "https://mcp.example.com/o'clock;a=1&name=x#%22$(id)+%2F"

describe.each(['http://localhost:4000/mcp', odd.replace('#', '')])('links that add %s to a client', (resource) => {
  const title = 'Acme & Söhne, "Tickets"'
  const links = connectLines({ name: title, resource }).flatMap(({ id, install }) =>
    install === undefined ? [] : [[id, install] as const],
  )
  const linkOf = (id: string): URL => new URL(Object.fromEntries(links)[id] ?? '')
  const configOf = ({ searchParams }: URL): unknown =>
    JSON.parse(Buffer.from(searchParams.get('config') ?? '', 'base64').toString())

  it('are there for the clients whose makers document one, and lead to no website', () => {
    expect(links.map(([id, link]) => [id, new URL(link).protocol])).toEqual([
      ['vs-code', 'vscode:'],
      ['cursor', 'cursor:'],
      ['goose', 'goose:'],
      ['lm-studio', 'lmstudio:'],
    ])
    for (const [, link] of links) expect(link).toMatch(/^[a-z]+:[\w/.?&=%!'()*~-]+$/)
  })

  it('say to VS Code what --add-mcp says', () => {
    const { pathname, search } = linkOf('vs-code')
    expect(pathname).toBe('mcp/install')
    expect(JSON.parse(decodeURIComponent(search.slice(1)))).toEqual({
      ...{ name: 'acme-sohne-tickets', type: 'http', url: resource },
    })
  })

  it('say to Cursor and LM Studio what their mcp.json says', () => {
    const [cursor, lmStudio] = [linkOf('cursor'), linkOf('lm-studio')]
    expect([cursor.host + cursor.pathname, lmStudio.host]).toEqual(['anysphere.cursor-deeplink/mcp/install', 'add_mcp'])
    for (const link of [cursor, lmStudio]) {
      expect([link.searchParams.get('name'), configOf(link)]).toEqual(['acme-sohne-tickets', { url: resource }])
    }
  })

  it('say to goose that it is remote, and what it is called', () => {
    const link = linkOf('goose')
    expect([link.host, Object.fromEntries(link.searchParams)]).toEqual([
      'extension',
      { type: 'streamable_http', url: resource, id: 'acme-sohne-tickets', name: title, description: title },
    ])
  })
})
