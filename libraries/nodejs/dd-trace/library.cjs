'use strict'

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

// A native module that is cut off is no error to dlopen, which maps it, but a SIGBUS once the rest is used. An error is
// what the library expects of one that does not load.
function refuseCutModules () {
  const load = Module._extensions['.node']
  Module._extensions['.node'] = (module, file) => {
    if (file.startsWith(__dirname + path.sep)) {
      const head = Buffer.alloc(4096)
      const fd = fs.openSync(file)
      fs.readSync(fd, head)
      const { size } = fs.fstatSync(fd)
      fs.closeSync(fd)
      if (size < endOfSegments(head)) throw new Error(`${file} is cut off`)
    }
    return load(module, file)
  }
}

// dd-trace reads the file of an integration when the application loads what it is for, which would get its errors.
function keepErrorsFromTheApplication () {
  const hooks = require('./node_modules/dd-trace/packages/datadog-instrumentations/src/helpers/hooks')
  for (const [name, hook] of Object.entries(hooks)) {
    const load = hook.fn || hook
    const safe = () => {
      try {
        load()
      } catch (error) {
        console.error(`${__dirname} does not trace ${name}: ${String(error && error.message).split('\n')[0]}`)
      }
    }
    if (hook.fn) hook.fn = safe
    else hooks[name] = safe
  }
}

// An agent that never answers would keep a process that is done: a request that times out is followed by the next. So
// none of them counts as the application's work, and at the end they get two seconds.
function boundTheEnd () {
  const { httpAgent, httpsAgent } = require('./node_modules/dd-trace/packages/dd-trace/src/exporters/common/agents')
  const agents = [httpAgent, httpsAgent]
  for (const agent of agents) {
    const { createConnection, reuseSocket } = agent
    agent.createConnection = (...given) => createConnection.apply(agent, given).unref()
    agent.reuseSocket = (socket, request) => {
      reuseSocket.call(agent, socket, request)
      socket.unref()
    }
  }
  process.once('beforeExit', () => {
    const end = Date.now() + 2000
    const waiting = setInterval(() => {
      if (Date.now() > end || agents.every((agent) => Object.keys(agent.sockets).length === 0)) clearInterval(waiting)
    }, 10)
  })
}

module.exports = {
  package: 'dd-trace',
  rivals: ['dd-trace'],
  start (hooks) {
    refuseCutModules()
    keepErrorsFromTheApplication()
    boundTheEnd() // init sends already
    // Nothing is returned where init steps aside; then there is nothing to hook ES modules for.
    if (require('dd-trace/init') && hooks) require('dd-trace/register')
  }
}
