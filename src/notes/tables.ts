/** The table of notes (prisma/notes/schema.prisma says what it is for). Prisma does not know its column `search`. */
import type { Column } from '../database/sql.js'
import { moment, table, text } from '../database/table.js'

const textSearch: Column<string> = { type: 'tsvector', nullable: false }

export const notes = table(
  'notes',
  {
    id: text,
    owner_id: text,
    title: text,
    body: text,
    created_at: moment,
    updated_at: moment,
    search: textSearch,
  },
  'notes',
)
