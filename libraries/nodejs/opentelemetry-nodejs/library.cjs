'use strict'

const { createRequire, register } = require('module')

const name = '@opentelemetry/auto-instrumentations-node'
// What the library itself depends on.
const inner = (request) => createRequire(require.resolve(name))(request)

// ES modules that can be instrumented come with Node.js or lie in node_modules; the application's own are left alone.
const hooked = { include: [/^node:/, /\/node_modules\//] }

function hookImports () {
  const { supportsSyncHooks, register: registerHooks } = require('import-in-the-middle/register-hooks.mjs')
  if (supportsSyncHooks()) registerHooks(hooked)
  else register('import-in-the-middle/hook.mjs', `file://${__filename}`, { data: hooked })
}

// The library's own default is to ask the metadata services of four clouds, which warns where there are none.
function detectors () {
  if (process.env.OTEL_NODE_RESOURCE_DETECTORS) return require(name).getResourceDetectors()
  const { containerDetector } = inner('@opentelemetry/resource-detector-container')
  const { envDetector, hostDetector, osDetector, processDetector, serviceInstanceIdDetector } = inner('@opentelemetry/resources')
  return [envDetector, hostDetector, osDetector, processDetector, serviceInstanceIdDetector, containerDetector]
}

// By default the library sends metrics and logs too; here traces alone, as from every other language, unless a variable
// asks for more.
function alsoSent () {
  const { OTEL_METRICS_EXPORTER: metrics, OTEL_LOGS_EXPORTER: logs } = process.env
  return { ...(metrics ? {} : { metricReaders: [] }), ...(logs ? {} : { logRecordProcessors: [] }) }
}

// The library's own register module would keep SIGTERM from ending a process that does not listen for it, and a process
// that is done for as long as it retries to reach a collector.
function sendLast (sdk) {
  const before = (event, end) => process.once(event, () => {
    const sent = sdk.shutdown().catch(() => {})
    if (process.listenerCount(event)) return // then the application says when it ends
    const late = new Promise((resolve) => setTimeout(resolve, 2000))
    Promise.race([sent, late]).then(end)
  })
  before('beforeExit', () => process.exit())
  before('SIGTERM', () => process.kill(process.pid, 'SIGTERM'))
}

// An export that has begun is not the application's work, and keeps no process that is done.
function leaveUncounted () {
  require('diagnostics_channel').subscribe('http.client.request.start', ({ request }) => {
    if (!/OTel-OTLP-Exporter/.test(request.getHeader('user-agent'))) return
    if (request.socket) request.socket.unref()
    else request.once('socket', (socket) => socket.unref())
  })
}

// The pauses between its attempts count; so they end, with a collector that refuses, after 2 s and not after ten.
function withTimeout (start) {
  const name = 'OTEL_EXPORTER_OTLP_TIMEOUT'
  if (process.env[name]) return start()
  process.env[name] = '2000'
  start()
  delete process.env[name] // child processes have the user's
}

module.exports = {
  package: name,
  rivals: ['node', 'trace-node', 'trace-base', 'trace'].map((part) => `@opentelemetry/sdk-${part}`),
  start (hooks) {
    const { NodeSDK } = inner('@opentelemetry/sdk-node')
    if (hooks) hookImports()
    const instrumentations = [require(name).getNodeAutoInstrumentations()]
    withTimeout(() => {
      const sdk = new NodeSDK({ instrumentations, resourceDetectors: detectors(), ...alsoSent() })
      sdk.start()
      sendLast(sdk)
    })
    leaveUncounted()
  }
}
