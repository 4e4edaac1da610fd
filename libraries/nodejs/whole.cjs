'use strict'

// Makes an error of what a damaged file of ours would be without one: a library expects errors of what it loads.

const fs = require('fs')
const Module = require('module')
const path = require('path')

// Where the last segment of an ELF file ends, by its header and its program headers.
function endOfSegments (head) {
  let end = 0n
  for (let i = 0; i < head.readUInt16LE(56); i++) {
    const at = Number(head.readBigUInt64LE(32)) + 56 * i
    if (at + 56 > head.length) break
    const own = head.readBigUInt64LE(at + 8) + head.readBigUInt64LE(at + 32)
    if (own > end) end = own
  }
  return end
}

// dlopen maps what is cut off as if it were whole, and the first use of the rest is a SIGBUS.
function refuseCut (file) {
  const head = Buffer.alloc(4096)
  const fd = fs.openSync(file)
  fs.readSync(fd, head)
  const { size } = fs.fstatSync(fd)
  fs.closeSync(fd)
  if (size < endOfSegments(head)) throw new Error(`${file} is cut off`)
}

// An empty file is a module like any other, until something is missed that it had.
function refuseEmpty (file) {
  if (fs.statSync(file).size === 0) throw new Error(`${file} is empty`)
}

for (const [ending, refuse] of [['.js', refuseEmpty], ['.node', refuseCut]]) {
  const load = Module._extensions[ending]
  Module._extensions[ending] = function (module, file) {
    if (file.startsWith(__dirname + path.sep)) refuse(file)
    return load.apply(this, arguments)
  }
}

module.exports = { refuseEmpty }
