/** Elements without markup strings: text is only ever set as text, so nothing a peer sent can become an element. */

export type Child = Node | string | number | false | null | undefined | readonly Child[]
type Attributes = Readonly<Record<string, string | number | boolean | undefined | ((event: never) => void)>>

/** An HTML element. `on…` attributes become listeners; false and undefined leave an attribute out. */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes,
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  return fill(document.createElement(tag), attributes, children)
}

/** The same for SVG. */
export function svg<Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  attributes: Attributes,
  ...children: Child[]
): SVGElementTagNameMap[Tag] {
  return fill(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children)
}

function fill<T extends Element>(element: T, attributes: Attributes, children: readonly Child[]): T {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue
    if (typeof value === 'function') element.addEventListener(name.slice(2), value as EventListener)
    else element.setAttribute(name, value === true ? '' : String(value))
  }
  append(element, children)
  return element
}

function append(parent: Node, children: readonly Child[]): void {
  for (const child of children) {
    if (child === undefined || child === null || child === false) continue
    if (Array.isArray(child)) append(parent, child as readonly Child[])
    else parent.appendChild(child instanceof Node ? child : document.createTextNode(String(child)))
  }
}

/** Arrow keys move the focus between links that stand in rows; only one of them is a tab stop. */
export function roving(rows: readonly (readonly HTMLElement[])[]): void {
  const filled = rows.filter((row) => row.length > 0)
  for (const [y, row] of filled.entries()) {
    for (const [x, item] of row.entries()) {
      item.tabIndex = x === 0 && y === 0 ? 0 : -1
      item.addEventListener('keydown', (event) => {
        const target = neighbour(filled, x, y, event.key)
        if (!target) return
        event.preventDefault()
        item.tabIndex = -1
        target.tabIndex = 0
        target.focus()
      })
    }
  }
}

function neighbour(rows: readonly (readonly HTMLElement[])[], x: number, y: number, key: string): HTMLElement | undefined {
  if (key === 'ArrowLeft') return rows[y]?.[x - 1]
  if (key === 'ArrowRight') return rows[y]?.[x + 1]
  if (key === 'Home') return rows[y]?.[0]
  if (key === 'End') return rows[y]?.at(-1)
  const row = key === 'ArrowUp' ? rows[y - 1] : key === 'ArrowDown' ? rows[y + 1] : undefined
  return row?.[Math.min(x, row.length - 1)]
}

/** A button that puts text on the clipboard and says so. */
export function copyButton(text: string, label = 'Copy'): HTMLButtonElement {
  const button = h('button', { type: 'button', class: 'copy', onclick: () => void copy() }, label)
  async function copy(): Promise<void> {
    button.textContent = (await toClipboard(text)) ? 'Copied' : 'Press Ctrl+C'
    setTimeout(() => {
      button.textContent = label
    }, 1500)
  }
  return button
}

/** Some browsers keep the clipboard from pages opened from disk; the old way works there. */
async function toClipboard(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    const area = h('textarea', { class: 'off-screen', readonly: true }, text)
    document.body.append(area)
    area.select()
    const done = document.execCommand('copy')
    area.remove()
    return done
  }
}
