// For nodejs.sh: has npm install what an image carries, whatever machine it runs on, and gathers the tarballs.
//   node npm-tarballs.cjs portable LOCK            prints the lock with the packages of other platforms made to fit nowhere
//   node npm-tarballs.cjs copy TREE CACHE FOLDER   copies the tarballs of all that npm installed in TREE from its cache
'use strict'

const { createHash } = require('crypto')
const fs = require('fs')
const path = require('path')

const read = (...parts) => JSON.parse(fs.readFileSync(path.join(...parts), 'utf8'))

// An image serves Linux on x86-64 with either libc.
const names = (list, own) => !list || list.includes(own) || list.every((name) => name[0] === '!' && name !== `!${own}`)

function portable (lock) {
  for (const entry of Object.values(lock.packages)) {
    if (names(entry.os, 'linux') && names(entry.cpu, 'x64')) delete entry.os
    else entry.os = ['none']
    delete entry.cpu
    delete entry.libc
    delete entry.engines // an optional package that the Node.js of this machine is too old for
  }
  return JSON.stringify(lock)
}

// npm keeps what it downloaded by its digest.
function tarball (place, integrity, cache) {
  const expected = /^sha512-(\S+)$/.exec(integrity)
  if (!expected) throw new Error(`${place}: the lock has no SHA-512`)
  const digest = Buffer.from(expected[1], 'base64').toString('hex')
  const bytes = fs.readFileSync(
    path.join(cache, '_cacache/content-v2/sha512', digest.slice(0, 2), digest.slice(2, 4), digest.slice(4)))
  if (createHash('sha512').update(bytes).digest('hex') !== digest) throw new Error(`${place}: npm's cache is damaged`)
  return bytes
}

const [command, from, cache, folder] = process.argv.slice(2)
if (command === 'portable') {
  console.log(portable(read(from)))
} else {
  for (const [place, { integrity }] of Object.entries(read(from, 'node_modules/.package-lock.json').packages)) {
    const to = path.join(folder, `${place}.tgz`)
    fs.mkdirSync(path.dirname(to), { recursive: true })
    fs.writeFileSync(to, tarball(place, integrity, cache))
  }
}
