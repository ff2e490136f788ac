/** Formats a diagnosis for a terminal, and as JSON. Text from servers is made safe to display, because they may be hostile. */
import { displayText } from '../base/display-text.js'
import type { Diagnosis } from './doctor.js'
import { type CheckResult, countOutcomes, type Findings, type Outcome, type Problem } from './finding.js'

/** Maximum length of text from a server. */
const maxSeen = 400
const maxWidth = 110

const marks: Readonly<Record<Outcome, string>> = {
  passed: 'passed',
  warning: 'warning',
  failed: 'FAILED',
  skipped: 'skipped',
}

/** Fills lines up to a width; a word that is longer stands alone. */
function wrap(text: string, width: number): string[] {
  const lines = ['']
  for (const word of text.split(' ')) {
    const line = lines[lines.length - 1] ?? ''
    if (line !== '' && line.length + 1 + word.length > width) lines.push(word)
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`
  }
  return lines
}

/** `label` at the left, the text beside it, further lines under the text. */
export function labelled(indent: number, label: string, text: string): string[] {
  const head = `${' '.repeat(indent)}${label.padEnd(9)}`
  return wrap(text, maxWidth - head.length).map((line, index) => (index === 0 ? head : ' '.repeat(head.length)) + line)
}

function problemLines({ code, severity, title, seen, clients, fix }: Problem): string[] {
  return [
    ...labelled(4, severity === 'failure' ? 'problem:' : 'warning:', title),
    ...labelled(4, 'seen:', displayText(seen, maxSeen)),
    ...labelled(4, 'clients:', clients),
    ...labelled(4, 'fix:', fix),
    ...labelled(4, 'manual:', `docs/reference/errors.md#${code}`),
  ]
}

function checkLines({ title, outcome, problems }: CheckResult): string[] {
  return [...labelled(2, marks[outcome], title), ...problems.flatMap(problemLines)]
}

/** Lines to print, after a headline; checks with nothing to check are omitted. */
export function findingsLines(headline: string, findings: Findings): string[] {
  const { passed, warning, failed, skipped } = countOutcomes(findings)
  const groups = findings.groups.flatMap(({ name, checks }) => {
    const shown = checks.filter(({ outcome }) => outcome !== 'skipped')
    return shown.length === 0 ? [] : ['', name, ...shown.flatMap(checkLines)]
  })
  const sum = `${passed} passed, ${warning} with warnings, ${failed} failed, ${skipped} had nothing to judge.`
  return [displayText(headline, maxSeen), ...groups, '', sum]
}

export function reportLines(diagnosis: Diagnosis): string[] {
  return findingsLines(`Examined ${diagnosis.url} with ${diagnosis.requests} requests.`, diagnosis)
}

/** The format of `--json`; `about`: the examined target. While `version` is 1, members are added, never renamed or removed. */
export function findingsJson<About extends object>(about: About, findings: Findings): object {
  const { passed, warning, failed, skipped } = countOutcomes(findings)
  return {
    version: 1,
    ...about,
    summary: { passed, warnings: warning, failed, skipped },
    groups: findings.groups.map(({ name, checks }) => ({
      name,
      checks: checks.map(({ id, title, outcome, problems }) => ({
        id,
        title,
        outcome,
        problems: problems.map(({ code, severity, title, seen, clients, fix }) => ({
          code,
          severity,
          title,
          seen: displayText(seen, maxSeen),
          clients,
          fix,
        })),
      })),
    })),
  }
}

export function reportJson(diagnosis: Diagnosis): object {
  const { url, at, requests } = diagnosis
  return findingsJson({ url, at: at.toISOString(), requests }, diagnosis)
}
