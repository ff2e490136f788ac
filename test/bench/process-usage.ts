/** CPU time and memory of other processes, from /proc. On systems without it nothing is reported. */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'

const hasProc = existsSync('/proc/self/stat')
const msPerTick = hasProc ? 1000 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' })) : 0

/** Fields of /proc/<pid>/stat from the third on (state, parent, …); the second may hold spaces. */
function stat(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined
  }
}

/** CPU time in milliseconds of one process, all its threads included; `undefined` where that cannot be found out. */
export function processCpuMs(pid: number): number | undefined {
  const fields = hasProc ? stat(pid) : undefined
  return fields === undefined ? undefined : (Number(fields[11]) + Number(fields[12])) * msPerTick
}

/** CPU time of a process and of all its children, also those that have ended: a PostgreSQL cluster. */
export function familyCpuMs(parent: number): number | undefined {
  const own = hasProc ? stat(parent) : undefined
  if (own === undefined) return undefined
  const ticks = [own[11], own[12], own[13], own[14]].reduce((sum, value) => sum + Number(value), 0)
  const children = readdirSync('/proc').flatMap((entry) => {
    const fields = /^\d+$/.test(entry) ? stat(Number(entry)) : undefined
    return fields !== undefined && Number(fields[1]) === parent ? [Number(fields[11]) + Number(fields[12])] : []
  })
  return children.reduce((sum, value) => sum + value, ticks) * msPerTick
}

/** Memory held in RAM, in MiB. */
export function residentMiB(pid: number): number | undefined {
  if (!hasProc) return undefined
  const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return kilobytes === undefined ? undefined : Number(kilobytes) / 1024
}
