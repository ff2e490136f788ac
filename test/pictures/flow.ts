/** The whole flow, recorded from a running stack and drawn: from a call without a token to one that needed a further scope. */
import type { Person } from '../support/authorization.js'
import { callTool, type McpAnswer } from '../support/mcp-request.js'
import { completeCode, discover, redeem, register } from '../support/oauth-client.js'
import type { Stack } from '../support/stack.js'
import { svg, textAt } from './svg.js'

const parties = ['MCP client', 'Person’s browser', 'Authorization server', 'MCP server'] as const
type Party = (typeof parties)[number]

export interface Step {
  readonly from: Party
  readonly to: Party
  readonly text: string
  /** An answer is dashed. */
  readonly isAnswer?: true
}

const [client, person, issuer, server] = parties

const call = (tool: string, withToken: boolean): Step => ({
  from: client,
  to: server,
  text: `POST /mcp ${tool}${withToken ? ', with the token' : ', without a token'}`,
})

/** What the server really said. */
function answered({ status, challenge }: McpAnswer): Step {
  const { error, scope } = challenge
  const said = status === 200 ? 'the tool’s result' : [error, scope && `scope="${scope}"`].filter(Boolean).join(', ')
  return { from: server, to: client, text: `${status} ${said}`, isAnswer: true }
}

function mustBe(answer: McpAnswer, status: number): McpAnswer {
  if (answer.status !== status) throw new Error(`the flow met ${answer.status} in place of ${status}`)
  return answer
}

/** Goes the way of a client and of the person who uses it; throws an Error if the stack answers otherwise than the flow needs. */
export async function recordFlow(stack: Stack): Promise<readonly Step[]> {
  const steps: Step[] = []
  const path = (url: string | undefined) => new URL(url ?? '').pathname
  steps.push(call('list_notes', false), answered(mustBe(await callTool(stack.resource, undefined, 'list_notes'), 401)))
  const { resourceMetadata, serverMetadata } = await discover(stack.resource)
  const [known] = resourceMetadata.authorization_servers
  steps.push(
    { from: client, to: server, text: 'GET /.well-known/oauth-protected-resource/mcp' },
    { from: server, to: client, text: known === stack.issuer ? 'the issuer of its tokens' : '', isAnswer: true },
    { from: client, to: issuer, text: 'GET /.well-known/oauth-authorization-server' },
    { from: issuer, to: client, text: 'endpoints, PKCE, ways to register', isAnswer: true },
  )
  const redirectUri = 'http://127.0.0.1:33418/callback'
  const registered = await register(serverMetadata, { redirect_uris: [redirectUri] })
  steps.push(
    {
      from: client,
      to: issuer,
      text: `POST ${path(serverMetadata.registration_endpoint)}, unless its client_id is a URL`,
    },
    { from: issuer, to: client, text: '201 client_id', isAnswer: true },
  )
  const grant = { server: serverMetadata, clientId: registered.client_id, redirectUri, resource: stack.resource }
  const browser = stack.newBrowser()
  /** Asks the person, then exchanges the code. */
  const allowed = async (scope: string, decides: Person, doing: string): Promise<string> => {
    const { code, codeVerifier } = await completeCode(grant, browser, decides, { scope })
    const { tokens } = await redeem(grant, code, codeVerifier)
    steps.push(
      { from: client, to: person, text: `opens ${path(serverMetadata.authorization_endpoint)} for ${scope}` },
      { from: person, to: issuer, text: doing },
      { from: issuer, to: client, text: 'authorization code, state, iss (through the browser)', isAnswer: true },
      {
        from: client,
        to: issuer,
        text: `POST ${path(serverMetadata.token_endpoint)} with code, PKCE verifier, resource`,
      },
      { from: issuer, to: client, text: `200 access token for scope="${tokens?.scope}"`, isAnswer: true },
    )
    return tokens?.access_token ?? ''
  }
  const reading = await allowed('notes:read', { account: stack.account }, 'signs in, ticks notes:read, allows')
  steps.push(call('list_notes', true), answered(mustBe(await callTool(stack.resource, reading, 'list_notes'), 200)))
  const note = { title: 'Groceries', body: 'Milk' }
  const refused = mustBe(await callTool(stack.resource, reading, 'create_note', note), 403)
  steps.push(call('create_note', true), answered(refused))
  const more = 'notes:read notes:write'
  const writing = await allowed(more, { account: stack.account }, 'is asked for what is new, allows notes:write')
  const written = mustBe(await callTool(stack.resource, writing, 'create_note', note), 200)
  steps.push(call('create_note', true), answered(written))
  return steps
}

const [left, apart, top, rowHeight] = [90, 285, 64, 34]

function arrow({ from, to, text, isAnswer }: Step, y: number): string {
  const [begin, end] = [from, to].map((party) => left + parties.indexOf(party) * apart) as [number, number]
  const forward = end > begin ? 1 : -1
  const head = `<path class="head" d="M${end} ${y}l${-9 * forward} -5v10z"/>`
  const line = `<path class="arrow${isAnswer ? ' back' : ''}" d="M${begin} ${y}H${end - 8 * forward}"/>`
  return `${line}${head}${textAt((begin + end) / 2, y - 7, text, 'middle small label')}`
}

/** A sequence diagram. */
export function flowPicture(steps: readonly Step[]): string {
  const bottom = top + steps.length * rowHeight
  const columns = parties.map((party, index) => {
    const x = left + index * apart
    const box = `<rect class="box" x="${x - 80}" y="14" width="160" height="30" rx="6"/>`
    return `<path class="line" d="M${x} 44V${bottom + 10}"/>${box}${textAt(x, 34, party, 'middle strong')}`
  })
  return svg({
    width: 2 * left + (parties.length - 1) * apart,
    height: bottom + 24,
    title: 'From a call without a token to the tool’s result, and the step up to a further scope',
    description: steps.map(({ from, to, text }) => `${from} to ${to}: ${text}.`).join(' '),
    body: [...columns, ...steps.map((step, index) => arrow(step, top + (index + 0.7) * rowHeight))],
  })
}
