/** The one declaration of the notes service: consent page, metadata, challenges and guard all read it. */
import type { ResourceDeclaration } from '../oauth/resource.js'
import { notesRead, notesWrite, scopes } from './scopes.js'
import { tools } from './tools/tools.js'

/**
 * Declares the notes service under its canonical URL and its former ones.
 *
 * Which scopes are named where (MCP authorization, "scope selection"):
 * - challenged and advertised: read and write. A client that asks for what it is told gets a useful first sign-in; the person can
 *   untick either. Never delete: it is asked for when a tool needs it (step-up).
 * - default: read only. A client that asks for nothing gets the harmless part, and steps up when it wants to write.
 */
export function notesResource(resourceUrl: string, aliases: readonly string[] = []): ResourceDeclaration {
  return {
    resource: resourceUrl,
    aliases: aliases.filter((alias) => alias !== resourceUrl),
    name: 'Gatehouse Notes',
    description: 'Your personal notes: write them down, find them again.',
    scopes,
    tools: tools.map(({ declaration }) => declaration),
    defaultScopes: [notesRead],
    advertisedScopes: [notesRead, notesWrite],
    challengeScopes: [notesRead, notesWrite],
  }
}
