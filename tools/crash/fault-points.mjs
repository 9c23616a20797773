// Preloaded into a launcher by the crash harness alone (`node --import fault-points.mjs?PLAN launcher`): every change that the
// program makes below one directory goes through a fault point first, whoever makes it and in whatever thread. The program
// itself has none, so nothing that a player can set reaches them.
import fs from 'node:fs';
import promises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import { isMainThread } from 'node:worker_threads';

/**
 * @type {{ root: string, record?: string, fault?: {
 *   thread: 'main' | 'worker', step?: string, occurrence: number,
 *   kind: 'kill_before' | 'kill_after' | 'kill_within' | 'refuse' | 'refuse_once', errno?: string } }}
 * Without a step the occurrence counts every change. `refuse` lasts: the disk that is full stays full.
 */
const plan = JSON.parse(decodeURIComponent(new URL(import.meta.url).search.slice(1)));
const thread = isMainThread ? 'main' : 'worker';
const original = {
  appendFileSync: fs.appendFileSync,
  openSync: fs.openSync,
  readFileSync: fs.readFileSync,
  readlinkSync: fs.readlinkSync,
  writeFileSync: fs.writeFileSync,
  writeSync: fs.writeSync,
};
const GROWING = ['write', 'create', 'copy', 'link', 'make directory'];

const seen = new Map();
let seenInAll = 0;
let isRefusing = false;

/** What part of the install a path is in; undefined outside. */
function areaOf(path) {
  const inside = relative(plan.root, resolve(String(path)));
  if (inside.startsWith('..')) return undefined;
  const [first, second, third] = inside.split('/');
  if (first !== '.swarmpatch') return 'game files';
  if (second === undefined) return 'state directory';
  const name = second.replace(/\.tmp$/, '').replace(/^lock\..*/, 'lock');
  return name === 'staging' && third !== undefined ? `staging/${third}` : name;
}

function pathOf(descriptor) {
  try {
    return original.readlinkSync(`/proc/self/fd/${descriptor}`);
  } catch {
    return '/';
  }
}

/** Counts a change that is about to be made. @returns What goes wrong with it, if anything. */
function arrive(verb, path) {
  const area = areaOf(path);
  if (area === undefined) return undefined;
  const step = `${verb} ${area}`;
  if (plan.record !== undefined) original.appendFileSync(plan.record, `${thread}\t${step}\n`);
  const { fault } = plan;
  if (fault === undefined || fault.thread !== thread) return undefined;
  seen.set(step, (seen.get(step) ?? 0) + 1);
  seenInAll += 1;
  if (isRefusing) return GROWING.includes(verb) ? 'refuse' : undefined;
  const isHere =
    fault.step === undefined
      ? seenInAll === fault.occurrence
      : fault.step === step && seen.get(step) === fault.occurrence;
  if (!isHere) return undefined;
  isRefusing = fault.kind === 'refuse';
  return fault.kind;
}

function kill() {
  process.kill(process.pid, 'SIGKILL');
  // The signal arrives before the next instruction of this thread that matters.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

/** @returns The error that the change fails with, if it fails. */
function strike(kind, { verb, path, half }) {
  if (kind === 'kill_before') kill();
  if (kind === 'kill_after') return undefined;
  if (kind !== 'refuse_once') half?.();
  if (kind === 'kill_within') kill();
  const code = plan.fault.errno;
  return Object.assign(new Error(`${code}: made by the crash harness, ${verb} '${path}'`), {
    code,
    syscall: verb,
    path,
  });
}

const forms = {
  promise: (run, change) =>
    async function (...args) {
      const { verb, path, half } = change.call(this, ...args) ?? {};
      const kind = verb && arrive(verb, path);
      const error = kind && strike(kind, { verb, path, half });
      if (error) throw error;
      const result = await run.apply(this, args);
      if (kind === 'kill_after') kill();
      return result;
    },
  sync: (run, change) =>
    function (...args) {
      const { verb, path, half } = change(...args) ?? {};
      const kind = verb && arrive(verb, path);
      const error = kind && strike(kind, { verb, path, half });
      if (error) throw error;
      const result = run(...args);
      if (kind === 'kill_after') kill();
      return result;
    },
};

function wrap(form, owner, name, change) {
  owner[name] = forms[form](owner[name], change);
}

/** A function that ends with a callback, and what `promisify` makes of it. */
function wrapCallback(name, change) {
  const run = promisify(fs[name]);
  const wrapped = forms.promise(run, change);
  const called = (...args) => {
    const callback = args.pop();
    wrapped(...args).then(
      (result) => callback(null, result),
      (error) => callback(error),
    );
  };
  fs[name] = Object.assign(called, { [promisify.custom]: wrapped });
}

const halfOf = (data) => Buffer.from(data).subarray(0, Math.floor(data.length / 2));
const isCreating = (flags) =>
  typeof flags === 'number' ? (flags & fs.constants.O_CREAT) !== 0 : /[wa]/.test(flags ?? 'r');
const opening = (path, flags) => (isCreating(flags) ? { verb: 'create', path } : undefined);
const writing = (descriptor, buffer, offset = 0, length = buffer.length - offset, position = null) => ({
  verb: 'write',
  path: pathOf(descriptor),
  half: () => original.writeSync(descriptor, buffer, offset, Math.floor(length / 2), position),
});

wrap('promise', promises, 'writeFile', (path, data) => ({
  verb: 'write',
  path,
  half: () => original.writeFileSync(path, halfOf(data)),
}));
wrap('promise', promises, 'copyFile', (from, path) => ({
  verb: 'copy',
  path,
  half: () => original.writeFileSync(path, halfOf(original.readFileSync(from))),
}));
wrap('promise', promises, 'rename', (_, path) => ({ verb: 'rename into', path }));
wrap('promise', promises, 'link', (_, path) => ({ verb: 'link', path }));
wrap('promise', promises, 'symlink', (_, path) => ({ verb: 'link', path }));
wrap('promise', promises, 'mkdir', (path) => ({ verb: 'make directory', path }));
wrap('promise', promises, 'unlink', (path) => ({ verb: 'remove', path }));
wrap('promise', promises, 'rm', (path) => ({ verb: 'remove', path }));
wrap('promise', promises, 'rmdir', (path) => ({ verb: 'remove directory', path }));
wrap('promise', promises, 'chmod', (path) => ({ verb: 'change mode of', path }));
wrap('promise', promises, 'utimes', (path) => ({ verb: 'change time of', path }));
wrap('promise', promises, 'truncate', (path) => ({ verb: 'set length of', path }));

const handle = await promises.open(new URL(import.meta.url), 'r');
const handles = Object.getPrototypeOf(handle);
await handle.close();
wrap('promise', promises, 'open', opening);
wrap('promise', handles, 'write', function (buffer, ...place) {
  return typeof place[0] === 'object' ? undefined : writing(this.fd, buffer, ...place);
});
wrap('promise', handles, 'truncate', function () {
  return { verb: 'set length of', path: pathOf(this.fd) };
});
wrap('promise', handles, 'sync', function () {
  return { verb: 'sync', path: pathOf(this.fd) };
});
wrap('promise', handles, 'datasync', function () {
  return { verb: 'sync', path: pathOf(this.fd) };
});
wrap('promise', handles, 'chmod', function () {
  return { verb: 'change mode of', path: pathOf(this.fd) };
});

wrapCallback('open', opening);
wrapCallback('fsync', (descriptor) => ({ verb: 'sync', path: pathOf(descriptor) }));
wrapCallback('writev', (descriptor, [first], position) => writing(descriptor, first, 0, first.length, position));

wrap('sync', fs, 'openSync', opening);
wrap('sync', fs, 'ftruncateSync', (descriptor) => ({ verb: 'set length of', path: pathOf(descriptor) }));
wrap('sync', fs, 'writeSync', writing);
syncBuiltinESMExports();
