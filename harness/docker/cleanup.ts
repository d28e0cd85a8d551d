/** Removes containers and networks of a run, and those of runs whose process is gone. */
import type Docker from 'dockerode'
import { isOrphaned, ownerLabel, runLabel } from './labels.ts'

/** Removes everything that carries the run's label. Resolves when it is gone; rejects with what could not be removed. */
export async function removeRun(engine: Docker, runId: string): Promise<void> {
  const filters = { label: [`${runLabel}=${runId}`] }
  const containers = await engine.listContainers({ all: true, filters })
  await Promise.all(containers.map(({ Id }) => gone(engine.getContainer(Id).remove({ force: true, v: true }))))
  // A network can be removed only when nobody is on it.
  const networks = await engine.listNetworks({ filters })
  await Promise.all(networks.map(({ Id }) => gone(engine.getNetwork(Id).remove())))
}

/** Removes what runs left behind whose process on this machine is gone. Gives their ids. */
export async function removeLeftovers(engine: Docker): Promise<string[]> {
  const filters = { label: [runLabel] }
  const [containers, networks] = await Promise.all([engine.listContainers({ all: true, filters }), engine.listNetworks({ filters })])
  const dead = new Set<string>()
  for (const { Labels } of [...containers, ...networks]) {
    const [run, owner] = [Labels?.[runLabel], Labels?.[ownerLabel]]
    if (run && owner && isOrphaned(owner)) dead.add(run)
  }
  await Promise.all([...dead].map((runId) => removeRun(engine, runId)))
  return [...dead]
}

/** What somebody else has removed, or is removing (409), is as good as gone. */
async function gone(removal: Promise<unknown>): Promise<void> {
  try {
    await removal
  } catch (error) {
    const status = (error as { statusCode?: number }).statusCode
    if (status !== 404 && status !== 409) throw error
  }
}
