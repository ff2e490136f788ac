/**
 * Products people know: the metadata documents that prove one (CIMD), and the names a stranger may not borrow silently. A name
 * never proves anything, and neither does a host alone: one host publishes documents for several products. Dates say when a
 * document was last seen in the wild.
 */
import { isUnder } from './host-owners.js'
import { isNamed, misspells, resembles, skeletonsOf } from './name-skeleton.js'

export interface KnownClient {
  readonly product: string
  readonly maker: string
}

/** `*` stands for one path segment, which the maker mints per connector or per server. The first that matches counts. */
const documents: readonly (readonly [clientId: string, product: string, maker: string, seen: string])[] = [
  ['https://claude.ai/oauth/mcp-oauth-client-metadata', 'Claude', 'Anthropic', '2026-09-21'],
  ['https://claude.ai/oauth/claude-code-client-metadata', 'Claude Code', 'Anthropic', '2026-09-21'],
  ['https://chatgpt.com/oauth/client.json', 'ChatGPT', 'OpenAI', '2026-09-21'],
  ['https://chatgpt.com/oauth/codex/client.json', 'Codex', 'OpenAI', '2026-08-19'],
  ['https://chatgpt.com/oauth/codex/*/client.json', 'Codex', 'OpenAI', '2026-08-19'],
  ['https://chatgpt.com/oauth/*/client.json', 'ChatGPT', 'OpenAI', '2026-08-19'],
  ['https://vscode.dev/oauth/client-metadata.json', 'Visual Studio Code', 'Microsoft', '2026-09-21'],
  ['https://insiders.vscode.dev/oauth/client-metadata.json', 'Visual Studio Code Insiders', 'Microsoft', '2026-07-01'],
  ['https://github.com/copilot/cli/client-metadata.json', 'GitHub Copilot CLI', 'GitHub', '2026-09-21'],
  ['https://cursor.com/oauth/mcp-client.json', 'Cursor', 'Anysphere', '2026-10-09'],
  ['https://zed.dev/oauth/client-metadata.json', 'Zed', 'Zed Industries', '2026-09-21'],
  ['https://opencode.ai/oauth/opencode/client.json', 'opencode', 'Anomaly', '2026-09-10'],
  ['https://goose-docs.ai/oauth/client-metadata.json', 'goose', 'Block', '2026-09-21'],
  ['https://www.mcpjam.com/.well-known/oauth/client-metadata.json', 'MCPJam', 'MCPJam', '2026-07-29'],
  ['https://api.factory.ai/mcp/oauth-client', 'Factory Droid', 'Factory', '2026-07-01'],
  ['https://toolhive.dev/oauth/client-metadata.json', 'ToolHive', 'Stacklok', '2026-07-01'],
  ['https://slack.com/.well-known/oauth-client-metadata', 'Slack', 'Slack', '2026-07-29'],
]

const patterns = documents.map(([clientId, product, maker]) => ({
  client: { product, maker },
  pattern: new RegExp(`^${clientId.replace(/[.?+]/g, '\\$&').replaceAll('*', '[A-Za-z0-9_-]{1,64}')}$`),
}))

/** The product a metadata document's URL stands for. Exact: another case, port, query or path is another client. */
export function knownClient(clientId: string): KnownClient | undefined {
  return patterns.find(({ pattern }) => pattern.test(clientId))?.client
}

interface Product {
  readonly name: string
  /** Words that a name which reminds of it contains: lower case, letters only. */
  readonly words: readonly string[]
  /** A plain word too: only a whole name is mistaken for it. */
  readonly isPlainWord?: boolean
  /** Hosts of the maker, with all below them: a document from there is no borrowed name. */
  readonly hosts: readonly string[]
}

const products: readonly Product[] = [
  { name: 'Claude', words: ['claude'], hosts: ['claude.ai', 'claude.com', 'anthropic.com'] },
  { name: 'Anthropic', words: ['anthropic'], hosts: ['claude.ai', 'anthropic.com'] },
  { name: 'ChatGPT', words: ['chatgpt'], hosts: ['chatgpt.com', 'openai.com'] },
  { name: 'OpenAI', words: ['openai'], hosts: ['chatgpt.com', 'openai.com'] },
  { name: 'Codex', words: ['codex'], hosts: ['chatgpt.com', 'openai.com'] },
  { name: 'Cursor', words: ['cursor'], hosts: ['cursor.com'] },
  {
    name: 'Visual Studio Code',
    words: ['visualstudiocode', 'vscode'],
    hosts: ['vscode.dev', 'code.visualstudio.com', 'microsoft.com'],
  },
  { name: 'GitHub Copilot', words: ['copilot'], hosts: ['github.com', 'microsoft.com'] },
  { name: 'GitHub', words: ['github'], hosts: ['github.com'] },
  { name: 'Gemini', words: ['gemini'], hosts: ['google.com', 'google'] },
  { name: 'Google', words: ['google'], hosts: ['google.com', 'google'] },
  { name: 'Microsoft', words: ['microsoft'], hosts: ['microsoft.com'] },
  { name: 'Windsurf', words: ['windsurf'], hosts: ['windsurf.com', 'codeium.com', 'devin.ai'] },
  { name: 'Perplexity', words: ['perplexity'], hosts: ['perplexity.ai', 'perplexity.com'] },
  { name: 'JetBrains', words: ['jetbrains'], hosts: ['jetbrains.com'] },
  { name: 'Mistral', words: ['mistral'], hosts: ['mistral.ai'] },
  { name: 'opencode', words: ['opencode'], hosts: ['opencode.ai'] },
  { name: 'LibreChat', words: ['librechat'], hosts: ['librechat.ai'] },
  { name: 'Le Chat', words: ['lechat'], hosts: ['mistral.ai'], isPlainWord: true },
  { name: 'MCP Inspector', words: ['mcpinspector'], hosts: ['modelcontextprotocol.io'] },
  { name: 'LM Studio', words: ['lmstudio'], hosts: ['lmstudio.ai'] },
  { name: 'Roo Code', words: ['roocode'], hosts: ['roocode.com'] },
  { name: 'Cline', words: ['cline'], hosts: ['cline.bot'], isPlainWord: true },
  { name: 'Raycast', words: ['raycast'], hosts: ['raycast.com'] },
  { name: 'Postman', words: ['postman'], hosts: ['postman.com', 'postman.co'], isPlainWord: true },
  { name: 'Zapier', words: ['zapier'], hosts: ['zapier.com'] },
  { name: 'n8n', words: ['n8n'], hosts: ['n8n.io', 'n8n.cloud'], isPlainWord: true },
  { name: 'goose', words: ['goose'], hosts: ['goose-docs.ai', 'block.xyz'], isPlainWord: true },
  { name: 'Zed', words: ['zed'], hosts: ['zed.dev'], isPlainWord: true },
  { name: 'Warp', words: ['warp'], hosts: ['warp.dev'], isPlainWord: true },
  { name: 'MCPJam', words: ['mcpjam'], hosts: ['mcpjam.com'] },
  { name: 'ToolHive', words: ['toolhive'], hosts: ['toolhive.dev', 'stacklok.com'] },
  { name: 'Factory Droid', words: ['factorydroid'], hosts: ['factory.ai'] },
  { name: 'Slack', words: ['slack'], hosts: ['slack.com'], isPlainWord: true },
]

/** Honest words that are one letter away from a product's. */
const otherWords = /\bopen ?api\b/gi

/**
 * The well-known product whose name a client's name resembles, unless the client's document comes from that product's maker.
 * `documentHost`: host name the metadata document was fetched from; absent for a client that registered itself.
 */
export function borrowedName(name: string, documentHost?: string): string | undefined {
  const honest = name.replace(otherWords, ' ')
  const skeletons = skeletonsOf(honest)
  const isSpelled = (word: string): boolean => resembles(skeletons, word) || misspells(honest, word)
  const product = products.find(({ words, isPlainWord }) =>
    words.some((word) => (isPlainWord === true ? isNamed(honest, word) : isSpelled(word))),
  )
  if (product === undefined) return undefined
  const isMakers = documentHost !== undefined && product.hosts.some((domain) => isUnder(documentHost, domain))
  return isMakers ? undefined : product.name
}
