// After the last test: stops the run's shared PostgreSQL cluster, if one was started, and removes the run's folder.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'

async function stopCluster({ pid, dataFolder }) {
  try {
    // SIGQUIT is PostgreSQL's immediate shutdown: nothing here needs a checkpoint.
    process.kill(pid, 'SIGQUIT')
    for (let tries = 0; tries < 100 && existsSync(join(dataFolder, 'postmaster.pid')); tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  } catch {
    // It has ended already, for example by the Ctrl-C that ends this run.
  }
  remove(dirname(dataFolder))
}

/** By `rm`: databases are thousands of files, and Node's own way takes several times as long. */
function remove(folder) {
  try {
    execFileSync('rm', ['-rf', folder], { stdio: 'ignore' })
  } catch {
    // Somebody still wrote there.
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  }
}

export default async function tearDown() {
  const folder = process.env.TEST_RUN_FOLDER
  if (folder === undefined) return
  const cluster = join(folder, 'postgres.json')
  if (existsSync(cluster)) {
    const { value } = JSON.parse(readFileSync(cluster, 'utf8'))
    if (value !== undefined) await stopCluster(value)
  }
  remove(folder)
}
