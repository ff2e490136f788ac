/** Contexts of the connect page, calm ones and long ones: the tests render each, and screenshots are taken of them. */

import { type ConnectContext, connectContext } from '../../connect-page/connect-page.js'
import type { ResourceDeclaration } from '../../oauth/resource.js'

function notesAt(resource: string): ResourceDeclaration {
  const read = { name: 'notes:read', title: 'Read your notes', description: 'See all of them.', includes: [] }
  const write = { name: 'notes:write', title: 'Write notes', description: 'Add notes and change them.' }
  const remove = { name: 'notes:delete', title: 'Delete notes', description: 'Remove notes for good.' }
  const tool = (name: string, scopes: readonly string[]) => ({ name, title: name, scopes, destructive: false })
  return {
    resource,
    aliases: [],
    name: 'Notes',
    description: 'Your personal notes: write them down, find them again.',
    scopes: [
      { ...read, destructive: false },
      { ...write, includes: ['notes:read'], destructive: false },
      { ...remove, includes: ['notes:read'], destructive: true },
    ],
    tools: [
      tool('list_notes', ['notes:read']),
      tool('read_note', ['notes:read']),
      tool('create_note', ['notes:write']),
      { ...tool('delete_note', ['notes:delete']), destructive: true },
      tool('who_am_i', []),
    ],
    defaultScopes: ['notes:read'],
  }
}

/** As little as a declaration may say. */
function sparseAt(resource: string): ResourceDeclaration {
  const scope = { name: 'use', title: 'Use it', description: 'All of it.', includes: [], destructive: false }
  return { ...notesAt(resource), name: 'Заметки', description: '', scopes: [scope], tools: [], defaultScopes: ['use'] }
}

const longUrl = `https://${'very-long-name.'.repeat(8)}example.com/${'path/'.repeat(20)}mcp`
const metadataUrl = 'https://mcp.example.com/.well-known/oauth-protected-resource/mcp'

export const connectSamples: Readonly<Record<string, ConnectContext>> = {
  'on this computer': connectContext(notesAt('http://localhost:4000/mcp'), metadataUrl),
  'on the internet': connectContext(notesAt('https://mcp.example.com/mcp'), metadataUrl),
  'with a very long address': connectContext(notesAt(longUrl), metadataUrl),
  'of a server elsewhere': connectContext(notesAt('https://mcp.example.com/mcp')),
  sparse: connectContext(sparseAt("https://mcp.example.com/o'clock$(id)")),
}
