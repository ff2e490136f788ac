/** Lines to copy, and what real shells make of them. */
import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import { type ConnectLine, connectLines } from '../../src/connect-page/connect-lines.js'
import { jsonWord, shellWord } from '../../src/connect-page/shell-word.js'
import { canonicalResource } from '../../src/oauth/resource.js'
import { temporaryFolder } from '../support/run-folder.js'

const notes = { name: 'Gatehouse Notes', resource: 'http://localhost:4000/mcp' }

function codesFor(target = notes): Record<ConnectLine['id'], string> {
  const entries = connectLines(target).map(({ id, code }) => [id, code] as const)
  return Object.fromEntries(entries) as Record<ConnectLine['id'], string>
}

describe('lines to connect', () => {
  it('are ready to copy', () => {
    const lines = codesFor()
    expect(lines).toMatchObject({
      'claude-code': 'claude mcp add --transport http gatehouse-notes http://localhost:4000/mcp',
      'vs-code': `code --add-mcp '{"name":"gatehouse-notes","type":"http","url":"http://localhost:4000/mcp"}'`,
      claude: 'http://localhost:4000/mcp',
    })
    expect(JSON.parse(lines.cursor)).toEqual({
      mcpServers: { 'gatehouse-notes': { url: 'http://localhost:4000/mcp' } },
    })
  })

  it.each([
    ['Acme Tickets', 'acme-tickets'],
    ['  Überprüfung & Söhne! ', 'uberprufung-sohne'],
    ['--help', 'help'],
    ['$(touch x); `id`', 'touch-x-id'],
    ['Заметки', 'mcp-mcp-example-com'],
    ['🎉', 'mcp-mcp-example-com'],
    ['A very long name that goes on and on without an end', 'a-very-long-name-that-goes-on-and-on-wit'],
  ])('keep a server named %j as %s', (name, kept) => {
    const lines = codesFor({ name, resource: 'https://mcp.example.com/mcp' })
    expect(lines['claude-code']).toBe(`claude mcp add --transport http ${kept} https://mcp.example.com/mcp`)
    expect(Object.keys(JSON.parse(lines.cursor).mcpServers)).toEqual([kept])
  })
})

/** Paths that a RESOURCE_URL may have. */
const paths = [
  '/mcp',
  '/a%20b/%24HOME',
  '/tools;touch$IFS-injected',
  '/$(touch$IFS-injected)',
  '/`touch injected`',
  "/o'clock",
  "/';touch injected;'",
  "/$(touch injected)'$(touch injected)'",
  "/!!'!x",
  '/a&b=c|d',
  '/(a)*[b]{c,d}~,=+@:',
  '/a"b"c',
  '/^x^y',
  '/@args,@splat',
  '/-–—‘’“”',
] as const

const hosts = ['https://mcp.example.com', 'http://[::1]:4000', 'http://mcp.internal:8080'] as const
const urls = hosts.flatMap((host) => paths.map((path) => canonicalResource(new URL(path, host).href) ?? ''))

describe.each(['sh', 'bash'])('in %s', (shell) => {
  const folder = temporaryFolder('shell')

  /** What each program that a line names would be started with: all lines of one URL in one shell, each ended by a control character. */
  function argumentsOf(lines: readonly string[]): string[][] {
    const programs = ['claude', 'code', 'codex', 'gemini', 'goose', 'npx']
      .map((name) => `${name}() { printf '%s\\0' "$@"; }`)
      .join('\n')
    const script = lines.map((line) => `${line}\nprintf '\\1'`).join('\n')
    const output = execFileSync(shell, ['-c', `set -e\n${programs}\n${script}`], { cwd: folder, encoding: 'utf8' })
    return output
      .split('\x01')
      .slice(0, -1)
      .map((written) => written.split('\0').slice(0, -1))
  }

  it.each(urls)('every line passes %s on as it is, and runs nothing of it', (resource) => {
    const lines = codesFor({ ...notes, resource })
    const copied = ['claude-code', 'vs-code', 'inspector', 'codex', 'gemini-cli', 'goose'] as const
    const [claude, [flag, json = ''] = [], inspector, codex, gemini, goose] = argumentsOf(copied.map((id) => lines[id]))
    expect(claude).toEqual(['mcp', 'add', '--transport', 'http', 'gatehouse-notes', resource])
    expect([flag, JSON.parse(json)]).toEqual(['--add-mcp', { name: 'gatehouse-notes', type: 'http', url: resource }])
    expect(inspector).toEqual([
      ...['@modelcontextprotocol/inspector', '--cli', resource, '--transport', 'http', '--method', 'tools/list'],
    ])
    expect(codex).toEqual(['mcp', 'add', 'gatehouse-notes', '--url', resource])
    expect(gemini).toEqual(claude)
    expect(goose).toEqual(['session', '--with-streamable-http-extension', resource])
    expect(JSON.parse(lines.cursor).mcpServers['gatehouse-notes'].url).toBe(resource)
    expect(JSON.parse(lines['mcp-remote']).mcpServers['gatehouse-notes'].args).toContain(resource)
    expect(readdirSync(folder)).toEqual([])
  })
})

describe('a word for a shell', () => {
  it.each([
    ['http://localhost:4000/mcp', 'http://localhost:4000/mcp'],
    // zsh takes brackets for a file pattern, and stops when no file fits.
    ['http://[::1]:4000/mcp', '"http://[::1]:4000/mcp"'],
    // Double quotes alone mean the same to POSIX shells, PowerShell and cmd.
    ['https://rs.test/mcp;a=1&b', '"https://rs.test/mcp;a=1&b"'],
    ["https://rs.test/o'clock", `"https://rs.test/o'clock"`],
    ['https://rs.test/$(x)', "'https://rs.test/$(x)'"],
    ["https://rs.test/'$(x)", `'https://rs.test/'"'"'$(x)'`],
  ])('%s is written %s', (value, word) => {
    expect(shellWord(value)).toBe(word)
  })

  it.each(urls)('lets PowerShell run nothing of %s', (url) => {
    // PowerShell §2.3.5.2: a single-quoted text ends at a quote that is not doubled; in a double-quoted one `$` and a back quote act.
    const texts = /'(?:[^'\u2018\u2019]|'')*'|"[^"$`]*"/g
    for (const word of [shellWord(url), jsonWord({ url })])
      expect(word.replace(texts, '')).toMatch(/^[A-Za-z0-9:/.@%_-]*$/)
  })
})
