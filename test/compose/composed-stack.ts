/** `docker compose` on the project's own file, under a project name of the tests so that nobody's stack is touched. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { z } from 'zod'

const execute = promisify(execFile)
export const projectName = 'gatehouse-test'

export interface CommandResult {
  readonly exitCode: number
  readonly output: string
}

const failureSchema = z.object({ code: z.number(), stdout: z.string(), stderr: z.string() })

/** A shell without any setting of ours, as a stranger's. */
function bareEnvironment(settings: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const machine = ['PATH', 'HOME', 'DOCKER_HOST', 'DOCKER_CONFIG', 'XDG_CACHE_HOME', 'XDG_RUNTIME_DIR']
  const names = [...machine, 'NODE_IMAGE', 'POSTGRES_IMAGE', 'CADDY_IMAGE']
  const kept = names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]))
  return { ...Object.fromEntries(kept), ...settings }
}

export async function docker(
  args: readonly string[],
  settings: Readonly<Record<string, string>> = {},
): Promise<CommandResult> {
  const options = { env: bareEnvironment(settings), maxBuffer: 64 * 1024 * 1024 }
  try {
    const { stdout, stderr } = await execute('docker', [...args], options)
    return { exitCode: 0, output: stdout + stderr }
  } catch (error) {
    const { code, stdout, stderr } = failureSchema.parse(error)
    return { exitCode: code, output: stdout + stderr }
  }
}

export interface ComposedStack {
  /** Runs `docker compose`. */
  compose(...args: readonly string[]): Promise<CommandResult>
  /** Throws with the output when the command fails. */
  mustCompose(...args: readonly string[]): Promise<string>
  /** `docker compose up`, until every server is healthy. */
  up(): Promise<void>
}

/** The project's stack, of these files. No .env of the working folder is read: the tests run what a fresh clone runs. */
export function composedStack(
  files: readonly string[] = [],
  settings: Readonly<Record<string, string>> = {},
): ComposedStack {
  const named = files.flatMap((file) => ['--file', file])
  const compose: ComposedStack['compose'] = (...args) =>
    docker(['compose', '--env-file', '/dev/null', '--project-name', projectName, ...named, ...args], settings)
  return {
    compose,
    mustCompose: async (...args) => {
      const { exitCode, output } = await compose(...args)
      if (exitCode !== 0)
        throw new Error(`docker compose ${args.join(' ')} ended with ${exitCode}:\n${output.slice(-4_000)}`)
      return output
    },
    up: async () => {
      const { exitCode, output } = await compose('up', '--detach', '--wait', '--wait-timeout', '180')
      if (exitCode === 0) return
      const { output: logs } = await compose('logs', '--no-color', '--tail', '40')
      throw new Error(`docker compose up ended with ${exitCode}:\n${output.slice(-2_000)}\n${logs.slice(-4_000)}`)
    },
  }
}

export const { compose, mustCompose, up } = composedStack()

export function volumeName(name: string): string {
  return `${projectName}_${name}`
}

export function containerName(service: string, replica = 1): string {
  return `${projectName}-${service}-${replica}`
}

/** Runs a line of JavaScript in a server's container and returns what it prints. */
export async function evaluateIn(service: string, script: string): Promise<string> {
  return (await mustCompose('exec', '-T', service, 'node', '--input-type=module', '--eval', script)).trim()
}
