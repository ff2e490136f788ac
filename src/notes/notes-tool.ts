/** A tool of the notes: it works on the notes of the person that the access token names. */
import type { z } from 'zod'
import type { McpCall } from '../mcp-host/server-definition.js'
import { defineTool, type Tool, type ToolAnswer, type ToolDefinition } from '../mcp-host/tool.js'
import { userOf } from '../resource-server/access-token.js'
import type { NotesStore } from './notes.js'

/** Dependencies of a notes tool's call. */
export interface NotesCall extends McpCall {
  readonly store: NotesStore
}

type NotesTool<Input extends z.ZodObject, Output extends z.ZodObject> = ToolDefinition<Input, Output, NotesCall>

const unavailable = 'The notes service cannot do this right now. Try again in a moment.'

/** A tool that works with every valid token, including one without a person. */
export function defineOpenNotesTool<Input extends z.ZodObject, Output extends z.ZodObject>(
  definition: Omit<NotesTool<Input, Output>, 'unavailable'>,
): Tool<NotesCall> {
  return defineTool({ ...definition, unavailable })
}

export interface NotesToolDefinition<Input extends z.ZodObject, Output extends z.ZodObject>
  extends Omit<NotesTool<Input, Output>, 'run' | 'unavailable'> {
  readonly run: (input: z.infer<Input>, store: NotesStore, ownerId: string) => Promise<ToolAnswer>
}

/** A tool that works on the notes of the person the token acts for. A token without a person gets an error that says so. */
export function defineNotesTool<Input extends z.ZodObject, Output extends z.ZodObject>(
  definition: NotesToolDefinition<Input, Output>,
): Tool<NotesCall> {
  return defineOpenNotesTool({
    ...definition,
    run: async (input, { accessToken, store }) => {
      const ownerId = userOf(accessToken)
      if (ownerId === undefined) {
        return { problem: 'Notes belong to people, and this access token acts for a program. Sign in as a person.' }
      }
      return definition.run(input, store, ownerId)
    },
  })
}
