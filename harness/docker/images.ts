/**
 * The lab's images. Each is tagged with a hash of everything that goes into it, so a
 * warm run builds nothing and a changed source never runs in an old image. A build
 * needs the base image, the Debian mirror and this folder, nothing else.
 */
import { spawn } from 'node:child_process'
import { createHash, type Hash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import type Docker from 'dockerode'
import { UnableError } from '../errors.ts'
import { proxyEnvironment } from './apt.ts'
import { followProgress, hasImage } from './engine.ts'
import { imageLabel } from './labels.ts'
import { nodeForImages } from './node-binary.ts'

export const projectRoot = fileURLToPath(new URL('../..', import.meta.url))

/** What an image holds beside the files of its own folder under docker/. */
type ImageContent =
  /** Debian packages only. */
  | { readonly kind: 'packages' }
  /** The Node binary and the production dependencies. */
  | { readonly kind: 'node' }
  /** Our sources in these folders, on top of the image `node`. */
  | { readonly kind: 'sources'; readonly folders: readonly string[] }

const imageContents = {
  asterisk: { kind: 'packages' },
  softphone: { kind: 'packages' },
  sipp: { kind: 'packages' },
  tools: { kind: 'packages' },
  node: { kind: 'node' },
  edge: { kind: 'sources', folders: ['protocol', 'endpoint', 'edge'] },
  'generic-pbx': { kind: 'sources', folders: ['protocol', 'endpoint', 'matrix', 'scenarios', 'reports', 'harness'] },
} satisfies Record<string, ImageContent>

export type ImageName = keyof typeof imageContents

/** Files of one build: a folder and paths inside it. */
interface ContextPart {
  readonly folder: string
  readonly paths: readonly string[]
}

/** Images under way: several that stand on the same one are often asked for at once. */
const underWay = new Map<ImageName, Promise<string>>()

/** Makes an image exist; gives its tagged name. Throws an UnableError with the end of the build's log. */
export function provideImage(engine: Docker, name: ImageName, say: (line: string) => void): Promise<string> {
  let image = underWay.get(name)
  if (image === undefined) {
    image = findOrBuild(engine, name, say).finally(() => underWay.delete(name))
    underWay.set(name, image)
  }
  return image
}

async function findOrBuild(engine: Docker, name: ImageName, say: (line: string) => void): Promise<string> {
  const onNode = imageContents[name].kind === 'sources'
  const nodeImage = onNode ? await provideImage(engine, 'node', say) : undefined
  const { parts, hash } = await buildContext(name, nodeImage)
  const tag = `trunkproof/${name}:${hash}`
  if (await hasImage(engine, tag)) return tag
  say(`building ${tag}`)
  const log: string[] = []
  const buildargs = { ...(await proxyEnvironment()), ...(nodeImage === undefined ? {} : { NODE_IMAGE: nodeImage }) }
  try {
    const progress = await engine.buildImage(packed(parts), {
      t: tag,
      networkmode: 'host',
      labels: { [imageLabel]: name },
      buildargs,
      forcerm: true,
    })
    await followProgress(engine, progress, (line) => log.push(line))
  } catch (error) {
    throw new UnableError(
      `building ${tag} failed: ${(error as Error).message}`,
      `the end of its log:\n  ${log.slice(-12).join('\n  ')}`,
      error,
    )
  }
  await engine.getImage(tag).tag({ repo: `trunkproof/${name}`, tag: 'latest' })
  await removeOlder(engine, name, tag)
  return tag
}

async function buildContext(name: ImageName, nodeImage: string | undefined): Promise<{ parts: ContextPart[]; hash: string }> {
  const own = { folder: join(projectRoot, 'docker', name), paths: filesUnder(join(projectRoot, 'docker', name), ['.']) }
  const content: ImageContent = imageContents[name]
  const hash = createHash('sha256').update(nodeImage ?? '')
  hashFiles(hash, own)
  if (content.kind === 'packages') return { parts: [own], hash: hashText(hash) }
  if (content.kind === 'sources') {
    const code = { folder: projectRoot, paths: ['package.json', ...filesUnder(projectRoot, content.folders)] }
    hashFiles(hash, code)
    return { parts: [own, code], hash: hashText(hash) }
  }
  const node = await nodeForImages()
  hash.update(`${node.version} ${process.arch}\n`).update(readFileSync(join(projectRoot, 'package-lock.json')))
  const binary = { folder: dirname(node.path), paths: [basename(node.path)] }
  return { parts: [own, binary, { folder: projectRoot, paths: productionModules() }], hash: hashText(hash) }
}

function hashText(hash: Hash): string {
  return hash.digest('hex').slice(0, 16)
}

function hashFiles(hash: Hash, part: ContextPart): void {
  for (const path of part.paths) hash.update(`${path}\n`).update(readFileSync(join(part.folder, path)))
}

/** Every file that could run: no tests, nothing hidden. Sorted, because the hash depends on the order. */
function filesUnder(root: string, folders: readonly string[]): string[] {
  const files: string[] = []
  for (const folder of folders) {
    for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
      const path = relative(root, join(entry.parentPath, entry.name))
      if (entry.isFile() && !/(^|\/)\.|\.test\.ts$/.test(path)) files.push(path)
    }
  }
  return files.sort()
}

/** Folders of the packages that package-lock.json does not mark as development only. */
function productionModules(): string[] {
  type Lock = { packages: Record<string, { dev?: boolean; devOptional?: boolean; optional?: boolean }> }
  const lock = JSON.parse(readFileSync(join(projectRoot, 'package-lock.json'), 'utf8')) as Lock
  const wanted = Object.entries(lock.packages).filter(([path, entry]) => path !== '' && !entry.dev && !entry.devOptional && !entry.optional)
  // A package inside another one's folder comes along with it.
  const paths = wanted.map(([path]) => path)
  return paths.filter((path) => !paths.some((other) => path.startsWith(`${other}/`)))
}

/** The build context as the tar stream the engine wants. To be read at once: what an exited child wrote is thrown away otherwise. */
function packed(parts: readonly ContextPart[]): NodeJS.ReadableStream {
  const args = parts.flatMap((part) => ['-C', part.folder, ...part.paths])
  const tar = spawn('tar', ['-c', '-h', '--owner=0', '--group=0', ...args], { stdio: ['ignore', 'pipe', 'ignore'] })
  tar.once('error', (error) => tar.stdout.destroy(error))
  return tar.stdout
}

/** Earlier builds of the same image, unless a container still uses one. */
async function removeOlder(engine: Docker, name: ImageName, keep: string): Promise<void> {
  const all = await engine.listImages({ filters: { label: [`${imageLabel}=${name}`] } })
  const older = all.filter((image) => !image.RepoTags?.includes(keep))
  // In use, or being removed by another run: either way not ours to force.
  await Promise.allSettled(older.map((image) => engine.getImage(image.Id).remove()))
}
