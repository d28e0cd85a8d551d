/**
 * Makes one script of the page's modules: types stripped, imports followed, each module
 * once, in a scope of its own, after what it imports. Deliberately small: modules may import
 * named things from relative paths and export functions, constants and classes, nothing else.
 */
import { readFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'

const importStatement = /^import\s+\{([^}]*)\}\s+from\s+'(\.[^']+)';?[ \t]*$/gm
const exportedName = /^export (?:async )?(?:function|const|class) ([A-Za-z_$][\w$]*)/gm

interface Module {
  /** Name of the constant that holds its exports. */
  readonly name: string
  readonly source: string
  readonly exports: ReadonlySet<string>
}

/** The script for `entry`, ready to stand in a script element. Throws when a module uses what the bundler does not know. */
export async function bundle(entry: URL): Promise<string> {
  const modules = new Map<string, Module>()
  await add(entry, modules)
  const script = `(() => {\n'use strict'\n${[...modules.values()].map((module) => module.source).join('\n')}\n})()\n`
  if (/<\/script|<!--/i.test(script)) throw new Error('the script would end its own element')
  return script
}

async function add(url: URL, modules: Map<string, Module>): Promise<Module> {
  const known = modules.get(url.href)
  if (known) return known
  const text = tidy(stripTypes(await readFile(url, 'utf8')))
  const imports: string[] = []
  for (const [, names, path] of text.matchAll(importStatement)) {
    const wanted = names!.split(',').flatMap((name) => name.trim() || [])
    if (wanted.length === 0) continue
    const module = await add(new URL(path!, url), modules)
    for (const name of wanted) {
      if (!module.exports.has(name.split(/\s+as\s+/)[0]!)) throw new Error(`${url}: ${path} exports no ${name}`)
    }
    imports.push(`const { ${wanted.map((name) => name.replace(/\s+as\s+/, ': ')).join(', ')} } = ${module.name}`)
  }
  const exports = new Set([...text.matchAll(exportedName)].map(([, name]) => name!))
  const body = text.replace(importStatement, '').replace(/^export /gm, '')
  if (/^(?:import|default)\b/m.test(body)) throw new Error(`${url}: only named imports and exports can be bundled`)
  const name = `module${modules.size}`
  const source = `const ${name} = (() => {\n${[...imports, body.trim()].join('\n')}\nreturn { ${[...exports].join(', ')} }\n})()`
  const module = { name, source, exports }
  modules.set(url.href, module)
  return module
}

/** Node warns that the function is young; the reader of a report need not be told. */
function stripTypes(source: string): string {
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    return stripTypeScriptTypes(source)
  } finally {
    process.emitWarning = emitWarning
  }
}

/** Removes doc comments and the blanks that stripped types leave behind. */
function tidy(source: string): string {
  return source
    .replace(/^[ \t]*\/\*\*[\s\S]*?\*\/[ \t]*$/gm, '')
    .replace(/[ \t]+$/gm, '')
    .replace(/\n{2,}/g, '\n')
}
