import { describe, expect, it } from '@jest/globals'
import {
  canonicalResource,
  readOnlyDeclaration,
  scopeHierarchyOf,
  type ToolDeclaration,
} from '../../src/oauth/resource.js'
import { cpuMilliseconds } from '../support/cpu-time.js'

describe('Canonical form of a resource identifier (RFC 8707 §2, MCP authorization)', () => {
  it.each([
    ['http://localhost:4000/mcp', 'http://localhost:4000/mcp'],
    ['http://localhost:4000/mcp/', 'http://localhost:4000/mcp'],
    ['http://localhost:4000/mcp//', 'http://localhost:4000/mcp'],
    ['HTTP://LocalHost:4000/mcp', 'http://localhost:4000/mcp'],
    ['https://mcp.example.com:443/mcp', 'https://mcp.example.com/mcp'],
    ['https://mcp.example.com', 'https://mcp.example.com'],
    ['https://mcp.example.com/', 'https://mcp.example.com'],
    ['https://mcp.example.com:8443/', 'https://mcp.example.com:8443'],
    ['https://mcp.example.com/a?tenant=1', 'https://mcp.example.com/a?tenant=1'],
    ['https://mcp.example.com/MCP', 'https://mcp.example.com/MCP'],
    ['https://mcp.example.com/a/../mcp', 'https://mcp.example.com/mcp'],
    ['https://[::1]:4000/mcp', 'https://[::1]:4000/mcp'],
    ['https://bücher.example/mcp', 'https://xn--bcher-kva.example/mcp'],
  ])('writes %s as %s', (value, expected) => expect(canonicalResource(value)).toBe(expected))

  // Found by `npm run fuzz`: the body of a token request, which needs no credentials, cost 1.5 seconds.
  it('of a path full of slashes costs next to nothing', async () => {
    const identifier = `https://notes.example/${'/'.repeat(56 * 1024)}x`
    expect(await cpuMilliseconds(() => canonicalResource(identifier))).toBeLessThan(200)
  })

  it.each([
    [''],
    ['mcp'],
    ['/mcp'],
    ['//localhost/mcp'],
    ['ftp://localhost/mcp'],
    ['urn:example:mcp'],
    ['https:mcp.example.com/mcp'],
    ['https://mcp.example.com/mcp#'],
    ['https://mcp.example.com/mcp#fragment'],
    ['https://user@mcp.example.com/mcp'],
    ['https://user:secret@mcp.example.com/mcp'],
    [' https://mcp.example.com/mcp'],
    ['https://mcp.example.com/mcp\n'],
    ['https://mcp.example.com\\@evil.example/mcp'],
    ['https://mcp.example.com:99999/mcp'],
    ['https://'],
    ['javascript:alert(1)//https://'],
  ])('has no canonical form for %j', (value) => expect(canonicalResource(value)).toBeUndefined())

  it('is the same when it is written twice', () => {
    for (const value of ['HTTPS://A.example:443/x//', 'http://[::1]:80/', 'https://a.example/?b=/']) {
      const once = canonicalResource(value)
      expect(once).toBeDefined()
      expect(canonicalResource(once ?? '')).toBe(once)
    }
  })
})

describe('A resource declaration', () => {
  it('spells out its hierarchy of scopes', () => {
    const scope = { title: '', description: '', destructive: false }
    const scopes = [
      { ...scope, name: 'read', includes: [] },
      { ...scope, name: 'write', includes: ['read'] },
    ]
    expect(scopeHierarchyOf({ scopes })).toEqual({ read: [], write: ['read'] })
  })
})

describe('A resource in read-only mode', () => {
  const tool = (name: string, scope: string, readOnly?: boolean): ToolDeclaration => ({
    name,
    title: name,
    destructive: false,
    scopes: [scope],
    ...(readOnly !== undefined && { readOnly }),
  })

  it('keeps the tools that are declared to change nothing, and the recommended scopes that something needs', () => {
    const { tools, defaultScopes } = readOnlyDeclaration({
      resource: 'https://mcp.example.com/mcp',
      aliases: [],
      name: 'Files',
      description: 'Files of a person.',
      scopes: [],
      tools: [tool('read', 'files:read', true), tool('write', 'files:write', false), tool('move', 'files:move')],
      contents: [{ name: 'file:///{path}', scopes: ['files:open'] }],
      prompts: [{ name: 'sum up', scopes: ['files:sum'] }],
      defaultScopes: ['files:read', 'files:write', 'files:move', 'files:open', 'files:sum', 'files:none'],
    })
    expect(tools.map(({ name }) => name)).toEqual(['read'])
    expect(defaultScopes).toEqual(['files:read', 'files:open', 'files:sum'])
  })
})
