/** How to connect each known client to an MCP URL, as data: the connect page, the start-up lines and the README show it. */

export interface ConnectLine {
  /** Stable key, also for anchors. */
  readonly id: 'claude-code' | 'claude' | 'chatgpt' | 'vs-code' | 'cursor' | 'inspector' | 'mcp-remote'
  /** Name of the client. */
  readonly client: string
  /** What to do with the code, one sentence. */
  readonly hint: string
  /** To copy as it is. */
  readonly code: string
  /** True when the client runs elsewhere and needs an https URL that the internet can reach. */
  readonly remote: boolean
  /** Lowest major version of Node that the code needs, when it needs Node at all. */
  readonly node?: number
}

/** Name under which clients keep the server. */
const serverName = 'gatehouse-notes'

function json(value: object): string {
  return JSON.stringify(value, undefined, 2)
}

/** Quotes for POSIX shells and PowerShell alike; our JSON holds no single quote, and a URL's is percent-encoded by then. */
function shellQuoted(value: string): string {
  return `'${value.replaceAll("'", '%27')}'`
}

/** mcp-remote refuses plain http except for localhost. */
function remoteArguments(resourceUrl: string): string[] {
  const { protocol, hostname } = new URL(resourceUrl)
  const needsPermission = protocol === 'http:' && hostname !== 'localhost' && hostname !== '127.0.0.1'
  return ['-y', 'mcp-remote', resourceUrl, ...(needsPermission ? ['--allow-http'] : [])]
}

/** One entry per client, the most used first. */
export function connectLines(resourceUrl: string): readonly ConnectLine[] {
  const safe = /^[\w:/.@%[\]-]+$/.test(resourceUrl) ? resourceUrl : shellQuoted(resourceUrl)
  return [
    {
      id: 'claude-code',
      client: 'Claude Code',
      hint: 'Run this in a terminal, then type /mcp inside Claude Code to sign in.',
      code: `claude mcp add --transport http ${serverName} ${safe}`,
      remote: false,
    },
    {
      id: 'vs-code',
      client: 'VS Code',
      hint: 'Run this in a terminal, then start the server in VS Code and sign in when it asks.',
      code: `code --add-mcp ${shellQuoted(JSON.stringify({ name: serverName, type: 'http', url: resourceUrl }))}`,
      remote: false,
    },
    {
      id: 'cursor',
      client: 'Cursor',
      hint: 'Put this into ~/.cursor/mcp.json, or .cursor/mcp.json of a project.',
      code: json({ mcpServers: { [serverName]: { url: resourceUrl } } }),
      remote: false,
    },
    {
      id: 'claude',
      client: 'Claude on the web',
      hint: 'In Settings, Connectors, add a custom connector with this URL.',
      code: resourceUrl,
      remote: true,
    },
    {
      id: 'chatgpt',
      client: 'ChatGPT',
      hint: 'In Settings, Connectors, turn on developer mode, create a connector with this URL, and choose OAuth.',
      code: resourceUrl,
      remote: true,
    },
    {
      id: 'inspector',
      client: 'MCP Inspector',
      hint: 'Run this in a terminal: it asks you to sign in, then lists the tools.',
      code: `npx @modelcontextprotocol/inspector --cli ${safe} --transport http --method tools/list`,
      remote: false,
      node: 22,
    },
    {
      id: 'mcp-remote',
      client: 'Any client that only starts local programs (mcp-remote)',
      hint: 'Put this into the client’s MCP settings.',
      code: json({ mcpServers: { [serverName]: { command: 'npx', args: remoteArguments(resourceUrl) } } }),
      remote: false,
    },
  ]
}
