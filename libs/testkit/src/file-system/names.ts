/** Content with its attributes; several names may lead to one file. */
export interface File {
  kind: 'file';
  bytes: Uint8Array;
  durableBytes: Uint8Array;
  executable: boolean;
  durableExecutable: boolean;
  mtimeMs: number;
}

export interface Link {
  kind: 'link';
  target: string;
  mtimeMs: number;
}

export interface Directory {
  kind: 'directory';
  entries: Map<string, Node>;
  durableEntries: Map<string, Node>;
  mtimeMs: number;
}

export type Node = File | Link | Directory;

/** One name that gets another node, or none. */
export interface NameChange {
  directory: Directory;
  name: string;
  node: Node | undefined;
}

/** `same`: as on Windows and macOS, names that differ in letter case alone are one. */
export type LetterCase = 'tells_apart' | 'same';

export function newDirectory(mtimeMs: number): Directory {
  return { kind: 'directory', entries: new Map(), durableEntries: new Map(), mtimeMs };
}

/** A tree of names of which the last changes may not be on the disk yet. */
export class Names {
  readonly root: Directory;
  readonly #letterCase: LetterCase;
  /** In order; the changes of one step survive a power cut together or not at all. */
  #pending: NameChange[][] = [];

  constructor(root: Directory = newDirectory(0), letterCase: LetterCase = 'tells_apart') {
    this.root = root;
    this.#letterCase = letterCase;
  }

  find(path: string): Node | undefined {
    let node: Node | undefined = this.root;
    for (const name of path === '' ? [] : path.split('/')) {
      if (node?.kind !== 'directory') return undefined;
      node = node.entries.get(this.#nameIn(node, name));
    }
    return node;
  }

  /** @returns the change that lets `path` name `node`; undefined when its parent is no directory. */
  changeOf(path: string, node: Node | undefined): NameChange | undefined {
    const slash = path.lastIndexOf('/');
    const directory = this.find(path.slice(0, Math.max(0, slash)));
    return directory?.kind === 'directory'
      ? { directory, name: this.#nameIn(directory, path.slice(slash + 1)), node }
      : undefined;
  }

  /** A name that is there already keeps the letters that it has. */
  #nameIn({ entries }: Directory, name: string): string {
    if (this.#letterCase === 'tells_apart' || entries.has(name)) return name;
    const folded = name.toLowerCase();
    return [...entries.keys()].find((each) => each.toLowerCase() === folded) ?? name;
  }

  apply(step: NameChange[]): void {
    for (const change of step) put(change.directory.entries, change);
    this.#pending.push(step);
  }

  /** Puts the changes to one directory on the disk, and the earlier ones that they build on. */
  makeDurable(directory: Directory): void {
    const chosen = new Set<NameChange[]>();
    const needed: NameChange[] = [];
    for (const step of this.#pending.toReversed()) {
      const isWanted = step.some(
        (change) => change.directory === directory || needed.some((later) => isSameName(change, later)),
      );
      if (!isWanted) continue;
      chosen.add(step);
      needed.push(...step);
    }
    for (const step of this.#pending) {
      if (chosen.has(step)) for (const change of step) put(change.directory.durableEntries, change);
    }
    this.#pending = this.#pending.filter((step) => !chosen.has(step));
  }

  /** The tree that a power cut leaves: each pending step done or not, later ones on the same name not without it. */
  survivors(random: () => number): Directory {
    const lost: NameChange[] = [];
    const entries = new Map<Directory, Map<string, Node>>();
    const entriesOf = (directory: Directory): Map<string, Node> => {
      const found = entries.get(directory) ?? new Map(directory.durableEntries);
      entries.set(directory, found);
      return found;
    };
    for (const step of this.#pending) {
      const isLost = random() < 0.5 || step.some((change) => lost.some((earlier) => isSameName(change, earlier)));
      if (isLost) lost.push(...step);
      else for (const change of step) put(entriesOf(change.directory), change);
    }
    return copyTree(this.root, entriesOf, (file) => file);
  }
}

/** A copy of a tree that is all on the disk; files with several names stay so. */
export function copyTree(
  root: Directory,
  entriesOf: (directory: Directory) => ReadonlyMap<string, Node>,
  copyFile: (file: File) => File,
): Directory {
  const copies = new Map<File, File>();
  const copyNode = (node: Node): Node => {
    if (node.kind === 'directory') return copyDirectory(node);
    if (node.kind === 'link') return { ...node };
    const copy = copies.get(node) ?? copyFile(node);
    copies.set(node, copy);
    return copy;
  };
  const copyDirectory = (directory: Directory): Directory => {
    const copy = newDirectory(directory.mtimeMs);
    for (const [name, node] of entriesOf(directory)) copy.entries.set(name, copyNode(node));
    copy.durableEntries = new Map(copy.entries);
    return copy;
  };
  return copyDirectory(root);
}

function put(entries: Map<string, Node>, { name, node }: NameChange): void {
  if (node === undefined) entries.delete(name);
  else entries.set(name, node);
}

function isSameName(a: NameChange, b: NameChange): boolean {
  return a.directory === b.directory && a.name === b.name;
}
