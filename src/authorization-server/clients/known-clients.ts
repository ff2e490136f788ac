/**
 * Products people know: the metadata documents that prove one (CIMD), and the names a stranger may not borrow silently. A name
 * never proves anything, and neither does a host alone: one host publishes documents for several products. Dates say when a
 * document was last seen in the wild.
 */
import { isUnder } from './host-owners.js'
import { hasWord, isNamed, misspells, resembles, skeletonsOf } from './name-skeleton.js'
import { type Product, products } from './product-names.js'

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

/** Honest words that are one letter away from a product's. */
const otherWords = /\bopen ?api\b/gi

/** True when a document on the host speaks for the product. */
function isMakersHost(host: string, { hosts }: Product): boolean {
  return hosts.some((domain) => isUnder(host, domain))
}

/** True for a host that the maker of some product on the list owns. */
export function isAnyMakersHost(host: string): boolean {
  return products.some((product) => isMakersHost(host, product))
}

function isNameOf(
  { anywhere = [], word = [], wholeName = [] }: Product,
  name: string,
  skeletons: readonly string[],
): boolean {
  return (
    anywhere.some((part) => resembles(skeletons, part) || misspells(name, part)) ||
    word.some((part) => hasWord(name, part)) ||
    wholeName.some((whole) => isNamed(name, whole))
  )
}

/**
 * The well-known product whose name a client's name resembles, unless the client's document comes from that product's maker.
 * `documentHost`: host name the metadata document was fetched from; absent for a client that registered itself.
 */
export function borrowedName(name: string, documentHost?: string): string | undefined {
  const honest = name.replace(otherWords, ' ')
  const skeletons = skeletonsOf(honest)
  const product = products.find((each) => isNameOf(each, honest, skeletons))
  const isMakers = product !== undefined && documentHost !== undefined && isMakersHost(documentHost, product)
  return isMakers ? undefined : product?.name
}
