/**
 * How to connect each known client to an MCP URL, as data: the connect page and the start-up lines show it. The sentences are in views/, in
 * every language.
 */
import type { ResourceDeclaration } from '../oauth/resource.js'
import { installInCursor, installInGoose, installInLmStudio, installInVsCode } from './install-links.js'
import { jsonWord, shellWord } from './shell-word.js'

export interface ConnectLine {
  /** Stable key. */
  readonly id:
    | 'claude-code'
    | 'vs-code'
    | 'cursor'
    | 'codex'
    | 'gemini-cli'
    | 'goose'
    | 'lm-studio'
    | 'claude'
    | 'chatgpt'
    | 'inspector'
    | 'mcp-remote'
  /** Name of the client, for the terminal. If it is more than a name, the pages have their own texts for it (`connect.names`). */
  readonly client: string
  /** Values for the instruction that accompanies the code: `connect.hints` in the texts of the pages. */
  readonly hintValues: Readonly<Record<string, string>>
  /** The code to copy. */
  readonly code: string
  /** A link that opens the client, which then offers to add the server. */
  readonly install?: string
  /** True if the client runs in the cloud and needs an https URL that is reachable from the internet. */
  readonly remote: boolean
  /** Lowest major version of Node that the code needs, if it needs Node. */
  readonly node?: number
}

/** The resource that the lines are made for. */
export type ConnectTarget = Pick<ResourceDeclaration, 'name' | 'resource'>

const longestName = 40

function slug(text: string): string {
  const letters = text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
  return letters
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-/, '')
    .slice(0, longestName)
    .replace(/-$/, '')
}

/**
 * The name under which clients store the server. It has lower-case letters, digits and hyphens only: every client accepts them, and they
 * are not special in any shell. If a name has none of these characters, the host is used instead.
 */
function serverName({ name, resource }: ConnectTarget): string {
  return slug(name) || `mcp-${slug(new URL(resource).hostname)}`
}

function json(value: object): string {
  return JSON.stringify(value, undefined, 2)
}

/** mcp-remote refuses http except for localhost. */
function remoteArguments(resourceUrl: string): string[] {
  const { protocol, hostname } = new URL(resourceUrl)
  const needsPermission = protocol === 'http:' && hostname !== 'localhost' && hostname !== '127.0.0.1'
  return ['-y', 'mcp-remote', resourceUrl, ...(needsPermission ? ['--allow-http'] : [])]
}

/** One entry per client, the most used first. */
export function connectLines(target: ConnectTarget): readonly ConnectLine[] {
  const { resource: url } = target
  const name = serverName(target)
  const kept = { name, url }
  const mcpJson = json({ mcpServers: { [name]: { url } } })
  return [
    {
      id: 'claude-code',
      client: 'Claude Code',
      hintValues: { command: '/mcp' },
      code: `claude mcp add --transport http ${name} ${shellWord(url)}`,
      remote: false,
    },
    {
      id: 'vs-code',
      client: 'VS Code',
      hintValues: {},
      code: `code --add-mcp ${jsonWord({ name, type: 'http', url })}`,
      install: installInVsCode(kept),
      remote: false,
    },
    {
      id: 'cursor',
      client: 'Cursor',
      hintValues: { file: '~/.cursor/mcp.json', projectFile: '.cursor/mcp.json' },
      code: mcpJson,
      install: installInCursor(kept),
      remote: false,
    },
    {
      id: 'codex',
      client: 'Codex',
      hintValues: { command: `codex mcp login ${name}` },
      code: `codex mcp add ${name} --url ${shellWord(url)}`,
      remote: false,
    },
    {
      id: 'gemini-cli',
      client: 'Gemini CLI',
      hintValues: { command: `/mcp auth ${name}` },
      code: `gemini mcp add --transport http ${name} ${shellWord(url)}`,
      remote: false,
    },
    {
      id: 'goose',
      client: 'goose',
      hintValues: {},
      code: `goose session --with-streamable-http-extension ${shellWord(url)}`,
      install: installInGoose(kept, target.name),
      remote: false,
    },
    {
      id: 'lm-studio',
      client: 'LM Studio',
      hintValues: {},
      code: mcpJson,
      install: installInLmStudio(kept),
      remote: false,
    },
    {
      id: 'claude',
      client: 'Claude on the web',
      hintValues: {},
      code: url,
      remote: true,
    },
    {
      id: 'chatgpt',
      client: 'ChatGPT',
      hintValues: {},
      code: url,
      remote: true,
    },
    {
      id: 'inspector',
      client: 'MCP Inspector',
      hintValues: {},
      code: `npx @modelcontextprotocol/inspector --cli ${shellWord(url)} --transport http --method tools/list`,
      remote: false,
      node: 22,
    },
    {
      id: 'mcp-remote',
      client: 'Any client that only starts local programs (mcp-remote)',
      hintValues: {},
      code: json({ mcpServers: { [name]: { command: 'npx', args: remoteArguments(url) } } }),
      remote: false,
    },
  ]
}
