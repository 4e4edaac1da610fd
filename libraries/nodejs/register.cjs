'use strict'

// NODE_OPTIONS has every Node.js process --require this file; library.cjs beside it says what it starts. Nothing that
// happens here may reach the application: whatever does not fit steps aside. The syntax is that of Node.js 8.

const Module = require('module')
const path = require('path')

function fits (range) {
  const floor = /^>=(\d+)(?:\.(\d+))?(?:\.(\d+))?$/.exec(range)
  const own = process.versions.node.split('.').map(Number)
  for (let i = 0; floor && i < 3; i++) {
    const wanted = Number(floor[i + 1] || 0)
    if (own[i] !== wanted) return own[i] > wanted
  }
  return true
}

// The file that Node.js was asked to run; `node -e` has none, and may have an argument there.
function entryPoint () {
  try {
    return require.resolve(path.resolve(process.argv[1]))
  } catch (error) {
    return path.resolve('[eval]')
  }
}

// Which of these the application would load from somewhere else, if any.
function found (names) {
  const application = Module.createRequire(entryPoint())
  return names.find((name) => {
    try {
      return !application.resolve(name).startsWith(__dirname)
    } catch (error) {
      return error.code !== 'MODULE_NOT_FOUND' // it is there, and exports no entry point
    }
  })
}

// import-in-the-middle takes the builtin that `node -e` begins with for a file, and the process ends.
function repairEval () {
  if (!Module.registerHooks || !process.execArgv.some((argument) => /^(-\w*[ep]|--eval|--print)/.test(argument))) return
  const resolve = (specifier, context, next) => context.parentURL || !Module.isBuiltin(specifier)
    ? next(specifier, context)
    : { url: `node:${specifier.replace(/^node:/, '')}`, format: 'builtin', shortCircuit: true }
  Module.registerHooks({ resolve })
}

function start () {
  const library = require('./library.cjs')
  const needed = require(`./node_modules/${library.package}/package.json`).engines.node
  if (!fits(needed)) return `Node.js ${process.versions.node} is not ${needed}`
  const own = found(library.rivals)
  if (own) return `the application brings ${own}`
  library.start()
  repairEval()
}

// npm and its like start the application as a process of its own: tracing them costs time and shows what nobody wants.
const isPackageManager = /[\\/](npm|npx|yarn|yarnpkg|pnpm|pnpx|corepack)(-cli)?(\.[cm]?js)?$/.test(process.argv[1])
// A thread of Node.js's own, that loader hooks run in, has nothing to trace.
const { isMainThread, isInternalThread } = process.versions.node.startsWith('8.') ? {} : require('worker_threads')

if (!isPackageManager && !isInternalThread) {
  let reason
  try {
    reason = start()
  } catch (error) {
    reason = String(error && error.message).split('\n')[0]
  }
  // Worker threads run this file as well: it is said once.
  if (reason && isMainThread !== false) console.error(`${__dirname} steps aside: ${reason}`)
}
