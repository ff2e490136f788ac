/**
 * Scope rules for the tools, resources, prompts and methods of an MCP server, and the response to a caller without the scopes: a challenge
 * (MCP authorization, "step-up"), or as if the operation did not exist. Pure. Lists are in `operation-lists.ts`. Does not know which
 * operations exist: `otherwise` applies to undeclared ones.
 */

import { type OperationDeclaration, type ResourceDeclaration, scopeHierarchyOf } from '../oauth/resource.js'
import { meetsRequirement, type ScopeHierarchy } from '../oauth/scope.js'
import type { AccessToken } from './access-token.js'
import type { Refusal } from './bearer.js'
import { refuseUnmetRequirements } from './guard.js'
import { messagesOf, namesItsRevision, type Operation, type OperationKind, operationsOf } from './json-rpc.js'
import type { OperationRule } from './operation-rule.js'
import { resourceRules } from './resource-rules.js'

type RulesByName = Readonly<Record<string, OperationRule>>

export interface OperationRules {
  readonly hierarchy?: ScopeHierarchy
  readonly tools?: RulesByName
  /** By URI, or by URI template (RFC 6570); a URI's own rule takes precedence over those of matching templates. */
  readonly resources?: RulesByName
  readonly prompts?: RulesByName
  /** By JSON-RPC method, in addition to the rules of what the method names. */
  readonly methods?: RulesByName
  /** For operations that are not named above; default: any valid token is sufficient. */
  readonly otherwise?: { readonly [Kind in OperationKind]?: OperationRule }
  /** As in the challenges of `authenticate`. */
  readonly realm?: string | undefined
  /** Read-only mode: tools that are not declared `readOnly` are hidden from everyone. */
  readonly readOnly?: boolean
}

/** The decision about a request. */
export type Judgement =
  | { readonly outcome: 'allow' }
  /** Answer with the 403. */
  | { readonly outcome: 'challenge'; readonly refusal: Refusal }
  /** Respond as if these did not exist, with `answer` if the MCP server has them. */
  | { readonly outcome: 'hide'; readonly operations: readonly Operation[]; readonly answer: Refusal }

export interface Operations {
  /** Checks all operations of a body before any of them runs; a batch as a whole. */
  judge(accessToken: AccessToken, json: unknown, resourceMetadataUrl: string): Judgement
  /** The same for callers that handle all refusals alike: the response instead of serving, or `undefined`. */
  refuse(accessToken: AccessToken, json: unknown, resourceMetadataUrl: string): Refusal | undefined
  /** False for an operation that is hidden from this caller: omit it from lists. */
  sees(accessToken: AccessToken, operation: Operation): boolean
  /** True if lists may differ between callers and so must not be cached for all of them (MCP caching, `cacheScope`). */
  readonly hidesSome: boolean
  /** True for an operation that the rules name, so that its name is not arbitrary text of a client. */
  declares(operation: Operation): boolean
}

const anyToken: OperationRule = { scopes: [] }
/** For tools that change something, in read-only mode: no token meets an empty `anyOf`. */
const nobody: OperationRule = { scopes: { anyOf: [] }, whenMissing: 'hide' }

const membersByKind = { method: 'methods', tool: 'tools', prompt: 'prompts', resource: 'resources' } as const

function checkRules(rules: OperationRules): void {
  const declared = Object.values(membersByKind).flatMap((member) => Object.entries(rules[member] ?? {}))
  for (const [name, { scopes }] of [...declared, ...Object.entries(rules.otherwise ?? {})]) {
    if ('anyOf' in scopes && scopes.anyOf.length === 0) {
      throw new TypeError(`the rule of ${name} lists no combination of scopes, so no caller could use it`)
    }
  }
}

/** Rules of one operation; empty if it is not declared. */
type Lookup = (name: string) => readonly OperationRule[]

function lookupByName(rules: RulesByName = {}): Lookup {
  const byName = new Map(Object.entries(rules).map(([name, rule]) => [name, [rule]] as const))
  return (name) => byName.get(name) ?? []
}

function createLookups(rules: OperationRules): Readonly<Record<OperationKind, Lookup>> {
  const tools = lookupByName(rules.tools)
  return {
    method: lookupByName(rules.methods),
    prompt: lookupByName(rules.prompts),
    resource: resourceRules(rules.resources),
    tool:
      rules.readOnly === true
        ? (name) => (tools(name).some(({ readOnly }) => readOnly === true) ? tools(name) : [nobody])
        : tools,
  }
}

function hides({ whenMissing }: OperationRule): boolean {
  return whenMissing === 'hide'
}

/** The official SDK's errors for unknown operations (MCP tools, prompts, resources: "error handling"). */
function unknownError({ kind, name }: Operation): object {
  if (kind === 'method') return { code: -32601, message: 'Method not found' }
  if (kind === 'resource') return { code: -32602, message: `Resource not found: ${name}`, data: { uri: name } }
  return { code: -32602, message: `${kind === 'tool' ? 'Tool' : 'Prompt'} ${name} not found` }
}

/** The guard does not run the other messages of a batch, so the whole batch is invalid. */
function answerUnknown(json: unknown, operation: Operation): Refusal {
  const headers = { 'cache-control': 'no-store', 'content-type': 'application/json' }
  const [message = {}] = messagesOf(json)
  const { id } = message
  if (Array.isArray(json) || (typeof id !== 'string' && typeof id !== 'number')) {
    const error = { code: -32600, message: 'Invalid Request: it names something that does not exist' }
    return { status: 400, headers, body: { jsonrpc: '2.0', id: null, error } }
  }
  // Revision 2026-07-28 maps unknown methods to 404.
  const status = operation.kind === 'method' && namesItsRevision(message) ? 404 : 200
  return { status, headers, body: { jsonrpc: '2.0', id, error: unknownError(operation) } }
}

/** Compiles the rules. Throws a TypeError for a rule that no token could meet. */
export function createOperations(rules: OperationRules): Operations {
  checkRules(rules)
  const { hierarchy = {}, otherwise = {}, realm } = rules
  const lookups = createLookups(rules)
  const hidesSome =
    rules.readOnly === true ||
    Object.values(membersByKind).some((member) => Object.values(rules[member] ?? {}).some(hides)) ||
    Object.values(otherwise).some(hides)

  const isMet = ({ scopes }: AccessToken, rule: OperationRule) => meetsRequirement(scopes, rule.scopes, hierarchy)
  const undeclared = (kind: OperationKind) => otherwise[kind] ?? anyToken
  const rulesOf = ({ kind, name }: Operation): readonly OperationRule[] => {
    const declared = lookups[kind](name)
    return declared.length === 0 ? [undeclared(kind)] : declared
  }
  const sees: Operations['sees'] = (accessToken, operation) =>
    rulesOf(operation).every((rule) => !hides(rule) || isMet(accessToken, rule))

  const judge: Operations['judge'] = (accessToken, json, resourceMetadataUrl) => {
    const operations = operationsOf(json)
    const hidden: Operation[] = []
    // Each rule once: a batch may name one operation thousands of times.
    const asked = new Set<OperationRule>()
    for (const operation of operations) {
      const isSeen = sees(accessToken, operation)
      if (!isSeen) hidden.push(operation)
      // Hidden operations are treated like undeclared ones, because a difference would reveal them.
      const rules = isSeen ? rulesOf(operation) : [undeclared(operation.kind)].filter((rule) => !hides(rule))
      for (const rule of rules) asked.add(rule)
    }
    const requirements = [...asked].map(({ scopes }) => scopes)
    const refusal = refuseUnmetRequirements(accessToken, requirements, { hierarchy, resourceMetadataUrl, realm })
    if (refusal !== undefined) return { outcome: 'challenge', refusal }
    const [first] = hidden
    if (first === undefined) return { outcome: 'allow' }
    return { outcome: 'hide', operations: hidden, answer: answerUnknown(json, first) }
  }

  return {
    judge,
    refuse: (accessToken, json, resourceMetadataUrl) => {
      const judgement = judge(accessToken, json, resourceMetadataUrl)
      if (judgement.outcome === 'allow') return undefined
      return judgement.outcome === 'challenge' ? judgement.refusal : judgement.answer
    },
    sees,
    hidesSome,
    declares: ({ kind, name }) => Object.hasOwn(rules[membersByKind[kind]] ?? {}, name),
  }
}

/** The rules in the declaration of a resource. */
export function operationRulesOf(
  resource: Pick<ResourceDeclaration, 'scopes' | 'tools' | 'contents' | 'prompts'>,
): OperationRules {
  const byName = (declarations: readonly OperationDeclaration[] = []) =>
    Object.fromEntries(declarations.map((declaration) => [declaration.name, declaration]))
  return {
    hierarchy: scopeHierarchyOf(resource),
    tools: byName(resource.tools),
    resources: byName(resource.contents),
    prompts: byName(resource.prompts),
  }
}
