/** The declaration of the notes service, shared by the consent page, metadata, challenges and guard. */
import type { ResourceDeclaration } from '../oauth/resource.js'
import { notesRead, notesWrite, scopes } from './scopes.js'
import { tools } from './tools/tools.js'

/**
 * Declares the notes service under its canonical URL and its former ones.
 *
 * The baseline is read and write (MCP authorization, "scope selection"): a client gets a useful first sign-in, whether it requests the
 * challenged scopes or none, and the person can clear either. Never delete: a tool that needs it causes a step-up.
 */
export function notesResource(resourceUrl: string, aliases: readonly string[] = []): ResourceDeclaration {
  return {
    resource: resourceUrl,
    aliases: aliases.filter((alias) => alias !== resourceUrl),
    name: 'Gatehouse Notes',
    description: 'Your personal notes: write them down, find them again.',
    scopes,
    tools: tools.map(({ declaration }) => declaration),
    defaultScopes: [notesRead, notesWrite],
  }
}
