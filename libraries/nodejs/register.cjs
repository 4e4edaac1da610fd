'use strict'

// NODE_OPTIONS has every Node.js process --require this file; library.cjs beside it says what it starts. Nothing that
// happens here may reach the application: whatever does not fit steps aside. The syntax is that of Node.js 8.

const Module = require('module')
const fs = require('fs')
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

// Files whose packages may be the application's: what Node.js was asked to run, what pm2 was (which runs it by a file of
// its own), and one in the working directory, for a launcher that is not known here.
function places () {
  const { pm_exec_path: forked, pm2_env: clustered } = process.env
  const asked = [process.argv[1], forked, clustered && JSON.parse(clustered).pm_exec_path]
  return asked.filter(Boolean).map(real).concat(path.resolve('[eval]'))
}

function real (file) {
  try {
    return require.resolve(path.resolve(file))
  } catch (error) {
    return path.resolve(file) // an argument of something that is no file
  }
}

// The file by which Yarn's Plug'n'Play finds the packages of what lies below it.
function plugAndPlayAbove (place) {
  const folder = path.dirname(place)
  const file = path.join(folder, '.pnp.cjs')
  return fs.existsSync(file) ? file : folder === place ? undefined : plugAndPlayAbove(folder)
}

// Plug'n'Play replaces what import hooks would send every require to.
function isPlugAndPlay (place) {
  const preloads = process.execArgv.concat(process.env.NODE_OPTIONS)
  return process.versions.pnp || preloads.some((text) => /\.pnp\.c?js/.test(text)) || plugAndPlayAbove(place)
}

// Plug'n'Play that has not begun yet knows it all the same; then its file must run again, as the preload that it is.
function resolve (name, place) {
  const file = !process.versions.pnp && plugAndPlayAbove(place)
  if (!file) return Module.createRequire(place).resolve(name)
  const api = require(file)
  delete require.cache[file]
  return api.resolveRequest(name, place)
}

// Which of these the application would load from somewhere else, if any.
function found (names, place) {
  return names.find((name) => {
    try {
      return !resolve(name, place).startsWith(__dirname + path.sep)
    } catch (error) {
      // Else it is there, and exports no entry point. What may not be read, the application cannot load either.
      return error.code !== 'MODULE_NOT_FOUND' && error.code !== 'ERR_ACCESS_DENIED'
    }
  })
}

function start () {
  // Alone, this file is what stands in for a library that could not be installed.
  if (!fs.existsSync(path.join(__dirname, 'library.cjs'))) return 'it is not installed, and the log of the init container says why'
  const library = require('./library.cjs')
  const needed = require(`./node_modules/${library.package}/package.json`).engines.node
  if (!fits(needed)) return `Node.js ${process.versions.node} is not ${needed}`
  const wheres = places()
  const own = wheres.map((place) => found(library.rivals, place)).find(Boolean)
  if (own) return `the application brings ${own}`
  require('./whole.cjs') // for all that is loaded from here on
  library.start(!isPlugAndPlay(wheres[0]))
}

// npm, pm2 and their like start the application as a process of its own: tracing them costs time and shows what nobody
// wants. So it is with what dies young: `node -e`, a probe's and a build tool's.
const names = 'npm|npx|yarn|yarnpkg|pnpm|pnpx|pn|pnx|corepack|nodemon|tsx|pm2|pm2-dev|pm2-docker|pm2-runtime'
const launchers = [
  new RegExp(`[\\\\/](${names})(-cli|-berry|-v?\\d[\\w.+-]*)?(\\.[cm]?js)?$`), // .yarn/releases/yarn-4.9.2.cjs
  /[\\/](pm2[\\/]lib[\\/]Daemon\.js|tsx[\\/]dist[\\/]cli\.mjs)$/
]
const isLauncher = launchers.some((pattern) => pattern.test(process.argv[1]))
const isEvaluated = process.execArgv.some((argument) => /^(-\w*[ep]|--eval|--print)/.test(argument))
// A thread of Node.js's own, that loader hooks run in, has nothing to trace.
const { isMainThread, isInternalThread } = process.versions.node.startsWith('8.') ? {} : require('worker_threads')

if (!isLauncher && !isEvaluated && !isInternalThread) {
  let reason
  try {
    reason = start()
  } catch (error) {
    reason = String(error && error.message).split('\n')[0]
  }
  // Worker threads run this file as well: it is said once.
  if (reason && isMainThread !== false) console.error(`${__dirname} steps aside: ${reason}`)
}
