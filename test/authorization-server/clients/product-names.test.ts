import { describe, expect, it } from '@jest/globals'
import { borrowedName } from '../../../src/authorization-server/clients/known-clients.js'
import { products } from '../../../src/authorization-server/clients/product-names.js'
import { clientShapes } from '../../clients/client-shapes.js'

/** Rows of the manual's table that stand for many programs, or for a library that programs are made with. */
const noProducts = /^(?:Programs of|Python SDK|TypeScript SDK)/

/** The product that a row of that table is about: `Codex` of "Codex, registering itself". */
function productOf(row: string): string {
  return row.replace(/(?:,| \(| before | in JetBrains).*$/, '')
}

describe('Product names that a stranger may not borrow', () => {
  const rows = [...new Set(clientShapes.map(({ name }) => name))].filter((name) => !noProducts.test(name))
  it.each([...new Set(rows.map(productOf))])('hold every client of the manual: %s', (name) => {
    expect(borrowedName(name)).toEqual(expect.any(String))
  })

  it.each(products.map((product) => [product.name, product.hosts] as const))(
    '%s is on the list under its own name, and free to its maker',
    (name, hosts) => {
      expect(borrowedName(name)).toBe(name)
      for (const host of hosts) expect(borrowedName(name, `mcp.${host}`)).toBeUndefined()
    },
  )

  it.each([
    ['Apple ID', 'Apple'],
    ['Okta Verify', 'Okta'],
    ['Microsoft 365 Copilot', 'GitHub Copilot'],
    ['Office 365 Mail', 'Office 365'],
    ['Outlook Calendar', 'Office 365'],
    ['Hugging-Face Hub', 'Hugging Face'],
    ['Hugingface', 'Hugging Face'],
    ['GMAlL', 'Gmail'],
    ['Grok-4', 'Grok'],
    ['MCP-Remote 0.1', 'mcp-remote'],
    ['Notion MCP', 'Notion'],
    ['Kiro IDE', 'Kiro'],
    ['Amazon Q Developer', 'Amazon Q'],
    ['Deep Seek', 'DeepSeek'],
    ['n8n workflow', 'n8n'],
    ['iCloud Drive', 'Apple'],
  ])('%s reminds of %s', (name, product) => expect(borrowedName(name)).toBe(product))

  it.each([
    'Cool Cloud',
    'AI Cloud',
    'Cloud',
    'Locker',
    'Pineapple reader',
    'Apple pie recipes',
    'Amazonia travel',
    'Grokking notes',
    'Notion of time',
    'Continue watching',
    'Linear algebra tutor',
    'Zooming in',
    'Stripes',
    'Slackline club',
    'Metaal winkel',
    'Awesome list',
    'Dockers',
    'Discordant music',
    'Manuscript editor',
    'Kimiko’s diary',
    'Amplifier',
    'Password Manager',
    'Central bank',
    'Ansible inventory',
    'Oktay’s notes',
    'Confluent',
    'Replica',
    'Journal',
    'Notebook',
    'Calendar sync',
    'Weather',
    'Meeting minutes',
    'Kirov Ballet',
    'Azures',
    'Fabrication',
    'Paperclip',
    'Remote desktop',
    'Wiki für alle',
  ])('%s is nobody’s', (name) => expect(borrowedName(name)).toBeUndefined())
})
