/**
 * What a tool is. Owns the frame every call runs in: input checked, output shaped, failures told apart. Does not check scopes:
 * the endpoint does, before the SDK sees the call.
 */
import type { CallToolResult, McpServer, StandardSchemaWithJSON, ToolAnnotations } from '@modelcontextprotocol/server'
import type { z } from 'zod'
import type { NotesStore } from '../notes/notes.js'
import type { ToolDeclaration } from '../oauth/resource.js'
import type { RequiredScopes } from '../oauth/scope.js'
import { userOf } from '../resource-server/index.js'
import type { McpCall } from './server-definition.js'

/** What a call may use. */
export interface ToolCall extends McpCall {
  readonly store: NotesStore
}

/** Structured output, or one sentence that tells the model (and the person) what to do. */
export type ToolAnswer = { readonly data: Record<string, unknown> } | { readonly problem: string }

export interface ToolDefinition<Input extends z.ZodObject, Output extends z.ZodObject> {
  readonly name: string
  readonly title: string
  /** For the model: what it does, when to use it. */
  readonly description: string
  /** Scopes a call needs: all of a list, or all of one list of several. */
  readonly scopes: RequiredScopes
  /** What a caller without them meets; default: a challenge. */
  readonly whenMissing?: 'challenge' | 'hide'
  /** What it does cannot be undone: marked on the consent page. */
  readonly destructive?: boolean
  readonly annotations: ToolAnnotations
  readonly input: Input
  readonly output: Output
  readonly run: (input: z.infer<Input>, call: ToolCall) => Promise<ToolAnswer>
}

export interface Tool {
  readonly declaration: ToolDeclaration
  /** Puts the tool on a server that serves this one call. */
  register(server: McpServer, call: ToolCall): void
}

function problem(text: string): CallToolResult {
  return { content: [{ type: 'text', text }], isError: true }
}

async function answer(run: () => Promise<ToolAnswer>, { report }: ToolCall): Promise<CallToolResult> {
  try {
    const result = await run()
    if ('problem' in result) {
      report('refused')
      return problem(result.problem)
    }
    report('ok')
    // Clients from before structured output read the text (MCP tools, "structured content").
    return { content: [{ type: 'text', text: JSON.stringify(result.data) }], structuredContent: result.data }
  } catch (error) {
    // Without this the SDK would send the message of the exception, a database error for example, to the client.
    report('failed', error)
    return problem('The notes service cannot do this right now. Try again in a moment.')
  }
}

/**
 * The schema with its JSON Schema worked out once: a server instance lives for one request, and the SDK would work it out again
 * for each. Typed without its input: the SDK's callback type cannot be resolved for a generic schema, `parse` restores it.
 */
function withFixedJsonSchema(schema: z.ZodObject): StandardSchemaWithJSON {
  const standard = schema['~standard']
  const input = standard.jsonSchema.input({ target: 'draft-2020-12' })
  const output = standard.jsonSchema.output({ target: 'draft-2020-12' })
  return { '~standard': { ...standard, jsonSchema: { input: () => input, output: () => output } } }
}

/** Makes a tool of its definition. */
export function defineTool<Input extends z.ZodObject, Output extends z.ZodObject>(
  definition: ToolDefinition<Input, Output>,
): Tool {
  const { name, title, description, scopes, destructive = false, annotations, input, whenMissing } = definition
  const inputSchema = withFixedJsonSchema(input)
  const outputSchema = withFixedJsonSchema(definition.output)
  const config = { title, description, annotations, inputSchema, outputSchema }
  return {
    declaration: {
      name,
      title,
      scopes,
      destructive,
      readOnly: annotations.readOnlyHint === true,
      ...(whenMissing !== undefined && { whenMissing }),
    },
    register: (server, call) => {
      server.registerTool(name, config, async (values) => answer(() => definition.run(input.parse(values), call), call))
    },
  }
}

export interface NotesToolDefinition<Input extends z.ZodObject, Output extends z.ZodObject>
  extends Omit<ToolDefinition<Input, Output>, 'run'> {
  readonly run: (input: z.infer<Input>, store: NotesStore, ownerId: string) => Promise<ToolAnswer>
}

/** A tool that works on the notes of the person the token acts for. A token without a person is told so. */
export function defineNotesTool<Input extends z.ZodObject, Output extends z.ZodObject>(
  definition: NotesToolDefinition<Input, Output>,
): Tool {
  return defineTool({
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
