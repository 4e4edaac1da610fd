'use strict'

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
    keepErrorsFromTheApplication()
    boundTheEnd() // init sends already
    // Nothing is returned where init steps aside; then there is nothing to hook ES modules for.
    if (!require('dd-trace/init') || !hooks) return
    const { refuseEmpty } = require('./whole.cjs')
    refuseEmpty(require.resolve('dd-trace/packages/datadog-instrumentations/src/helpers/rewriter/loader.mjs'))
    require('dd-trace/register')
  }
}
