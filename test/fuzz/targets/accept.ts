/** The Accept header of the MCP endpoint, and the answer in the form that it asks for. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import Koa from 'koa'
import type { HttpContext } from '../../../src/http/context.js'
import { acceptedForms, inAcceptedForm } from '../../../src/mcp-host/negotiation.js'
import { type FuzzTarget, headerTextOf, insist, insistEqual, jsonOf, linesOf } from '../target.js'

const app = new Koa()
const json = 'application/json'
const eventStream = 'text/event-stream'

function formsFor(accept: string | undefined) {
  const req = { headers: accept === undefined ? {} : { accept }, socket: {} } as unknown as IncomingMessage
  return acceptedForms(app.createContext(req, {} as ServerResponse) as unknown as HttpContext)
}

/** RFC 9110 §12.5.1 and §12.4.2, once more, for ranges that have no parameter but a weight. */
const plainRange =
  /^[ \t]*(\*\/\*|[a-z\d.+-]+\/(?:\*|[a-z\d.+-]+))(?:[ \t]*;[ \t]*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?[ \t]*$/i

/** `undefined`: the header is beyond this reading, or says two things of one range. */
function weightsIn(accept: string): ReadonlyMap<string, number> | undefined {
  const weights = new Map<string, number>()
  for (const entry of accept.split(',')) {
    const [, range = '', weight = '1'] = plainRange.exec(entry) ?? []
    if (range === '' || weights.has(range.toLowerCase())) return undefined
    weights.set(range.toLowerCase(), Number(weight))
  }
  return weights
}

function checkForms(accept: string): void {
  const forms = formsFor(accept)
  insist(forms.json || forms.eventStream, 'some form is always left', accept)
  const weights = weightsIn(accept)
  if (weights === undefined) return
  const takes = (type: string) => {
    const weight = weights.get(type) ?? weights.get(`${type.split('/')[0]}/*`) ?? weights.get('*/*') ?? 0
    return weight > 0
  }
  const named = { json: takes(json), eventStream: takes(eventStream) }
  const wanted = named.json || named.eventStream ? named : { json: true, eventStream: true }
  insistEqual(forms, wanted, 'the most specific range counts', accept)
  insistEqual(formsFor(accept.toUpperCase().replaceAll('Q=', 'q=')), forms, 'case means nothing', accept)
}

const answered = (type: string, body: string) => new Response(body, { status: 200, headers: { 'content-type': type } })
const typeOf = (response: Response) => response.headers.get('content-type')

/** An answer there and back is what it was. */
async function checkAnswer(accept: string, result: unknown): Promise<void> {
  const forms = formsFor(accept)
  const answer = { jsonrpc: '2.0', id: 1, result }
  const progress = { jsonrpc: '2.0', method: 'notifications/progress', params: { message: result } }
  const event = (message: unknown) => `event: message\ndata: ${JSON.stringify(message)}\n\n`
  const bodies = [
    [json, JSON.stringify(answer)],
    [eventStream, `${event(progress)}: a comment\n\n${event(answer)}`],
    [eventStream, `${event(progress)}${event(answer)}`.replaceAll('\n', '\r\n')],
  ] as const
  for (const [type, body] of bodies) {
    const given = await inAcceptedForm(answered(type, body), forms, false)
    const form = typeOf(given)
    insist(
      (form === json && forms.json) || (form === eventStream && forms.eventStream),
      'a form it takes',
      accept,
      form,
    )
    const read = await inAcceptedForm(given, { json: true, eventStream: false }, false)
    insistEqual(await read.json(), answer, 'the answer, whatever its form', accept)
    const batch = await inAcceptedForm(answered(eventStream, body), { json: true, eventStream: false }, true)
    insistEqual(await batch.json(), type === json ? [] : [answer], 'of a list, every answer', body)
  }
}

export const accept: FuzzTarget = {
  name: 'accept',
  surface: 'Accept at the MCP endpoint: a form that the client takes, and the same answer in each',
  maxBytes: 8_192,
  dictionary: [
    json,
    eventStream,
    '*/*',
    'application/*',
    'text/*',
    ';q=0',
    ';q=0.5',
    ';charset=utf-8',
    ';charset=latin1',
    ',',
    '"',
    '\\n\\ndata: ',
    '\u2028',
  ],
  check: async (input) => {
    const [first = '', text = ''] = linesOf(input, 2)
    const header = headerTextOf(Buffer.from(first))
    checkForms(header)
    await checkAnswer(header, jsonOf(text) ?? text)
  },
}
