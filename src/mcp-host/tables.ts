/** The MCP server's own tables (prisma/notes/schema.prisma says what each is for). Their statements are declared beside their nouns. */
import { int, moment, orNull, table, text } from '../database/table.js'

export const usedProofs = table('used_proofs', { id_hash: text, expires_at: moment }, 'notes')

export const apiKeys = table(
  'api_keys',
  {
    id: text,
    key_hash: text,
    name: text,
    subject: orNull(text),
    resource: orNull(text),
    scope: text,
    created_at: moment,
    expires_at: moment,
  },
  'notes',
)

export const servedDeclarations = table('served_declarations', { id: int, rows: text, read_at: moment }, 'notes')

export const callBuckets = table('call_buckets', { key: text, full_at: moment }, 'notes')
