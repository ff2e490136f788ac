#!/usr/bin/env node
/** The `gatehouse` program: hands the process's surroundings to the command line. */
import { relative } from 'node:path'
import { systemClock } from './base/clock.js'
import { silenceRuntimeWarning } from './cli/engine-warning.js'

// What the program writes holds keys and people's data: files are for their owner alone, whatever the shell's umask.
process.umask(0o077)
silenceRuntimeWarning(console)
// Loaded after that: some commands bring the engine along.
const { runCommandLine } = await import('./cli/cli.js')

const { env: environment, stdin, stdout, stderr, argv, versions } = process
const script = relative(process.cwd(), argv[1] ?? '')
const terminal = {
  environment,
  // Installed, it is on the path under its own name; from a clone, it is a file below the current folder.
  program: script.startsWith('dist') ? `node ${script}` : 'gatehouse',
  nodeMajor: Number.parseInt(versions.node, 10),
  ...{ clock: systemClock, stdin, stdout, stderr },
}
const exitCode = await runCommandLine(terminal, argv.slice(2))

// Written output first, then the end: nothing that lingers (an idle connection, a timer) keeps a finished command alive.
stdout.write('', () => stderr.write('', () => process.exit(exitCode)))
