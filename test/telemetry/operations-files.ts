/** Reads docs/operations: the alert rules and the dashboard, and what PromQL in them names. */
import { readFileSync } from 'node:fs'
import { z } from 'zod'

function read(name: string): string {
  return readFileSync(new URL(`../../docs/operations/${name}`, import.meta.url), 'utf8')
}

export interface AlertRule {
  readonly alert: string
  readonly expr: string
  readonly severity: string
  readonly annotations: readonly string[]
}

/** A reader of the one shape our rules have, strict: a line of any other shape is an error. `promtool check rules` reads it as well. */
export function alertRules(): readonly AlertRule[] {
  const [head = '', ...blocks] = read('alerts.yml').split(/^ {6}- alert: /m)
  if (!/^groups:\n {2}- name: gatehouse\n {4}rules:\n$/m.test(head.replace(/^#.*\n/gm, ''))) throw new Error('no group')
  const rule =
    /^(\w+)\n {8}expr: (?:\|\n((?: {10}.+\n)+)|(.+)\n)(?: {8}for: \d+[mh]\n)? {8}labels: \{ severity: (\w+) \}\n {8}annotations:\n {10}summary: "(.+)"\n {10}description: "(.+)"\n\s*$/
  return blocks.map((block) => {
    const [, alert = '', long, short, severity = '', summary = '', description = ''] = rule.exec(block) ?? []
    if (alert === '') throw new Error(`not a rule: ${block}`)
    return { alert, expr: (long ?? short ?? '').trim(), severity, annotations: [summary, description] }
  })
}

const panelSchema = z.looseObject({
  title: z.string(),
  type: z.string(),
  gridPos: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
  targets: z.array(z.looseObject({ expr: z.string(), legendFormat: z.string() })).optional(),
})
const dashboardSchema = z.looseObject({ uid: z.string(), panels: z.array(panelSchema) })

export function dashboard(): z.infer<typeof dashboardSchema> {
  return dashboardSchema.parse(JSON.parse(read('grafana-dashboard.json')))
}

const words = new Set(
  'sum by max min rate increase time topk histogram_quantile min_over_time le on ignoring group_left'.split(' '),
)

export interface Mentions {
  readonly metrics: readonly string[]
  /** Of selectors and of groupings. */
  readonly labels: readonly string[]
}

/** What an expression names, and nothing it does not. */
export function mentionsOf(expr: string): Mentions {
  const bare = expr.replaceAll(/"[^"]*"/g, '""').replaceAll(/\[[^\]]*\]/g, '')
  const selected = [...bare.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*""/g)].map(([, label = '']) => label)
  const grouped = [...bare.matchAll(/\bby\s*\(([^)]*)\)/g)].flatMap(([, names = '']) => names.split(/,\s*/))
  const metrics = [...bare.replaceAll(/\{[^}]*\}|\bby\s*\([^)]*\)/g, '').matchAll(/[a-zA-Z_]\w*/g)].map(
    ([name]) => name,
  )
  return {
    metrics: metrics.filter((name) => !words.has(name)),
    labels: [...selected, ...grouped].map((label) => label.trim()).filter((label) => label !== ''),
  }
}
