/** How a moment is written on the command line. */
import type { Clock } from '../base/clock.js'
import { UsageError } from './command.js'

const unitSeconds: Readonly<Record<string, number>> = { m: 60, h: 3_600, d: 86_400 }

/** A time ago (`90m`, `24h`, `7d`) or a moment (`2026-11-21`, `2026-11-21T08:00:00Z`); days are UTC. */
export function readMoment(option: string, text: string, clock: Clock): Date {
  const [, amount, unit = ''] = /^(\d{1,6})([mhd])$/.exec(text) ?? []
  if (amount !== undefined) return new Date(clock.now().getTime() - Number(amount) * (unitSeconds[unit] ?? 0) * 1000)
  const moment = new Date(text)
  if (/^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(moment.getTime())) return moment
  throw new UsageError(`${option} takes a time ago (90m, 24h, 7d) or a date (2026-11-21, 2026-11-21T08:00:00Z)`)
}
