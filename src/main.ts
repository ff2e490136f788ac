#!/usr/bin/env node
/** The `gatehouse` program: hands the process's surroundings to the command line. */
import { runCommandLine } from './cli/cli.js'
import { systemClock } from './platform/clock.js'

// What the program writes holds keys and people's data: files are for their owner alone, whatever the shell's umask.
process.umask(0o077)

const { env: environment, stdin, stdout, stderr, argv } = process
const exitCode = await runCommandLine({ environment, clock: systemClock, stdin, stdout, stderr }, argv.slice(2))

// Written output first, then the end: nothing that lingers (an idle connection, a timer) keeps a finished command alive.
stdout.write('', () => stderr.write('', () => process.exit(exitCode)))
