/**
 * Faults on purpose: loaded with `node --import`, it stands between the program
 * and node:fs, counts the calls that touch given folders, and at the n-th one
 * ends the process or fails the call. Plain JavaScript, since it is loaded
 * before anything that could compile it.
 *
 * - `kill`: SIGKILL before the call.
 * - `torn`: half of the bytes of a write, then SIGKILL; before any other call.
 * - `power`: as kill, and whatever was written and not synced is lost: such
 *   files are emptied, as a file system that allocates late leaves them.
 * - `vanish`: the file system that is mounted at `mount` is taken away before the call, which then goes on.
 * - an errno: the call fails with it and does nothing.
 *
 * Or a file goes bad: every call that opens or reads it fails, until another
 * file has its name; as a disk does, or a lost permission.
 *
 * Kills count calls that change something; errnos those that can fail with them.
 * Worker threads only read, and are left alone; so are programs that are run.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import promises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { constants } from 'node:os';
import { resolve } from 'node:path';
import { isMainThread } from 'node:worker_threads';

/** What each kind of call can fail with. EACCES and EMFILE come with a path, ENOSPC where something is to be stored. */
const ERRNOS = {
  look: ['EIO', 'EACCES'],
  read: ['EIO'],
  open: ['EIO', 'EACCES', 'EMFILE'],
  create: ['EIO', 'EACCES', 'EMFILE', 'ENOSPC'],
  name: ['EIO', 'EACCES', 'ENOSPC'],
  write: ['EIO', 'ENOSPC'],
  change: ['EIO', 'EACCES'],
};
/** Kinds that change what is on disk. */
const CHANGES = new Set(['create', 'name', 'write', 'change']);
/** Kinds that want the bytes. */
const READS = new Set(['open', 'read']);
/** Kinds that are counted by what changes something. */
const KILLS = new Set(['kill', 'torn', 'power', 'vanish']);
const WORDS = {
  EIO: 'i/o error',
  EACCES: 'permission denied',
  EMFILE: 'too many open files',
  ENOSPC: 'no space left on device',
};

/** Path -> kind, of calls that take a path first. */
const BY_PATH = {
  access: 'look',
  stat: 'look',
  lstat: 'look',
  statfs: 'look',
  realpath: 'look',
  readdir: 'open',
  readFile: 'open',
  mkdir: 'name',
  mkdtemp: 'name',
  rename: 'name',
  symlink: 'name',
  link: 'name',
  copyFile: 'create',
  writeFile: 'create',
  appendFile: 'create',
  chmod: 'change',
  rm: 'change',
  unlink: 'change',
  rmdir: 'change',
  truncate: 'change',
  utimes: 'change',
};
const BY_HANDLE = {
  read: 'read',
  write: 'write',
  writev: 'write',
  writeFile: 'write',
  appendFile: 'write',
  sync: 'write',
  datasync: 'write',
  chmod: 'change',
  truncate: 'change',
};

/** @type {{ roots: string[], at: number, fault: string, badFile?: string } | undefined} */
let armed;
/** What the bad file was when it went bad. @type {number | undefined} */
let badInode;
let seen = 0;
/** @type {string | undefined} */
let fired;
/** Written and not synced yet. @type {Set<string>} */
const dirty = new Set();
const original = { ...fs };

const concerns = (path) => armed !== undefined && armed.roots.some((root) => path.startsWith(root));

function failure(errno, syscall, path) {
  const where = path === undefined ? '' : ` '${path}'`;
  return Object.assign(new Error(`${errno}: ${WORDS[errno]}, ${syscall}${where}`), {
    errno: -constants.errno[errno],
    code: errno,
    syscall,
    ...(path === undefined ? {} : { path }),
  });
}

/**
 * Counts a call; ends the process or returns the error, when it is the one.
 *
 * @param hasPath whether the system's error would name the path: one of a handle does not
 * @param tear writes half
 */
function passes(kind, name, path, { hasPath = true, tear = () => {} } = {}) {
  if (armed?.badFile !== undefined)
    return isBad(path) && READS.has(kind) && ERRNOS[kind].includes(armed.fault)
      ? failure(armed.fault, name, hasPath ? path : undefined)
      : undefined;
  if (fired !== undefined || !concerns(path)) return undefined;
  const isKill = KILLS.has(armed.fault);
  if (isKill ? !CHANGES.has(kind) : !ERRNOS[kind].includes(armed.fault)) return undefined;
  seen += 1;
  if (seen !== armed.at) return undefined;
  fired = `${name} ${path}`;
  if (!isKill) return failure(armed.fault, name, hasPath ? path : undefined);
  if (armed.fault === 'vanish') {
    execFileSync('umount', ['--lazy', armed.mount]);
    return undefined;
  }
  if (armed.fault === 'torn') tear();
  if (armed.fault === 'power') loseUnsynced();
  process.kill(process.pid, 'SIGKILL');
  return undefined;
}

const isBad = (path) => path === armed.badFile && original.existsSync(path) && original.statSync(path).ino === badInode;

function loseUnsynced() {
  for (const path of dirty) if (original.existsSync(path)) original.truncateSync(path, 0);
}

/** A file, or a folder with all in it, has another name now. */
function moved(from, to) {
  for (const path of new Set(dirty)) {
    if (path !== from && !path.startsWith(`${from}/`)) continue;
    dirty.delete(path);
    dirty.add(`${to}${path.slice(from.length)}`);
  }
}

const textOf = (path) =>
  typeof path === 'string' ? resolve(path) : path instanceof URL ? path.pathname : String(path);
const bytesOf = (data) =>
  typeof data === 'string'
    ? Buffer.from(data)
    : ArrayBuffer.isView(data)
      ? Buffer.from(data.buffer, data.byteOffset, data.byteLength)
      : Buffer.alloc(0);
const half = (bytes) => bytes.subarray(0, Math.floor(bytes.length / 2));

/** Keeps the books on what is not synced. */
function noteDone(name, path, args) {
  if (name === 'rename') moved(path, textOf(args[1]));
  else if (name === 'copyFile') dirty.add(textOf(args[1]));
  else if (name === 'writeFile' || name === 'appendFile') dirty.add(path);
}

function wrapByPath(name, kind) {
  const real = promises[name];
  promises[name] = async (target, ...args) => {
    const handleOrPath =
      typeof target === 'object' && target !== null && 'fd' in target ? (paths.get(target) ?? '') : textOf(target);
    // What counts for a copy or a rename is where it goes.
    const path = name === 'copyFile' || name === 'rename' ? textOf(args[0]) : handleOrPath;
    const tear = () => {
      if (name === 'writeFile') original.writeFileSync(path, half(bytesOf(args[0])));
      if (name === 'copyFile') original.writeFileSync(path, half(original.readFileSync(target)));
    };
    const error = passes(kind, name, path, { tear });
    if (error !== undefined) throw error;
    const result = await real.call(promises, target, ...args);
    noteDone(name, handleOrPath, [target, ...args]);
    return result;
  };
}

/** Handle -> path. */
const paths = new WeakMap();

function wrapOpen() {
  const real = promises.open;
  promises.open = async (target, flags = 'r', ...rest) => {
    const path = textOf(target);
    const error = passes(isReading(flags) ? 'open' : 'create', 'open', path);
    if (error !== undefined) throw error;
    const handle = await real.call(promises, target, flags, ...rest);
    paths.set(handle, path);
    if (!isReading(flags)) dirty.add(path);
    return handle;
  };
}

const { O_CREAT, O_TRUNC, O_WRONLY } = fs.constants;
const isReading = (flags) =>
  typeof flags === 'number'
    ? (flags & (O_CREAT | O_TRUNC | O_WRONLY)) === 0
    : flags === 'r' || flags === 'r+' || flags === undefined;

async function wrapHandles() {
  const handle = await promises.open('/dev/null', 'r');
  const prototype = Object.getPrototypeOf(handle);
  await handle.close();
  for (const [name, kind] of Object.entries(BY_HANDLE)) {
    const real = prototype[name];
    prototype[name] = async function (...args) {
      const path = paths.get(this) ?? '';
      const tear = () => {
        const bytes = half(Array.isArray(args[0]) ? Buffer.concat(args[0].map(bytesOf)) : bytesOf(args[0]));
        if (kind === 'write' && bytes.length > 0)
          original.writeSync(this.fd, bytes, 0, bytes.length, typeof args[3] === 'number' ? args[3] : null);
      };
      const error = passes(kind, name === 'sync' ? 'fsync' : name, path, { hasPath: false, tear });
      if (error !== undefined) throw error;
      const result = await real.apply(this, args);
      if (name === 'sync' || name === 'datasync') dirty.delete(path);
      else if (kind === 'write' && path !== '') dirty.add(path);
      return result;
    };
  }
}

/** The callback functions that streams use. */
function wrapStreams() {
  const files = new Map();
  const { open, read, write, writev, close } = original;
  const fails = (error, callback) => (error === undefined ? false : (process.nextTick(callback, error), true));
  fs.open = (target, ...rest) => {
    const callback = rest.at(-1);
    const path = textOf(target);
    const flags = rest.length > 1 ? rest[0] : 'r';
    if (fails(passes(isReading(flags) ? 'open' : 'create', 'open', path), callback)) return;
    open(target, ...rest.slice(0, -1), (error, fd) => {
      if (error === null) files.set(fd, path);
      if (error === null && !isReading(flags)) dirty.add(path);
      callback(error, fd);
    });
  };
  fs.read = (fd, ...rest) => {
    if (!fails(passes('read', 'read', files.get(fd) ?? '', { hasPath: false }), rest.at(-1))) read(fd, ...rest);
  };
  fs.write = (fd, ...rest) => {
    const path = files.get(fd) ?? '';
    const tear = () => original.writeSync(fd, half(bytesOf(rest[0])));
    if (fails(passes('write', 'write', path, { hasPath: false, tear }), rest.at(-1))) return;
    if (path !== '') dirty.add(path);
    write(fd, ...rest);
  };
  fs.writev = (fd, ...rest) => {
    const path = files.get(fd) ?? '';
    if (fails(passes('write', 'writev', path, { hasPath: false }), rest.at(-1))) return;
    if (path !== '') dirty.add(path);
    writev(fd, ...rest);
  };
  fs.close = (fd, ...rest) => {
    files.delete(fd);
    close(fd, ...rest);
  };
}

if (isMainThread) {
  wrapOpen();
  for (const [name, kind] of Object.entries(BY_PATH)) wrapByPath(name, kind);
  await wrapHandles();
  wrapStreams();
  // What is imported by name sees these too.
  syncBuiltinESMExports();
}

/** Arms the n-th call (from 1) below the roots; with `at` 0 calls are only counted. */
export function arm(plan) {
  armed = plan;
  seen = 0;
  fired = undefined;
  badInode = plan.badFile === undefined ? undefined : original.statSync(plan.badFile).ino;
  dirty.clear();
}

/** @returns how many calls counted, and which one got the fault */
export function disarm() {
  armed = undefined;
  return { seen, fired };
}

const asked = process.env.RELEASE_PLAN_TEST_FAULT;
if (asked !== undefined && isMainThread) {
  delete process.env.RELEASE_PLAN_TEST_FAULT;
  arm(JSON.parse(asked));
}
