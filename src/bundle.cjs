/**
 * Loads dist/bundle/cli.cjs with V8's code cache. Plain JavaScript beside the
 * launcher, which uses it before anything else is there; CommonJS, since to
 * import them Node.js makes a module of each of its own parts that is named.
 */
const { readFileSync, writeFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const { join } = require('node:path');
const { pathToFileURL } = require('node:url');
const { Script } = require('node:vm');
const zlib = require('node:zlib');

/** Length of the digest that the bundle begins with, in a comment. */
const ID_LENGTH = 16;
/** Length of the CRC-32 that a cache ends with. */
const CRC_BYTES = 4;

/**
 * Loads the program. The cache has the bundle's digest in its name, so that it
 * is of this bundle or not there; V8 refuses one that another release of V8
 * made. Without a cache the program is compiled, which takes some 20 ms.
 *
 * @param {string} folder that the build has put it into
 * @returns the program; the script that it is, and where its cache belongs
 */
function loadBundle(folder) {
  const file = join(folder, 'cli.cjs');
  const source = readFileSync(file, 'latin1');
  const cacheFile = join(folder, `${source.slice(2, 2 + ID_LENGTH)}.cache`);
  const script = new Script(source, { filename: file, cachedData: readCache(cacheFile) });
  const module = { exports: {} };
  script.runInThisContext()(module.exports, createRequire(file), module, pathToFileURL(file).href);
  return { main: module.exports.main, script, cacheFile };
}

/** Writes what V8 has compiled of a script by now; nothing where it could not be told whole from damaged. */
function writeCache(file, script) {
  if (zlib.crc32 === undefined) return;
  const code = script.createCachedData();
  const crc = Buffer.alloc(CRC_BYTES);
  crc.writeUInt32LE(zlib.crc32(code));
  writeFileSync(file, Buffer.concat([code, crc]));
}

/**
 * A cache as it was written, or undefined. V8 looks at the length alone:
 * measured with Node.js 20, one wrong byte ends the process by SIGSEGV.
 */
function readCache(file) {
  try {
    const bytes = readFileSync(file);
    const code = bytes.subarray(0, -CRC_BYTES);
    // Node.js before 20.15 has no crc32.
    return zlib.crc32?.(code) === bytes.readUInt32LE(code.length) ? code : undefined;
  } catch {
    return undefined;
  }
}

module.exports = { loadBundle, writeCache };
