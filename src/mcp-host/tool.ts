/**
 * Defines a tool and the frame of every call: validates input, shapes output, and classifies failures. Does not check scopes: the endpoint
 * does, before the SDK sees the call.
 */
import type { CallToolResult, McpServer, StandardSchemaWithJSON, ToolAnnotations } from '@modelcontextprotocol/server'
import type { z } from 'zod'
import type { ToolDeclaration } from '../oauth/resource.js'
import type { RequiredScopes } from '../oauth/scope.js'
import type { McpCall } from './server-definition.js'

/** Structured output, or one sentence that tells the model (and the person) what to do. */
export type ToolAnswer = { readonly data: Record<string, unknown> } | { readonly problem: string }

/** `Call` is the context of a call: the request, and the dependencies of the server's tools. */
export interface ToolDefinition<Input extends z.ZodObject, Output extends z.ZodObject, Call extends McpCall = McpCall> {
  readonly name: string
  readonly title: string
  /** For the model: what it does, when to use it. */
  readonly description: string
  /** Scopes a call needs: all of a list, or all of one list of several. */
  readonly scopes: RequiredScopes
  /** Response to a caller without these scopes; default: a challenge. */
  readonly whenMissing?: 'challenge' | 'hide'
  /** Its effect cannot be undone; marked on the consent page. */
  readonly destructive?: boolean
  readonly annotations: ToolAnnotations
  readonly input: Input
  readonly output: Output
  readonly run: (input: z.infer<Input>, call: Call) => Promise<ToolAnswer>
  /** Text for the model and the person if the tool fails because of the server. */
  readonly unavailable: string
}

export interface Tool<Call extends McpCall = McpCall> {
  readonly declaration: ToolDeclaration
  /** Puts the tool on a server that serves this one call. */
  register(server: McpServer, call: Call): void
}

function problem(text: string): CallToolResult {
  return { content: [{ type: 'text', text }], isError: true }
}

async function answer(
  run: () => Promise<ToolAnswer>,
  { report }: McpCall,
  unavailable: string,
): Promise<CallToolResult> {
  try {
    const result = await run()
    if ('problem' in result) {
      report('refused')
      return problem(result.problem)
    }
    report('ok')
    // Clients without support for structured output read the text (MCP tools, "structured content").
    return { content: [{ type: 'text', text: JSON.stringify(result.data) }], structuredContent: result.data }
  } catch (error) {
    // Otherwise the SDK would send the message of the exception, such as a database error, to the client.
    report('failed', error)
    return problem(unavailable)
  }
}

/**
 * The schema with a precomputed JSON Schema: the SDK would compute it for each request's server instance. Typed without its input, because
 * the SDK's callback type cannot be resolved for a generic schema; `parse` restores it.
 */
function withFixedJsonSchema(schema: z.ZodObject): StandardSchemaWithJSON {
  const standard = schema['~standard']
  const input = standard.jsonSchema.input({ target: 'draft-2020-12' })
  const output = standard.jsonSchema.output({ target: 'draft-2020-12' })
  return { '~standard': { ...standard, jsonSchema: { input: () => input, output: () => output } } }
}

/** Makes a tool of its definition. */
export function defineTool<Input extends z.ZodObject, Output extends z.ZodObject, Call extends McpCall>(
  definition: ToolDefinition<Input, Output, Call>,
): Tool<Call> {
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
      server.registerTool(name, config, async (values) =>
        answer(() => definition.run(input.parse(values), call), call, definition.unavailable),
      )
    },
  }
}
